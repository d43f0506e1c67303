"""Class mode: a named address with two doors, one for the teacher and one for everybody who has the code."""

import http.client
import io
import json
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from websockets.sync.client import connect

from .serving import DEADLINE, environment, serving
from .test_guard import HOSTILE, refused

ADDRESS = "127.0.0.2"


class School:
    """A server in class mode, spoken to at its named address."""

    def __init__(self, server):
        self.server, self.port, self.host = server, server.port, f"{ADDRESS}:{server.port}"
        end = time.monotonic() + DEADLINE
        while "once:" not in server.log:
            assert time.monotonic() < end, server.log
            time.sleep(0.02)
        self.join, self.code = re.search(r"join at (\S+)\s+code (\S+)", server.log).groups()
        self.enter = re.search(r"once: (\S+)", server.log)[1]

    def ask(self, path, method="GET", *, at=ADDRESS, come="127.0.0.1", body=None, **headers):
        """(status, headers, body); `come`: the address that the request comes from."""
        line = http.client.HTTPConnection(at, self.port, timeout=DEADLINE, source_address=(come, 0))
        try:
            line.putrequest(method, path, skip_host=True)
            given = {"Host": f"{at}:{self.port}", **headers}
            if body is not None:
                given["Content-Length"] = str(len(body))
            for name, value in given.items():
                if value is not None:
                    line.putheader(name.replace("_", "-"), value)
            line.endheaders(body)
            answer = line.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode("utf-8", "replace")
        finally:
            line.close()

    def take_seat(self, code=None, come="127.0.0.1", world=1, **about):
        """(status, headers, body) of the form."""
        body = json.dumps({"code": self.code if code is None else code, **about}).encode()
        return self.ask(f"/join/{world}/seat", "POST", come=come, body=body, Origin=f"http://{self.host}")

    def handshake(self, path, **headers):
        given = {"Host": self.host, "Origin": f"http://{self.host}", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers}  # fmt: skip
        return self.ask(path, **given)[0]


@pytest.fixture(scope="module")
def school():
    with serving("--class", "--host", ADDRESS, "--yes", HOST="0.0.0.0") as server:
        yield School(server)


def kernel():
    return f"/jupyter/api/kernels/{uuid.uuid4()}/channels?session_id={uuid.uuid4()}"


# ------------------------------------------------------------------------------- who may talk at all

FOREIGN = {**HOSTILE, "loopback": {"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:{port}"},
           "a page of loopback": {"Origin": "http://127.0.0.1:{port}"}}  # fmt: skip


