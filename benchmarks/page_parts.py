"""What other pages do under the hand: a matrix that is scrolled, an edge that is drawn on the page Structure."""

from __future__ import annotations

import statistics

from benchmarks.page_tools import Row, browsing
from tests.dashboard.serving import serving

#: A run of a thousand individuals over a thousand rounds.
MATRIX = "transcripts?scenario=all_five&size=1000&seed=1&rounds=1000"
#: Scroll down and to the right in each frame of the browser for so many ms; what was painted, and cells not there yet.
SCROLL = """(ms) => new Promise((done) => {
  const part = document.querySelector(".coop-matrix").__vue__, matrix = part.matrix, box = matrix.scroller;
  const began = performance.now(), before = matrix.frames;
  let moves = 0, way = 1;
  const move = (now) => {
    if (now - began > ms) return done([1000 * (matrix.frames - before) / (now - began), moves]);
    if (box.scrollLeft + box.clientWidth >= box.scrollWidth - 1 || (moves && box.scrollLeft <= 0)) way = -way;
    box.scrollLeft += 37 * way;
    box.scrollTop += 23 * way;
    moves += 1;
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
})"""
#: From the choice of a cell to its heading.
OPEN = """(row) => new Promise((done) => {
  const part = document.querySelector(".coop-matrix").__vue__, was = document.querySelector(".coop-cell h2")?.innerText;
  const began = performance.now();
  const look = () => {
    const now = document.querySelector(".coop-cell h2")?.innerText;
    if (now && now !== was) done(performance.now() - began); else requestAnimationFrame(look);
  };
  part.event_pick({ row: row, round: 7 });
  look();
})"""
#: From the pointer over another node, an edge in its hand, to the sentence that tells the ratio with that edge.
HANG = """([x, y, node]) => new Promise((done) => {
  const canvas = document.querySelector(".coop-drawing canvas");
  const hint = document.querySelector(".coop-drawing .coop-status");
  const began = performance.now(), told = new RegExp("edge .*\\\\b" + node + ": critical b/c");
  const look = () => told.test(hint.innerText) ? done(performance.now() - began) : requestAnimationFrame(look);
  const about = { clientX: x, clientY: y, bubbles: true, buttons: 1, pointerId: 1, isPrimary: true };
  canvas.dispatchEvent(new PointerEvent("pointermove", about));
  canvas.dispatchEvent(new MouseEvent("mousemove", about));
  look();
})"""
SPOT = """(i) => {
  const box = document.querySelector(".coop-drawing canvas").getBoundingClientRect();
  const drawing = document.querySelector(".coop-drawing").__vue__.drawing;
  return [box.left + drawing.x(i), box.top + drawing.y(i)];
}"""


def scroll() -> list[Row]:
    """How smoothly a long run is scrolled, and what its page weighs."""
    with serving("network") as server, browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(server.url + MATRIX)
        page.wait_for_function("() => document.querySelector('.coop-bar')?.innerText.includes('1,000 rounds')")
        page.wait_for_function("() => document.querySelector('.coop-matrix')?.__vue__.matrix.tiles.size > 0")
        page.evaluate(SCROLL, 2000)
        rate, _moves = page.evaluate(SCROLL, 8000)
        waits = []
        for row in range(5, 20):
            waits.append(page.evaluate(OPEN, row))
    return [
        Row("matrix of 1,000 individuals x 1,000 rounds, scrolled in each frame", f"{rate:.1f} frames/s", ">= 30"),
        Row("a cell of it, from the click to its words", f"{statistics.median(waits):.0f} ms (median)", "< 200 ms"),
    ]


def edge() -> list[Row]:
    """From a hand over another node to the exact critical ratio with that edge, of 100 nodes."""
    with serving("network") as server, browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(server.url + "structure")
        page.wait_for_selector("[data-change='0']")
        pairs = "\n".join(f"{i} {(i + step) % 100}" for i in range(100) for step in (1, 7))
        page.set_input_files(
            "[data-do=file]", {"name": "hundred.edgelist", "mimeType": "text/plain", "buffer": pairs.encode()}
        )
        page.wait_for_function("() => document.querySelector('.coop-list dd')?.innerText === '100'")
        page.wait_for_selector("[data-change='0']")
        page.mouse.move(*page.evaluate(SPOT, 0))
        page.mouse.down()
        waits = [page.evaluate(HANG, [*page.evaluate(SPOT, node), node]) for node in range(20, 60, 3)]
        page.mouse.move(2, 2)
        page.mouse.up()
    figure = f"{statistics.median(waits):.0f} ms (median), {max(waits):.0f} ms at most"
    return [Row("an edge in the hand, until its exact critical b/c is told, N = 100", figure, "< 150 ms")]
