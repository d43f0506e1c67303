"""The widgets of the Structure page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyvue
import solara
import traitlets

Event = Callable[[dict[str, Any]], None]


class DrawingView(ipyvue.VueTemplate):
    """A graph that can be changed. Messages: graph(about, [places, edges, values]), tried(one, other, value).

    It says ``event_ready`` when it is there, ``event_change`` for each change, ``event_try`` for an edge that hangs
    in the air.
    """

    template_file = (__file__, "drawing_view.vue")
    editable = traitlets.Bool(True).tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)

    def vue_event_change(self, data: dict[str, Any]) -> None:
        """The reader changed something: ``{"do": "toggle", "one": 3, "other": 5}`` and so on."""
        self.heard["change"](data)

    def vue_event_try(self, data: dict[str, Any]) -> None:
        """What if there were this edge?"""
        self.heard["try"](data)


@solara.component_vue("graph_source.vue", vuetify=False)
def GraphSource(
    kinds: list, kind: str, famous: list, error: str, said: str, canUndo: bool, updates: list, update: str, by: str,
    editable: bool, event_take: Event, event_change: Event, event_update: Event, event_by: Event, event_give: Event,
    event_upload: Event,
) -> None:  # fmt: skip
    """Where the graph comes from, and what is done with it."""


@solara.component_vue("asks.vue", vuetify=False)
def AsksView(
    told: dict, doing: str, share: float, left: str, value: str, title: str, allPairs: bool,
    event_apply: Event, event_more: Event, event_stop: Event, event_largest: Event, event_ghost: Event,
) -> None:  # fmt: skip
    """What the graph asks of cooperation."""
