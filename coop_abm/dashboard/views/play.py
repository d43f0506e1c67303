"""The widgets of the page Play, for one person and for the teacher of a class."""

from __future__ import annotations

from typing import Any

import ipyvue
import traitlets


class PlayView(ipyvue.VueTemplate):
    """One person's game. Messages: world([places, edges], about), now(about, [state]).

    Events reach ``heard``: ready(widget), start(data), decide(data), leave(), again(), clock().
    """

    template_file = (__file__, "play.vue")
    offers: Any = traitlets.List().tag(sync=True)
    worlds: Any = traitlets.List().tag(sync=True)
    lab: Any = traitlets.Dict().tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)

    def vue_event_start(self, data: dict[str, Any]) -> None:
        """Take a seat."""
        self.heard["start"](data)

    def vue_event_decide(self, data: dict[str, Any]) -> None:
        """One of the two buttons."""
        self.heard["decide"](data)

    def vue_event_leave(self, _data: dict[str, Any]) -> None:
        """Stand up."""
        self.heard["leave"]()

    def vue_event_again(self, _data: dict[str, Any]) -> None:
        """Choose another world."""
        self.heard["again"]()

    def vue_event_clock(self, _data: dict[str, Any]) -> None:
        """Switch the clock of the world that was asked for to rounds."""
        self.heard["clock"]()


class ClassView(ipyvue.VueTemplate):
    """The teacher's screen. Messages: world([places, edges], about), now(about, [state]).

    Events reach ``heard``: ready(widget), act(data), data being ``{"do": ..., ...}``.
    """

    template_file = (__file__, "class.vue")
    offers: Any = traitlets.List().tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)

    def vue_event_act(self, data: dict[str, Any]) -> None:
        """Start, pause, next, end, another world."""
        self.heard["act"](data)