@pytest.mark.parametrize("path", ["kernel", "/join/1/line"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_hostile_websocket_is_refused_at_the_named_address_too(school, kind, path):
    headers = {name: value and value.format(port=school.port) for name, value in FOREIGN[kind].items()}
    assert school.handshake(kernel() if path == "kernel" else path, **headers) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:{port}", None])
def test_a_foreign_page_takes_no_seat_even_with_the_code(school, origin):
    body = json.dumps({"code": school.code}).encode()
    headers = {"Origin": origin and origin.format(port=school.port)}
    assert school.ask("/join/1/seat", "POST", body=body, **headers)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:{port}", "localhost:{port}", "127.0.0.2", None])
@pytest.mark.parametrize("path", ["/", "/join/1", "/enter?token=x"])
def test_a_request_under_another_name_is_refused(school, path, host):
    assert school.ask(path, Host=host and host.format(port=school.port))[0] in (400, 403)


def test_loopback_does_not_answer_to_the_named_address(school):
    assert school.ask("/", at="127.0.0.1", Host=school.host)[0] == 403
    assert school.ask("/", at="127.0.0.1")[0] == 200


CLOSED = ["/", "/home", "/lab", "/play", "/structure", "/readyz", "/static/assets/custom.js", "/jupyter/api/kernels/x",
          "/_solara/cdn/x", "/join", "/anything"]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
def test_without_the_token_there_is_nothing_but_the_seats(school, path):
    assert school.ask(path)[0] == 403
    status, headers, _body = school.take_seat(come="127.0.0.77")
    seat = headers.get("set-cookie", "").split(";")[0]
    assert status == 200 and school.ask(path, Cookie=seat)[0] == 403  # a seat opens no more than that
    assert school.handshake(kernel(), Cookie=seat) == 403
    with connect(f"ws://{school.host}/join/1/line", origin=f"http://{school.host}", proxy=None,
                 additional_headers={"Cookie": seat}) as line:  # fmt: skip
        line.send(json.dumps({"do": "leave"}))
        while json.loads(line.recv(timeout=DEADLINE))["phase"] != "gone":
            pass
    assert school.handshake("/join/1/line", Cookie=seat) == 403  # the seat is given back


@pytest.mark.parametrize("way", ["../", "%2e%2e/", "..%2f", "....//", "%2e%2e%2f"])
@pytest.mark.parametrize("folder", ["/join", "/join/1", "/join/phone.js"])
def test_no_way_leads_out_of_the_seats(school, folder, way):
    for target in ("etc/passwd", "pyproject.toml", "phone/phone.html", "lab"):
        status, _headers, body = school.ask(f"{folder}/{way * 6}{target}")
        assert status in (403, 404) and "root:" not in body and "coop_abm" not in body


# ------------------------------------------------------------------------------- seats


def test_the_page_to_join_at_is_small_and_keeps_to_itself(school):
    status, headers, body = school.ask("/join/1")
    assert status == 200 and "solara" not in body and len(body) < 1500
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY" and headers["referrer-policy"] == "same-origin"
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", body)
    assert school.code.replace("-", "") not in body


def test_the_cookie_of_a_seat_is_for_this_seat_alone(school):
    status, headers, _body = school.take_seat(come="127.0.0.78", name="Eve")
    cookie = headers["set-cookie"]
    assert status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/join/1" in cookie
    seat = cookie.split(";")[0]
    assert json.loads(school.ask("/join/1/seat", Cookie=seat)[2])["seat"] is True
    assert json.loads(school.ask("/join/1/seat", Cookie=seat[:-1] + "x")[2])["seat"] is False
    body = json.dumps({"code": "nonsense"}).encode()  # who has a seat needs no code to have it again
    again = school.ask("/join/1/seat", "POST", body=body, Origin=f"http://{school.host}", Cookie=seat)
    assert again[0] == 200 and "set-cookie" not in again[1]


def test_a_wrong_code_and_a_world_that_is_not_there_are_answered_alike(school):
    come = "127.0.0.79"
    answers = {school.take_seat(code, come=come, world=world)[0::2] for code, world in
               (("AAAAAA", 1), ("", 1), (school.code[:-1], 1), (None, 2), ("AAAAAA", 999))}  # fmt: skip
    assert len(answers) == 1 and next(iter(answers))[0] == 403


def test_wrong_codes_are_limited_and_the_right_one_waits_as_well(school):
    come = "127.0.0.80"
    statuses = [school.take_seat("AAAAAA", come=come)[0] for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    status, _headers, body = school.take_seat(come=come)
    assert status == 429 and "Wait a minute" in body
    assert school.take_seat(come="127.0.0.81")[0] == 200  # others go on


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 1900, b"x" * 5000, b'{"code": {"a": 1}}', b"\xff\xfe"])
def test_a_form_that_makes_no_sense_is_a_wrong_code(school, body):
    status = school.ask("/join/1/seat", "POST", come="127.0.0.82", body=body, Origin=f"http://{school.host}")[0]
    assert status == 403


def test_a_line_that_says_nonsense_is_not_heard(school):
    seat = school.take_seat(come="127.0.0.83")[1]["set-cookie"].split(";")[0]
    with connect(f"ws://{school.host}/join/1/line", origin=f"http://{school.host}", proxy=None,
                 additional_headers={"Cookie": seat}) as line:  # fmt: skip
        for word in ("", "{", "[]", "1", '{"do": "decide", "key": true, "action": 1}', '{"do": "decide"}', "[" * 1900,
                     '{"do": "bet", "bet": {"most": 1}}', '{"do": "end"}', '{"do": "start"}'):  # fmt: skip
            line.send(word)
        line.send(json.dumps({"do": "bet", "bet": "few"}))
        while (told := json.loads(line.recv(timeout=DEADLINE)))["bet"] != "few":
            pass
        assert told["phase"] == "gathering"


# ------------------------------------------------------------------------------- the teacher


def test_the_token_is_a_cookie_once_and_nothing_afterwards():
    with serving("--class", "--host", ADDRESS, "--yes") as server:
        school = School(server)
        path = school.enter.removeprefix(f"http://{school.host}")
        assert school.ask("/enter?token=wrong")[0] == 403 and school.ask("/enter")[0] == 403
        status, headers, body = school.ask(path)
        assert (status, headers["location"], body) == (303, "/play", "")
        assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert school.enter.split("token=")[1] not in cookie
        known = cookie.split(";")[0]
        assert school.ask("/lab", Cookie=known)[0] == 200
        assert school.handshake(kernel(), Cookie=known) == 101
        assert school.handshake(kernel(), Cookie=known, Origin="http://evil.example") == 403
        assert school.ask(path)[0] == 403 and school.ask(path, Cookie=known)[0] == 303
        assert school.ask("/", Cookie=known.split("=")[0] + "=x")[0] == 403
        server.interrupt()
        assert server.log.count(school.enter.split("token=")[1]) == 1  # where it was told, and nowhere else


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--host", "0.0.0.0"], "0.0.0.0 means many"), (["--host", "127.0.0.1"], "this machine alone"),
     (["--host", "school.example"], "must be an address such as"), (["--host", "192.0.2.77"], "cannot be used")],
)  # fmt: skip
def test_only_one_named_address_of_this_machine_is_served(words, said):
    assert said in refused("--class", "--yes", "--port", "0", *words)


