"""The page of transcripts in a real browser, with no road to the internet."""

import json
import re

import pytest
from playwright.sync_api import expect

import coop_abm
from coop_abm.core.machine_code import cache_folder

from .serving import DEADLINE, serving

expect.set_options(timeout=DEADLINE * 1000)

INKS = """() => {
  const c = document.querySelector(".coop-matrix canvas");
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let blue = 0, orange = 0;
  for (let i = 0; i < d.length; i += 4) {
    if (d[i] === 0 && d[i + 1] === 0x72 && d[i + 2] === 0xB2) blue++;
    if (d[i] === 0xE6 && d[i + 1] === 0x9F && d[i + 2] === 0) orange++;
  }
  return [blue, orange];
}"""


@pytest.fixture(scope="module")
def server(room_for_a_browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, seed in (("first", 0), ("second", 1)):
        coop_abm.run("all_five", steps=200, seed=seed).save(folder / name)
    (folder / "home").mkdir()
    private = {name: str(folder / "home") for name in ("HOME", "XDG_DATA_HOME")}
    with serving(str(folder / "first"), COOP_ABM_CACHE_DIR=str(cache_folder()), **private) as running:
        yield running


def drawn(page):
    page.wait_for_function(f"() => document.querySelector('.coop-matrix canvas') && ({INKS})()[0] > 2000")
    return page.evaluate(INKS)


def test_a_run_of_rules_is_a_matrix_and_a_cell_opens_walks_and_closes(visit, server, picture):
    page = visit(f"{server.url}transcripts")
    blue, orange = drawn(page)
    assert blue > 2000 and orange > 2000
    expect(page.locator(".coop-bar h1")).to_have_text("first")
    expect(page.locator(".coop-bar")).to_contain_text("100 individuals, 200 rounds, seed 0")
    page.locator(".coop-matrix canvas").click(position={"x": 74 + 14 * 3 + 5, "y": 24 + 14 * 7 + 5})
    head = page.locator(".coop-cell h2")
    expect(head).to_have_text("Individual 7, round 3")
    expect(page.locator(".coop-cell")).to_contain_text("cooperates with probability")
    picture(page, "transcripts-rules")
    for key, words in (("j", "Individual 7, round 4"), ("ArrowLeft", "Individual 7, round 3"),
                       ("k", "Individual 7, round 2"), ("Shift+ArrowRight", "Individual 8, round 2"),
                       ("ArrowUp", "Individual 7, round 2")):  # fmt: skip
        page.keyboard.press(key)
        expect(head).to_have_text(words)
    page.keyboard.press("Escape")
    expect(page.locator(".coop-cell")).to_have_count(0)


def test_a_link_opens_its_cell_and_a_file_holds_it(visit, server):
    page = visit(f"{server.url}transcripts?run=second&agent=41&round=199")
    expect(page.locator(".coop-cell h2")).to_have_text("Individual 41, round 199")
    with page.expect_download() as given:
        page.click("[data-do=save-cell]")
    told = json.loads(given.value.path().read_text())
    assert (told["agent"], told["round"]) == (41, 199) and told["decisions"]
    with page.expect_download() as given:
        page.click("[data-do=save-run]")
    lines = given.value.path().read_text().splitlines()
    assert len(lines) == 100 and len(json.loads(lines[3])["cooperated"]) == 200


def test_two_runs_stand_side_by_side_and_the_first_difference_is_found(visit, server, picture):
    page = visit(f"{server.url}transcripts")
    drawn(page)
    page.select_option("[data-do=other]", "second")
    expect(page.locator(".coop-matrix")).to_have_count(2)
    page.click("[data-do=jump]")
    expect(page.locator(".coop-difference h3")).to_have_text("Differs from the other run")
    assert page.locator(".coop-line-first").count() and page.locator(".coop-line-second").count()
    picture(page, "transcripts-two-runs")
    page.select_option("[data-do=other]", "")
    expect(page.locator(".coop-matrix")).to_have_count(1)
    page.select_option("[data-do=did]", "both")
    expect(page.locator(".coop-bar-tools")).to_contain_text("cells match")
    before = page.locator(".coop-cell h2").inner_text()
    page.click("[data-do=next-match]")
    expect(page.locator(".coop-cell h2")).not_to_have_text(before)
    expect(page.locator(".coop-cell")).to_contain_text(" of ")


def test_a_demo_is_live_needs_no_key_can_be_stopped_and_shows_what_was_said(visit, server, picture):
    page = visit(f"{server.url}transcripts", dark=True)
    page.click("[data-do=demo]")
    expect(page.locator(".coop-bar h1")).to_contain_text("demonstration, seed 1")  # the same for everybody
    legend = page.locator("[aria-label='strategies at the start']")
    for name in ("alld", "tft", "stand-in/tft", "stand-in/discriminator"):  # whose colours the left edge has
        expect(legend.locator("[data-do=start]", has_text=re.compile(rf"^\s*{name}\s*$"))).to_have_count(1)
    inks = legend.locator(".coop-swatch").evaluate_all("found => found.map((e) => getComputedStyle(e).backgroundColor)")
    assert {"rgb(255, 194, 77)", "rgb(43, 127, 191)"} <= set(inks)  # orange and blue as they are in the dark
    page.wait_for_function("() => /[1-9]\\d* rounds/.test(document.querySelector('.coop-bar').innerText)")
    page.click("[data-do=stop]")
    expect(page.locator(".coop-note")).to_contain_text("nothing more is sent")
    picture(page, "transcripts-demo-stopped-dark")
    page.select_option("[data-do=mark]", "model")
    page.click("[data-do=next-match]")
    cell = page.locator(".coop-cell")
    expect(cell).to_contain_text("Asked")
    expect(cell).to_contain_text("(a strategy, no language model)")
    expect(cell.locator("pre").first).to_contain_text("")
    assert page.locator(".coop-money").count() == 0  # stand-ins cost nothing and are not asked about
    picture(page, "transcripts-demo-cell-dark")


def test_the_weight_of_the_page_does_not_depend_on_the_length_of_the_run(visit, server):
    page = visit(f"{server.url}transcripts?scenario=all_five&seed=2&rounds=700")
    expect(page.locator(".coop-bar")).to_contain_text("700 rounds")
    tiles = "() => document.querySelector('.coop-matrix').__vue__.matrix.tiles.size"
    drawn(page)
    assert page.evaluate(tiles) <= 6  # of twenty-two
    page.evaluate("document.querySelector('.coop-scroll').scrollLeft = 14 * 650")
    far = "() => [...document.querySelector('.coop-matrix').__vue__.matrix.tiles.values()].some((t) => t.column > 9)"
    page.wait_for_function(far)
    assert page.evaluate(tiles) <= 14


def test_what_cannot_be_had_is_said_in_a_sentence(visit, server):
    page = visit(f"{server.url}transcripts?run=..%2Fsecrets")
    expect(page.locator("[role=alert]")).to_contain_text("must be the name of a folder beside the run")
    page.fill("[data-do=rounds]", "many")
    page.click("[data-do=play-world]")
    expect(page.locator("[role=alert]")).to_contain_text("rounds must be a whole number")
