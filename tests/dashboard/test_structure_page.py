"""The Structure page in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def board(visit, server):
    """The page, once the first graph is answered."""
    page = visit(f"{server.url}structure")
    page.wait_for_selector("[data-change='0']")
    return page


def ratio(page):
    return page.locator("[data-show=ratio]").inner_text()


def spot(page, node):
    """Where a node is on the screen."""
    return page.evaluate(
        """(i) => {
          const canvas = document.querySelector(".coop-drawing canvas"), box = canvas.getBoundingClientRect();
          const drawing = document.querySelector(".coop-drawing").__vue__.drawing;
          return [box.left + drawing.x(i), box.top + drawing.y(i)];
        }""",
        node,
    )


def dragged(page, one, other, *, drop=True):
    page.mouse.move(*spot(page, one))
    page.mouse.down()
    page.mouse.move(*spot(page, other), steps=6)
    if drop:
        page.mouse.up()


def test_an_edge_is_drawn_and_the_exact_ratio_follows(board, picture):
    before = ratio(board)
    dragged(board, 0, 9, drop=False)
    hint = board.locator(".coop-drawing .coop-status")
    expect(hint).to_contain_text("with the edge 0 – 9: critical b/c", timeout=DEADLINE * 1000)
    promised = re.search(r"critical b/c ([\d.]+), now ([\d.]+)", hint.inner_text())
    assert promised[2] == before != promised[1]
    picture(board, "structure_edge_in_the_air")
    board.mouse.up()
    expect(board.locator("[data-show=ratio]")).to_have_text(promised[1], timeout=DEADLINE * 1000)
    board.click("[data-do=undo]")
    expect(board.locator("[data-show=ratio]")).to_have_text(before, timeout=DEADLINE * 1000)


def test_the_best_change_does_what_it_promises(board, picture):
    row = board.locator("tr:has([data-change='0'])")
    promised = row.locator("b").inner_text()
    row.hover()
    picture(board, "structure")
    board.click("[data-change='0']")
    expect(board.locator("[data-show=ratio]")).to_have_text(promised, timeout=DEADLINE * 1000)


def test_a_graph_is_drawn_by_keyboard_alone(board):
    board.locator(".coop-drawing canvas").focus()
    before = ratio(board)
    facts = board.locator(".coop-list dd")
    board.keyboard.press("ArrowRight")
    board.keyboard.press("Enter")
    board.keyboard.press("ArrowRight")
    board.keyboard.press("Enter")
    expect(facts.nth(1)).not_to_have_text("40", timeout=DEADLINE * 1000)
    expect(board.locator("[data-show=ratio]")).not_to_have_text(before, timeout=DEADLINE * 1000)
    board.keyboard.press("Delete")
    expect(facts.nth(0)).to_have_text("19", timeout=DEADLINE * 1000)


def test_a_file_is_read_coloured_and_shown_in_the_lab(board, tmp_path, picture):
    file = tmp_path / "office.csv"
    file.write_text("Ann,Bob,3\nBob,Cem,1\nCem,Ann,1\nCem,Dee,2\nDee,Eve,1\nEve,Cem,1\n", encoding="utf-8")
    board.set_input_files("[data-do=file]", file)
    expect(board.locator(".coop-list dd").first).to_have_text("5", timeout=DEADLINE * 1000)
    board.select_option("[data-do=by]", "ratio")
    board.wait_for_selector(".coop-ramp")
    board.wait_for_selector("[data-change='0']")
    picture(board, "structure_own_graph")
    board.click("[data-do=lab]")
    board.wait_for_selector("canvas[aria-label*='percent']")
    assert board.url.endswith("/lab")
    expect(board.locator("[data-path=size]")).to_have_value("5", timeout=DEADLINE * 1000)


def test_a_triangle_says_never_in_words_and_its_labels_are_whole(board, tmp_path, picture):
    file = tmp_path / "triangle.csv"
    file.write_text("a,b\nb,c\nc,a\nx,y\n", encoding="utf-8")
    board.set_input_files("[data-do=file]", file)
    expect(board.locator("[data-show=ratio]")).to_have_text("no benefit is large enough", timeout=DEADLINE * 1000)
    board.wait_for_selector("[data-change='2']")
    assert "easier" not in board.locator(".coop-advice").inner_text()
    assert board.locator(".coop-headline").inner_text().strip() == "no benefit is large enough"
    picture(board, "structure_triangle")
    inside = """() => {
      const drawing = document.querySelector(".coop-drawing").__vue__.drawing;
      return Array.from({ length: drawing.size }, (_, i) => drawing.labelSpot(i, 20)).every(
        ([x, y]) => y - 11 >= 0 && x - 10 >= 0 && x + 10 <= drawing.side);
    }"""
    assert board.evaluate(inside)


def test_colours_run_from_dark_for_the_lowest_to_bright_for_the_highest(board):
    light = "(v) => [1, 3, 5].reduce((sum, k) => sum + parseInt(coop.scale(v).slice(k, k + 2), 16), 0)"
    low, middle, high = (board.evaluate(light, v) for v in (0, 0.5, 1))
    assert low < middle < high
    assert board.evaluate("coop.scaleColours[0] === coop.scale(0)")  # the key runs the same way


def test_a_bad_file_is_one_sentence_and_loses_nothing(board, tmp_path):
    before = ratio(board)
    file = tmp_path / "bad.graphml"
    file.write_text("<html>no graph</html>", encoding="utf-8")
    board.set_input_files("[data-do=file]", file)
    said = board.locator(".coop-source .coop-error")
    expect(said).to_contain_text("bad.graphml:", timeout=DEADLINE * 1000)
    assert "Traceback" not in board.locator(".coop").inner_text() and ratio(board) == before


def test_dark_and_narrow(visit, server, picture):
    page = visit(f"{server.url}structure", dark=True, width=900)
    page.wait_for_selector("[data-change='0']")
    page.select_option("[data-do=by]", "neutral")
    page.wait_for_selector(".coop-ramp")
    picture(page, "structure_dark_900")
    assert page.evaluate("document.documentElement.scrollWidth") <= 900