def test_the_host_goes_with_class_mode_alone():
    assert "go with --class" in refused("--host", ADDRESS)


@pytest.mark.parametrize("said", ["n\n", ""])
def test_class_mode_asks_first_and_anything_but_yes_ends_it(said):
    words = ["--class", "--host", ADDRESS, "--port", "0", "--no-browser"]
    done = subprocess.run(
        [sys.executable, "-m", "coop_abm.cli", "dashboard", *words],
        env=environment(), capture_output=True, text=True, timeout=DEADLINE, input=said,
    )  # fmt: skip
    assert done.returncode == 2 and "Go on? [y/N]" in done.stdout and ADDRESS in done.stdout
    assert "dashboard is at" not in done.stdout and "Traceback" not in done.stderr


def test_nothing_but_the_two_addresses_listens(school):
    table = Path("/proc/net/tcp").read_text() if sys.platform == "linux" else ""
    listening = {row.split()[1] for row in table.splitlines()[1:] if row.split()[3] == "0A"}
    here = {a for a in listening if a.endswith(f":{school.port:04X}")}
    assert here in ({f"0100007F:{school.port:04X}", f"0200007F:{school.port:04X}"}, set())


# ------------------------------------------------------------------------------- three browsers


def read_off(page):
    """What a phone reads that is held before the screen."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    return found.text


def joined(page, school, name):
    page.wait_for_selector("input.code")
    if not page.input_value("input.code"):
        page.fill("input.code", school.code.lower())
    page.fill("input[name=name]", name)
    page.click("button.main")
    page.wait_for_selector("[data-bet]")


def decided(page, act):
    """Every decision of one turn."""
    many = int(re.search(r"of (\d+)", page.inner_text(".choice >> xpath=../p"))[1])
    for number in range(1, many + 1):
        page.wait_for_function(
            "n => document.querySelector('.panel .muted')?.innerText.includes('decision ' + n + ' of')", arg=number
        )
        page.click(f".choice [data-act='{act}']")


def test_a_class_plays_a_round_and_the_teacher_sees_it(browser, visit, picture):
    with serving("--class", "--host", ADDRESS, "--yes") as server:
        school = School(server)
        teacher = visit(school.enter)
        teacher.wait_for_selector("[data-part=code]")
        assert teacher.inner_text("[data-part=code]") == school.code
        assert teacher.inner_text("[data-part=address]") == school.join
        teacher.click("[data-do=scan]")
        picture(teacher, "class_scan")
        scanned = read_off(teacher)
        assert scanned == f"{school.join}#{school.code}"
        teacher.click("[data-do=scan]")
        phones = [visit(at, width=360, height=740, dark=k == 1) for k, at in enumerate((school.join, scanned))]
        picture(phones[0], "class_phone_form")
        phones[1].wait_for_selector("input.code")
        assert phones[1].input_value("input.code") == school.code
        assert phones[1].url == school.join  # a link that is passed on does not hold the code
        for phone, name in zip(phones, ("Ada", "<img src=x onerror=boom()>"), strict=True):
            joined(phone, school, name)
            phone.click("[data-bet=most]")
        teacher.wait_for_function("document.querySelector('[data-part=tally] .coop-figure').innerText === '2'")
        assert teacher.locator(".coop-people img").count() == 0  # a name is text
        teacher.click("[data-do=start]")
        for phone in phones:
            phone.wait_for_selector(".choice button:enabled")
            assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        decided(phones[0], 0)
        teacher.wait_for_selector(".coop-people li.done")
        assert teacher.inner_text("[data-part=round]") == "Round 1 of 10"
        picture(teacher, "class_teacher_waits")
        decided(phones[1], 1)
        teacher.wait_for_function("document.querySelector('[data-part=round]').innerText === 'Round 2 of 10'")
        expect(teacher.locator(".coop-curve circle")).to_have_count(1)
        phones[1].wait_for_selector(".dot.refused")
        phones[0].reload()  # and has its seat again
        phones[0].wait_for_selector(".choice button:enabled")
        picture(phones[0], "class_phone")
        picture(phones[1], "class_phone_dark")
        for path in ("/", "/lab", "/play"):
            assert phones[0].request.get(f"http://{school.host}{path}").status == 403
        teacher.click("[data-do=end]")
        phones[0].wait_for_selector("text=The end")
        teacher.wait_for_selector("[data-do=again]")
        picture(teacher, "class_teacher_over")
        assert school.take_seat(come="127.0.0.90")[0] == 403  # the code died with the world
        teacher.click("[data-do=again]")
        teacher.wait_for_function("document.querySelector('[data-part=address]')?.innerText.endsWith('/join/2')")
