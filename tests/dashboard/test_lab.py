"""The Lab in a real browser, with no road to the internet."""

import http.server
import re
import threading

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def tab(visit, server):
    """A function: query -> the page, its picture drawn."""

    def opened(query=""):
        page = visit(f"{server.url}?{query}" if query else server.url)
        page.wait_for_selector("canvas[aria-label*='percent']")
        return page

    return opened


PIXELS = """() => {
  const c = document.querySelector("canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let hash = 0, blue = 0, orange = 0;
  for (let i = 0; i < d.length; i += 4) {
    hash = (hash * 31 + d[i] * 7 + d[i + 1] * 5 + d[i + 2]) | 0;
    if (d[i] === 0 && d[i + 1] === 0x72 && d[i + 2] === 0xB2) blue++;
    if (d[i] === 0xE6 && d[i + 1] === 0x9F && d[i + 2] === 0) orange++;
  }
  return [hash, blue, orange];
}"""


def pixels(page):
    return page.evaluate(PIXELS)


def generation(page):
    return int(page.locator(".coop-facts b").first.inner_text().replace(",", ""))


def reaches(page, step):
    expect(page.locator(".coop-facts b").first).to_have_text(f"{step:,}", timeout=DEADLINE * 1000)


def do(page, name):
    page.click(f"[data-do={name}]")


def changed(page, before):
    """The picture, once it is another one."""
    page.wait_for_function(f"(before) => ({PIXELS})()[0] !== before", arg=before[0])
    return pixels(page)


def test_the_population_is_really_drawn_and_moves_when_played(tab):
    page = tab()
    _hash, blue, orange = before = pixels(page)
    assert blue > 5000 and orange > 5000
    do(page, "play")
    changed(page, before)
    do(page, "play")
    assert page.locator(".coop-curve path").first.get_attribute("d").count("L") >= 1
    assert "percent" in page.locator("canvas").first.get_attribute("aria-label")


