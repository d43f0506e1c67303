"""The widgets of the page: what each is given, and what it says back.

Each is a Vue file beside this one. Values travel as traits, frames as binary messages; an argument
that begins with ``event_`` is called with a dict when the reader does something.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ipyvue
import numpy as np
import solara
import traitlets

from coop_abm import figures
from coop_abm.dashboard.frames import Frame, World

Event = Callable[[dict[str, Any]], None]

#: The shape of the first, second ... strategy that helps strangers, and of those that do not.
SHAPES = {1: ("circle", "triangle", "diamond"), 0: ("square", "diamond", "triangle")}


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
    """The population. Messages: world(about, [places, edges, state]), frame(said, time, [state])."""

    template_file = (__file__, "network_view.vue")
    words = traitlets.Unicode().tag(sync=True)

    def vue_event_here(self, data: dict[str, Any]) -> None:
        """The browser is still there, and this is what it drew last."""
        self.heard["here"](data)

    def vue_event_credit(self, _data: dict[str, Any]) -> None:
        """The browser has drawn a frame."""
        self.heard["credit"]()


class Readout(Told):
    """Headline, curve, theory. Messages: series(now, points, points before), points(now, points)."""

    template_file = (__file__, "readout.vue")
    unit = traitlets.Unicode().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)


@solara.component_vue("controls.vue", vuetify=False)
def Controls(sections: list, errors: dict, marks: dict, markWords: str, event_change: Event) -> None:
    """Toggles and knobs; says ``{"path": ..., "text": ...}``."""


@solara.component_vue("transport.vue", vuetify=False)
def Transport(
    playing: bool, speed: int, speeds: list, fixed: str, doing: str, said: str,
    event_play: Event, event_step: Event, event_speed: Event, event_reset: Event, event_seed: Event,
) -> None:  # fmt: skip
    """Step, run, play, reset."""


@solara.component_vue("heading.vue", vuetify=False)
def Heading(names: list, name: str, about: str, link: str, error: str, event_choose: Event) -> None:
    """Which world is on show."""


def strategies(world: World) -> list[dict[str, Any]]:
    """Name, colour and shape of each strategy, the same colours as in every figure."""
    seen = {0: 0, 1: 0}
    shown = []
    plain = sorted(world.helper) == [0, 1]
    for name, helper in zip(world.names, world.helper, strict=True):
        order, seen[helper] = seen[helper], seen[helper] + 1
        colour = figures.strategy_style(bool(helper), order)["color"]
        words = name.replace("_", " ")
        shown.append({
            "name": name, "helper": bool(helper), "colour": colour, "shape": SHAPES[helper][order % 3],
            "ring": figures.DEFECT_RING if colour == figures.DEFECT else _darker(colour),
            "ink": figures.DEFECT_RING if colour == figures.DEFECT else colour,
            "label": f"{'cooperate' if helper else 'defect'} ({words})" if plain else words,
        })  # fmt: skip
    return shown


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(int(colour[k : k + 2], 16) * 0.72):02X}" for k in (1, 3, 5))


def said(now: Frame, unit: str) -> str:
    """A frame in words, for those who do not see it."""
    return f"{100 * now.cooperators:.0f} percent cooperate, {unit} {now.time}"


def send_world(widget: Any, world: World, now: Frame, unit: str) -> None:
    """Everything that is drawn: places, edges, and who is where."""
    drawn = world.layout
    about = {
        "apart": drawn.apart,
        "seats": drawn.seats,
        "number": world.number,
        "time": now.time,
        "said": said(now, unit),
    }
    buffers = [drawn.places.astype("<f4").tobytes(), drawn.edges.astype("<u4").tobytes(), now.state.tobytes()]
    widget.send({"method": "world", "args": [about]}, buffers=buffers)


def send_frame(widget: Any, now: Frame, unit: str) -> None:
    """Who is where now: one byte for each place."""
    widget.send({"method": "frame", "args": [said(now, unit), now.time]}, buffers=[now.state.tobytes()])


def headline(now: Frame) -> dict[str, Any]:
    """The numbers above the curve."""
    share = now.cooperators
    return {"time": now.time, "cooperators": None if math.isnan(share) else float(np.round(share, 6))}
