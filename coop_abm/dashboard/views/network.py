"""The widgets of the page: what each is given, and what it says back.

Each is a Vue file beside this one. Values travel as traits, frames as binary messages; an argument
that begins with ``event_`` is called with a dict when the reader does something.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import ipyvue
import numpy as np
import traitlets
from ipywidgets import widget_serialization

from coop_abm import figures
from coop_abm.dashboard.frames import Frame, World
from coop_abm.strategies.field import FIELD

Event = Callable[[dict[str, Any]], None]

#: Shapes of strategies that help strangers, and of those that do not.
_SHAPES = {1: ("circle", "triangle", "diamond"), 0: ("square", "down", "cross")}


class Told(ipyvue.VueTemplate):
    """A widget that is sent messages.

    What is sent before the browser has made it is lost. So it says when it is ready, and says which
    widget it is: ``heard["ready"](widget)``.
    """

    strategies: Any = traitlets.List().tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)


class NetworkView(Told):
    """The population. Messages: world(about, more, [places, edges, beyond, state, ...]),
    frame(said, time, more, [state, ...]), label(place, words), chosen(place, neighbours).

    `more` says what comes beside who is where; see :class:`~coop_abm.dashboard.views.looking.Looking`. `slot` is a
    widget that stands in place of the picture while the view "critical" is chosen.
    """

    template_file = (__file__, "network_view.vue")
    words = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode("generation").tag(sync=True)
    line = traitlets.Dict().tag(sync=True)
    views: Any = traitlets.List().tag(sync=True)
    colours: Any = traitlets.List().tag(sync=True)
    look: Any = traitlets.Dict().tag(sync=True)
    slot = traitlets.Any(None, allow_none=True).tag(sync=True, **widget_serialization)

    def vue_event_here(self, data: dict[str, Any]) -> None:
        """The browser is still there, and this is what it drew last."""
        self.heard["here"](data)

    def vue_event_pick(self, data: dict[str, Any]) -> None:
        """The individual in a place was chosen; nobody: -1."""
        self._tell("place", data)

    def vue_event_hover(self, data: dict[str, Any]) -> None:
        """The reader points at a place and wants to know who that is."""
        self._tell("hover", data)

    def vue_event_look(self, data: dict[str, Any]) -> None:
        """Another view or another colouring was chosen."""
        self._tell("look", data)

    def _tell(self, what: str, data: dict[str, Any]) -> None:
        if what in self.heard:  # a picture that is only looked at is asked nothing
            self.heard[what](data)

    def vue_event_credit(self, _data: dict[str, Any]) -> None:
        """The browser has drawn a frame."""
        self.heard["credit"]()


def shape(helper: int, order: int) -> str:
    """The shape of the `order`-th strategy of its kind; nine in a row have a pair of colour and shape of their own."""
    return _SHAPES[helper][(order + order // 3) % 3]


def strategies(world: World) -> list[dict[str, Any]]:
    """Name, colour, shape and dashes of each strategy, the same colours as in every figure."""
    seen = {0: 0, 1: 0}
    shown = []
    plain = sorted(world.helper) == [0, 1]
    for name, helper, known in zip(world.names, world.helper, _known(world), strict=True):
        order, seen[helper] = seen[helper], seen[helper] + 1
        style = figures.strategy_style(bool(helper), order)
        colour, dashes = style["color"], style["linestyle"][1] if style["linestyle"] != "-" else ()
        ring = figures.DEFECT_RING if colour == figures.DEFECT else _darker(colour)
        words, number = (known or name).replace("_", " "), f" ({name.replace('_', ' ')})" if known else ""
        shown.append({
            "name": name, "helper": bool(helper), "colour": colour, "shape": shape(helper, order),
            "ring": ring, "ink": colour if colour == figures.COOPERATE else ring,
            "dash": " ".join(f"{2 * dash:g}" for dash in dashes),  # of a line two pixels wide
            "dark": _in_the_dark(colour),
            "label": f"{'cooperate' if helper else 'defect'} ({words})" if plain else words + number,
        })  # fmt: skip
    return shown


def _known(world: World) -> list[str]:
    """What the field calls those that have a number for a name, such as "memory_one_2"; "" of all others."""
    called = {strategy: name for name, strategy in FIELD.items()}
    return [
        called.get(strategy, "") if name.startswith(f"{strategy.kind}_") else ""
        for name, (strategy, _mind) in zip(world.names, world.scenario.inherited, strict=True)
    ]


def short(strategies: list[dict[str, Any]]) -> list[str]:
    """The strategies in as few words as tell them apart."""
    return [s["label"].partition(" (")[0] for s in strategies]


#: Fill, ring and letters of strategies on a dark ground; the others keep their colours.
_DARK = {
    figures.COOPERATE: ("#2B7FBF", "#6FB6EA", "#6FB6EA"),
    figures.DEFECT: ("#FFC24D", "#FFE2A6", "#FFC24D"),
    figures.DEFECT_RING: ("#C58A2B", "#FFE2A6", "#FFC24D"),
    figures.DARK_RED: ("#E0574F", "#FF8A80", "#FF8A80"),
}


def _in_the_dark(colour: str) -> dict[str, str]:
    fill, ring, ink = _DARK.get(colour, (colour, colour, colour))
    return {"colour": fill, "ring": ring, "ink": ink}


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(int(colour[k : k + 2], 16) * 0.72):02X}" for k in (1, 3, 5))


def said(now: Frame, unit: str) -> str:
    """A frame in words, for those who do not see it."""
    return f"{100 * now.cooperators:.0f} percent cooperate, {unit} {now.time}"


def send_world(
    widget: Any, world: World, now: Frame, unit: str, more: dict[str, Any] | None = None, parts: Iterable[bytes] = (),
    placed: bool = False,
) -> None:  # fmt: skip
    """Everything that is drawn: places, edges, who is where, and what the view on show wants beside.

    placed : has this widget drawn the very same places, edges and strategies already? Then they are left out.
    """
    drawn = world.layout
    about = {
        "placed": placed,
        **drawn.about,
        "number": world.number,
        "time": now.time,
        "said": said(now, unit),
        "across": len(drawn.line),
    }
    bits, state = packed(now.state)
    ground = [] if placed else drawn.buffers
    buffers = [*ground, state, *parts]
    widget.send({"method": "world", "args": [about, {"bits": bits, **(more or {})}]}, buffers=buffers)


def send_frame(
    widget: Any, now: Frame, unit: str, more: dict[str, Any] | None = None, parts: Iterable[bytes] = ()
) -> None:
    """Who is where now, and what the view on show wants beside."""
    bits, state = packed(now.state)
    widget.send(
        {"method": "frame", "args": [said(now, unit), now.time, {"bits": bits, **(more or {})}]},
        buffers=[state, *parts],
    )


def packed(state: np.ndarray) -> tuple[int, bytes]:
    """(number of places, a bit for each of them) where two strategies fill all places; else (0, a byte for each)."""
    if state.max(initial=0) > 1:
        return 0, state.tobytes()
    return len(state), np.packbits(state, bitorder="little").tobytes()


def headline(now: Frame) -> dict[str, Any]:
    """The numbers above the curve."""
    share = now.cooperators
    return {"time": now.time, "cooperators": None if math.isnan(share) else float(np.round(share, 6))}