def test_canvas_and_curve_are_above_the_fold(tab):
    page = tab()
    for part in ("canvas", ".coop-curve", "[data-do=play]", ".coop-headline"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800 and box["x"] + box["width"] <= 1280, part
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


CARD = "scenario=network&size=400&update__intensity=0.4&seed=1"  # the world of the card of network reciprocity


def in_sight(page, part):
    """Is it all on the first screen, and inside what it scrolls in?"""
    box = page.locator(part).first.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= 800 and box["x"] + box["width"] <= 1280


def test_what_the_minute_of_a_teacher_needs_is_on_the_first_screen(tab):
    page = tab(f"{CARD}&game__benefit=3")
    expect(page.locator(".coop-word").first).to_have_text("NO")
    expect(page.locator("[data-say=headline]")).to_contain_text("b/c = 3 is below")
    for part in ("[data-mark='game.benefit']", "[data-say=headline]", ".coop-status", "canvas"):
        assert in_sight(page, part), part
    page.locator("[data-do=live]").click()
    page.fill("input[type=text][data-path='game.benefit']", "5")
    page.keyboard.press("Enter")
    expect(page.locator(".coop-stale").first).to_be_visible()
    assert in_sight(page, ".coop-status .coop-stale")
    do(page, "reset")
    expect(page.locator(".coop-status .coop-stale")).to_have_count(0)
    for _ in range(4):  # less is enough when the machine is slow: then the button is off, and a press does nothing
        page.locator("[data-do=run]").evaluate("(button) => button.click()")
    expect(page.locator(".coop-status .coop-fixed")).to_contain_text("Fixed at generation")
    assert in_sight(page, ".coop-status .coop-fixed")


@pytest.mark.parametrize("touched", ["slider", "typed", "switch", "button", "list"])
def test_after_a_knob_is_set_the_keys_are_heard_again(tab, touched):
    page = tab(f"{CARD}&game__benefit=3")
    slider, field = "input[type=range][aria-label^=benefit]", "input[type=text][data-path='game.benefit']"
    if touched == "slider":
        page.click(slider)
    elif touched == "typed":
        page.fill(field, "5")
        page.press(field, "Enter")
        expect(page.locator(slider)).to_be_focused()
    elif touched == "switch":
        page.click("[data-do=live]")
    elif touched == "list":
        page.select_option("[data-path='update']", "imitation")
        page.locator("[data-path='update']").dispatch_event("pointerdown")
        page.locator("[data-path='update']").dispatch_event("change")
    else:
        do(page, "reset")
    reaches(page, 0)
    page.keyboard.press("Space")
    page.wait_for_selector("text=Pause")
    page.keyboard.press("Space")
    page.wait_for_selector("text=Play")
    page.keyboard.press("r")
    reaches(page, 0)
    page.keyboard.press("Shift+P")
    page.wait_for_selector("html.coop-projector")
    page.keyboard.press("b")
    page.wait_for_selector(".coop-bench.comparing")


def test_what_a_control_does_with_a_key_is_left_to_it(tab):
    page = tab(f"{CARD}&game__benefit=3")
    field, slider = "input[type=text][data-path='game.benefit']", "input[type=range][aria-label^=benefit]"
    page.focus(field)
    page.keyboard.press("r")
    expect(page.locator(field)).to_have_value("3r")
    page.fill(field, "3")
    page.focus(slider)
    page.keyboard.press("ArrowRight")
    expect(page.locator(field)).not_to_have_value("3")
    reaches(page, 0)
    page.focus("[data-do=live]")
    page.keyboard.press("Space")
    expect(page.locator("[data-do=live]")).not_to_be_checked()
    page.wait_for_selector("text=▶ Play")


def test_a_step_is_one_generation_and_the_keys_do_what_the_buttons_do(tab):
    page = tab()
    do(page, "step")
    reaches(page, 1)
    page.locator(".coop-facts").click()  # arrow keys on the picture go from one individual to another
    page.keyboard.press("ArrowRight")
    reaches(page, 2)
    page.keyboard.press("Space")
    page.wait_for_selector("text=Pause")
    page.keyboard.press("Space")
    page.wait_for_selector("text=Play")
    page.keyboard.press("r")
    reaches(page, 0)


def test_reset_restores_the_very_picture_and_a_new_seed_draws_another(tab):
    page = tab("seed=7")
    start = pixels(page)
    do(page, "run")
    moved = changed(page, start)
    page.wait_for_timeout(300)
    do(page, "reset")
    reaches(page, 0)
    page.wait_for_function(f"(start) => ({PIXELS})()[0] === start", arg=start[0])
    assert moved[0] != start[0]
    do(page, "seed")
    changed(page, start)


def test_play_goes_on_after_the_line_was_broken(tab):
    page = tab("scenario=network&size=400&update__intensity=0")
    do(page, "play")
    page.wait_for_function("Number(document.querySelector('.coop-facts b').innerText) > 3")
    for _ in range(3):
        assert page.evaluate("solara.debug.dropConnection()")
        page.wait_for_timeout(1500)
    at = generation(page)
    page.wait_for_function(
        "(at) => Number(document.querySelector('.coop-facts b').innerText.replace(',', '')) > at + 20", arg=at
    )
    before = pixels(page)
    changed(page, before)
    expect(page.locator(".coop-lost")).to_have_count(0)  # what is said while the line is broken


def test_a_late_answer_after_a_broken_line_does_not_end_the_world(tab):
    page = tab("scenario=network&size=400&update__intensity=0")
    do(page, "play")
    page.wait_for_function("Number(document.querySelector('.coop-facts b').innerText) > 3")
    for breaks_again in (False, True):
        # Solara's question whether the page still runs there is lost, so it hears nothing for half a second.
        page.evaluate("""() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (message) {
            if (!String(message).includes('"app-status"')) return send.call(this, message);
            WebSocket.prototype.send = send;
            window.lost = true;
          };
          window.lost = false;
          solara.debug.dropConnection();
        }""")
        page.wait_for_function("window.lost")
        if breaks_again:
            page.evaluate("solara.debug.dropConnection()")
        page.wait_for_timeout(1500)
        at = generation(page)
        page.wait_for_function(
            "(at) => Number(document.querySelector('.coop-facts b').innerText.replace(',', '')) > at + 20", arg=at
        )
        assert not page.evaluate("app.$data.needsRefresh")  # no dialog


def test_a_rule_that_is_switched_on_changes_the_run(tab):
    page = tab("scenario=well_mixed&update__intensity=0.2&seed=1")

    def curve():
        do(page, "step")
        do(page, "step")
        reaches(page, 2)
        return page.locator(".coop-number").inner_text()

    before = curve()
    page.click("[data-path='kin.enabled']")
    page.wait_for_selector("[data-path='kin.relatedness']")
    reaches(page, 0)
    expect(page.locator("[data-path='kin.relatedness']")).to_have_value("0.5")
    assert curve() != before


def test_a_number_that_is_typed_is_taken_or_refused_beside_it(tab):
    page = tab()
    do(page, "step")
    reaches(page, 1)
    field = page.locator("[data-path='game.benefit']")
    field.fill("-3")
    field.press("Enter")
    said = page.locator(".coop-control.wrong .coop-error")
    assert said.inner_text() == "game.benefit must be a number in [0, 1,000,000]; got -3; still 5."
    expect(page.locator(".coop-error, .coop-banner")).to_have_count(1)
    assert generation(page) == 1  # nothing lost
    field.fill("2.5")
    field.press("Enter")
    expect(page.locator(".coop-answer")).to_have_text("Not favoured", timeout=DEADLINE * 1000)
    expect(page.locator(".coop-error")).to_have_count(0)


def test_a_link_past_its_range_shows_one_sentence_and_the_rest_of_it_holds(tab):
    page = tab("scenario=network&game__benefit=7&kin__relatedness=9&seed=3")
    assert page.locator("[role=alert]").all_inner_texts() == ["kin.relatedness must be a number in [0, 1]; got 9"]
    expect(page.locator("[data-path='game.benefit']")).to_have_value("7")
    assert page.locator(".coop-facts b").nth(1).inner_text() == "3"
    assert pixels(page)[1] > 5000


def test_the_link_of_a_world_opens_the_same_world(tab):
    page = tab("scenario=kin&seed=5")
    field = page.locator("[data-path='kin.relatedness']")
    field.fill("0.25")
    field.press("Enter")
    page.wait_for_selector("a[href*='kin__relatedness=0.25']")
    again = tab(page.locator("a.coop-link").get_attribute("href").lstrip("?"))
    assert pixels(again) == pixels(page)
    expect(again.locator("[data-path='kin.relatedness']")).to_have_value("0.25")


def test_a_fixed_world_says_so_and_cannot_be_played(tab):
    page = tab("scenario=kin&size=6")
    page.fill("[data-do=speed]", "10")
    do(page, "play")
    page.wait_for_selector(".coop-fixed")
    assert re.match(r"Fixed at generation \d+: only \w+ is left", page.locator(".coop-fixed").inner_text())
    expect(page.locator("[data-do=play]")).to_be_disabled()
    do(page, "seed")
    page.wait_for_selector("[data-do=play]:not([disabled])")


@pytest.mark.parametrize("name", ["all_five", "group", "stern_judging", "direct", "indirect"])
def test_every_kind_of_world_is_drawn(tab, name):
    page = tab(f"scenario={name}")
    _hash, blue, orange = pixels(page)
    assert blue > 500 and orange > 500
    do(page, "step")
    reaches(page, 1)


def test_ten_thousand_individuals_are_drawn_and_move(tab):
    page = tab("scenario=network&size=10000")
    _hash, blue, orange = before = pixels(page)
    assert blue > 5000 and orange > 5000
    page.fill("[data-do=speed]", "10")
    do(page, "play")
    changed(page, before)
    do(page, "play")


def test_everything_can_be_reached_by_keyboard(tab):
    page = tab("scenario=kin")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.dataset.do || e.dataset.path || e.ariaLabel || '')(document.activeElement)"))
    assert {"play", "step", "run", "speed", "reset", "seed", "scenario", "kin.enabled", "kin.relatedness",
            "game.benefit", "size"} <= reached  # fmt: skip


