"""The widgets of the page of transcripts: the bar above, the matrix, the cell; and the question about money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara
import traitlets

from coop_abm.dashboard.acts import GenerationsAgain, RoundAgain
from coop_abm.dashboard.matrix import Shown, tile
from coop_abm.dashboard.views.network import Told, _darker, _in_the_dark, shape

Event = Callable[[dict[str, Any]], None]

#: Tiles that one message may ask for.
MOST_WANTED = 200


class Matrix(Told):
    """Individuals x rounds. Messages: about(facts, [order, strategies]), grew(done), tile(epoch, row, column, ...)."""

    template_file = (__file__, "matrix.vue")
    side = traitlets.Unicode("a").tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)

    def vue_event_want(self, data: dict[str, Any]) -> None:
        """These tiles came into sight."""
        self.heard["want"](self.side, data)

    def vue_event_pick(self, data: dict[str, Any]) -> None:
        """A cell was pressed."""
        self.heard["pick"](self.side, data)


@solara.component_vue("transcripts_bar.vue", vuetify=False)
def Bar(now: dict, event_do: Event) -> None:
    """Which run, what it came to, what is looked for."""


@solara.component_vue("matrix_cell.vue", vuetify=False)
def Cell(cell: dict | None, unit: str, base: int, event_do: Event) -> None:
    """One cell in full."""


@solara.component_vue("money.vue", vuetify=False)
def Question(now: dict, event_do: Event) -> None:
    """What a world would ask of language models, and whether it may."""


def strategies(run: RoundAgain | GenerationsAgain) -> list[dict[str, Any]]:
    """Name and colour of each strategy, the same colours as in every figure."""
    from coop_abm import figures

    seen, shown = {0: 0, 1: 0}, []
    for name, helper in zip(run.names, run.helper, strict=True):
        order, seen[helper] = seen[helper], seen[helper] + 1
        colour = figures.strategy_style(bool(helper), order)["color"]
        shown.append({
            "name": name.replace("_", " "), "colour": colour, "shape": shape(helper, order),
            "ring": figures.DEFECT_RING if colour == figures.DEFECT else _darker(colour), "dark": _in_the_dark(colour),
        })  # fmt: skip
    return shown


def send_about(widget: Matrix, run: RoundAgain | GenerationsAgain, shown: Shown, **facts: Any) -> None:
    """Everything that is drawn but the tiles."""
    acts = run.acts
    held = isinstance(run, GenerationsAgain)
    about = {
        "rows": len(shown.order), "rounds": run.wanted.kept, "done": acts.done, "held": held,
        "unit": "generation" if held else "round", "base": int(held), "strategies": strategies(run),
        "filtered": shown.found is not None, "compared": shown.other is not None, **facts,
    }  # fmt: skip
    order = shown.order.astype("<u4")
    widget.send({"method": "about", "args": [about]}, buffers=[order.tobytes(), run.start[shown.order].tobytes()])


def send_tiles(widget: Matrix, run: RoundAgain | GenerationsAgain, shown: Shown, epoch: int, wanted: Any) -> None:
    """The tiles that were asked for; what is no pair of numbers is passed over."""
    for pair in wanted[:MOST_WANTED] if isinstance(wanted, list) else ():
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(n) is int and 0 <= n < 1 << 24 for n in pair)):
            continue
        row, column = pair
        value, marks = tile(run.acts, shown, row, column, held=isinstance(run, GenerationsAgain))
        widget.send({"method": "tile", "args": [epoch, row, column]}, buffers=[value, marks])
