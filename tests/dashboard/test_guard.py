"""Nobody but a page of this server drives the dashboard."""

import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coop_abm.dashboard.pages import PAGES

from .serving import DEADLINE, Tab, environment, serving


@pytest.fixture(scope="module")
def server():
    with serving("network", HOST="0.0.0.0") as running:
        yield running


HOSTILE = {
    "another site": {"Origin": "http://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "no origin": {"Origin": None},
    "a foreign host": {"Host": "evil.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a name that begins like ours": {"Origin": "http://localhost.evil.example:{port}"},
    "another scheme": {"Origin": "https://127.0.0.1:{port}"},
    "a rebound name": {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"},
    "the other loopback name": {"Origin": "http://localhost:{port}"},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_websocket_is_refused_before_it_is_accepted(server, kind):
    headers = {name: value and value.format(port=server.port) for name, value in HOSTILE[kind].items()}
    assert server.handshake(**headers) == 403


def test_the_honest_page_gets_its_websocket(server):
    assert server.handshake() == 101
    assert server.handshake(Host=f"localhost:{server.port}", Origin=f"http://localhost:{server.port}") == 101


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
def test_a_foreign_goodbye_is_refused(server, origin):
    headers = {"Origin": origin} if origin else {}
    assert server.ask("/_solara/api/close/some-kernel?session_id=x", "POST", **headers)[0] == 403


def test_an_honest_goodbye_is_heard(server):
    status, _headers, _body = server.ask("/_solara/api/close/some-kernel?session_id=x", "POST",
                                         Origin=f"http://{server.host}")  # fmt: skip
    assert status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "[::1]:{port}"]
)
def test_a_request_under_a_foreign_name_is_refused(server, host):
    assert server.ask("/", Host=host.format(port=server.port))[0] == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_but_get_head_and_goodbye_is_answered(server, method):
    assert server.ask("/", method, Origin="http://evil.example")[0] == 403
    assert server.ask("/", method, Origin=f"http://{server.host}")[0] == 404


def test_the_page_has_headers_that_keep_it_to_itself(server):
    status, headers, _body = server.ask("/")
    assert status == 200
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    cookie = headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "samesite=none" not in cookie


def test_the_page_names_no_other_host(server):
    body = server.ask("/")[2]
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", body)


def test_whatever_the_environment_says_only_the_loopback_address_listens(server):
    table = Path("/proc/net/tcp").read_text() if sys.platform == "linux" else ""
    listening = [row.split()[1] for row in table.splitlines()[1:] if row.split()[3] == "0A"]
    assert [a for a in listening if a.endswith(f":{server.port:04X}")] in ([f"0100007F:{server.port:04X}"], [])


@pytest.mark.parametrize(
    "path", ["/resourcez", "/resourcez?verbose", "/_solara/api/evict/x", "/jupyter/api/kernels/x", "/anything"]
)
def test_pages_that_the_dashboard_does_not_need_are_not_found(server, path):
    assert server.ask(path)[0] == 404
    assert server.ask(path, "POST", Origin=f"http://{server.host}")[0] == 404


@pytest.mark.parametrize(
    "folder", ["/static/public", "/static/assets", "/static", "/jupyter/nbextensions", "/_solara/cdn"]
)
@pytest.mark.parametrize("way", ["../", "%2e%2e/", "..%2f", "....//", "%2e%2e%2f", "/"])
def test_no_way_leads_out_of_the_static_folders(server, folder, way):
    for target in ("etc/passwd", "pyproject.toml", "coop_abm/cli.py"):
        status, _headers, body = server.ask(f"{folder}/{way * 12}{target}")
        assert status in (403, 404)
        assert "root:" not in body and "coop_abm" not in body


def test_an_address_that_is_not_there_leads_to_those_that_are(server):
    for path in ("/nosuchpage", "/lab/", "/<script>alert(1)</script>"):
        status, headers, body = server.ask(path)
        assert status == 404 and headers["content-type"] == "text/html; charset=utf-8"
        assert "frame-ancestors 'none'" in headers["content-security-policy"] and headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
        assert re.findall(r'href="(/[a-z]*)"', body) == [f"/{p.path}" for p in PAGES] and len(PAGES) == 7
        assert "--page: #FAFAF7" in body and "prefers-color-scheme: dark" in body
        assert "alert" not in body and "nosuchpage" not in body and "<script" not in body and "http:" not in body
    assert server.ask("/nosuchpage", "POST", Origin=f"http://{server.host}")[1]["content-type"].startswith("text/plain")
    assert server.ask("/nosuchpage", Host="evil.example")[0] == 403


def test_an_asset_that_is_not_installed_is_not_fetched(server):
    assert server.ask("/_solara/cdn/nothing@1.0.0/dist/nothing.js")[0] == 404


def test_headers_of_a_proxy_are_not_believed(server):
    body = server.ask(
        "/", **{"X-Script-Name": "/evil", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    )[2]
    assert "evil" not in body


SECRET = "sk-canary-0123456789"
FAULTY = """
import solara
from coop_abm.dashboard import serve
@solara.component
def Page():
    here = solara.use_router().search
    key = "KEY"
    if here == "render":
        raise ValueError("the key is " + key)
    if here == "effect":
        solara.use_effect(lambda: 1 / len("") + int(key), [])
    solara.Text("nothing wrong here")
serve(Page, port=0, browser=False)
""".replace("KEY", SECRET)


def test_an_error_is_told_to_the_log_and_not_to_the_browser():
    with serving(code=FAULTY) as server:
        for fault, words in (("render", "Something went wrong"), ("effect", "Something went wrong")):
            tab = Tab(server, fault)
            heard = tab.until(words)
            tab.close()
            for leak in (SECRET, "Traceback", "ValueError", "site-packages", "File "):
                assert leak not in heard, leak
        server.interrupt()
        assert f"the key is {SECRET}" in server.log  # the fault did happen, and the log has it


def test_more_sessions_than_the_server_holds_are_answered_503():
    code = """
from coop_abm.dashboard import guard, page, serve
guard.Guard.__init__.__defaults__ = (2,)
serve(page("network"), port=0, browser=False)
"""
    with serving(code=code) as server:
        tabs = [Tab(server), Tab(server)]
        for tab in tabs:
            tab.until("network reciprocity")
        status, _headers, body = server.ask("/")
        assert status == 503 and "Too many sessions" in body
        assert server.handshake() == 503
        for tab in tabs:
            tab.close()


def test_a_model_of_the_users_own_is_shown_on_a_page_without_a_choice_of_worlds():
    code = """
from coop_abm import lab
from coop_abm.dashboard import page, serve
class Model:
    def __init__(self, scenario, rng):
        self.inner = lab.start(scenario, rng)
        self.step, self.snapshot = self.inner.step, self.inner.snapshot
serve(page(lab.world("kin"), model=Model, seed=4), port=0, browser=False)
"""
    with serving(code=code) as server:
        tab = Tab(server, "scenario=network")
        tab.made("answer")
        for words in ('"groups": []', '"seed": 4', "this page shows one model"):  # widgets come in no promised order
            tab.until(words)
        tab.close()


def test_solara_is_set_to_say_and_fetch_nothing(nobody_reaches_out):
    importlib.import_module("coop_abm.dashboard")  # sets Solara before it is imported
    import solara
    from solara.server import cdn_helper, settings, telemetry

    assert not settings.telemetry.mixpanel_enable and settings.main.mode == "production"
    assert settings.kernel.cull_timeout == "10m"
    telemetry.track("anything")
    with pytest.raises(Exception, match="offline:"):
        cdn_helper.get_data(Path("nowhere"), "package@1/file.js")
    assert solara.settings.assets.cdn == "offline:"


def test_two_tabs_have_worlds_of_their_own(server):
    tabs = [Tab(server, "seed=5"), Tab(server, "seed=6&game__benefit=7")]
    for tab, seed in zip(tabs, (5, 6), strict=True):
        tab.made("answer")
        assert f'"seed": {seed}' in tab.heard
    controls = tabs[0].made("sections")
    tabs[0].tell(controls, "event_change", {"path": "game.benefit", "text": "2.5"})
    tabs[0].until('"value": 2.5')
    tabs[1].tell(tabs[1].made("speedWords"), "event_do", {"do": "step", "steps": 1})
    tabs[1].until('"idle"')
    assert '"value": 2.5' not in tabs[1].heard
    for tab in tabs:
        tab.close()


def test_a_tab_on_a_new_line_outlives_the_end_of_the_old_one():
    code = """
from coop_abm.dashboard import offline, page, serve
offline.SETTINGS["SOLARA_KERNEL_CULL_TIMEOUT"] = "1s"
serve(page("network"), port=0, browser=False)
"""
    with serving(code=code) as server:
        tab = Tab(server)
        controls = tab.made("sections")
        old, tab.line = tab.line, tab.connect()
        tab.tell(controls, "event_change", {"path": "game.benefit", "text": "2.5"})
        tab.until('"value": 2.5')
        old.close()
        time.sleep(3)
        tab.tell(controls, "event_change", {"path": "game.benefit", "text": "3.5"})
        tab.until('"value": 3.5')
        tab.close()


def test_a_word_from_the_browser_that_makes_no_sense_harms_nothing(server):
    tab = Tab(server)
    controls, transport = tab.made("sections"), tab.made("speedWords")
    for path, text in (("kin.relatedness", "9"), ("no.such.knob", "1"), ("players.0.strategy", "x" * 5000), ("", ""),
                       ("size", "1e999"), ("size", "3"), ("__class__", "1")):  # fmt: skip
        tab.tell(controls, "event_change", {"path": path, "text": text})
    for place in (99, "x", None, [], 1e400):
        tab.tell(transport, "event_do", {"do": "speed", "place": place})
    for event in ({}, {"do": 7}, {"do": "look", "time": "x"}, {"do": "open", "body": 3}, {"do": "open", "body": "%"}):
        tab.tell(transport, "event_do", event)
    tab.tell(transport, "no_such_event", {})
    tab.tell(transport, "event_do", {"do": "step", "steps": 10**9})
    tab.tell(controls, "event_change", {"path": "game.benefit", "text": "6.25"})
    tab.until('"value": 6.25')
    for leak in ("Traceback", "site-packages", "Something went wrong"):
        assert leak not in tab.heard
    tab.close()


def test_the_command_ends_when_interrupted_and_says_one_line():
    with serving("kin", "--seed", "4") as server:
        assert server.ask("/")[0] == 200
        tab = Tab(server)  # still open
        tab.tell(tab.made("speedWords"), "event_do", {"do": "play"})
        tab.until('"playing": true')
        assert server.interrupt() in (0, 130)
        assert len(server.log.splitlines()) <= 2 and "Traceback" not in server.log, server.log
        tab.close()


def refused(*words):
    done = subprocess.run(
        [sys.executable, "-m", "coop_abm.cli", "dashboard", "--no-browser", *words],
        env=environment(), capture_output=True, text=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("coop-abm: "), done.stderr
    return done.stderr


def test_a_port_in_use_is_said_in_one_line(server):
    assert f"port {server.port}" in refused("--port", str(server.port))


@pytest.mark.parametrize(
    ("words", "said"),
    [(["nowhere"], "scenario must be"), (["kin", "--kin.relatedness", "9"], "kin.relatedness must be"),
     (["kin", "--port", "99999"], "port must be"), (["kin", "--seed", "-1"], "seed must be")],
)  # fmt: skip
def test_what_cannot_be_served_is_said_before_a_server_starts(words, said):
    assert said in refused(*words)


def test_the_security_policy_is_one_line_without_wildcards():
    from coop_abm.dashboard.guard import security_headers

    headers = security_headers("127.0.0.1:8765")
    assert "*" not in json.dumps(headers) and "\n" not in "".join(headers.values())