def test_a_page_of_another_origin_cannot_open_the_websocket_or_frame_the_page(browser, server):
    """A real page, on another loopback address, does what a hostile site would do."""
    body = f"""<script>
      window.answers = [];
      const ws = new WebSocket("ws://{server.host}/jupyter/api/kernels/k/channels?session_id=s");
      ws.onopen = () => answers.push("open"); ws.onerror = () => answers.push("refused");
      fetch("http://{server.host}/_solara/api/close/k?session_id=s", {{method: "POST"}})
        .then((r) => answers.push("read"), () => answers.push("hidden"));
    </script><iframe src="{server.url}"></iframe>""".encode()

    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.2", 0), Hostile) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        page = browser.new_page()
        statuses = []
        page.on("response", lambda r: statuses.append((r.request.method, r.status)) if server.host in r.url else None)
        page.goto(f"http://127.0.0.2:{site.server_port}/")
        page.wait_for_function("answers.length === 2", timeout=DEADLINE * 1000)
        assert sorted(page.evaluate("answers")) == ["hidden", "refused"]
        page.wait_for_timeout(500)
        assert all(frame.locator("canvas").count() == 0 for frame in page.frames)
        assert ("POST", 403) in statuses or not [s for s in statuses if s[0] == "POST"]
        page.close()
        site.shutdown()
