"""Home as a widget: five cards that move, and the presets."""

from __future__ import annotations

from typing import Any

import ipyvue
import traitlets


class Home(ipyvue.VueTemplate):
    """Cards and presets. Messages: miniature(name, about, [places, edges, beyond, states])."""

    template_file = (__file__, "home.vue")
    cards: Any = traitlets.List().tag(sync=True)
    themes: Any = traitlets.List().tag(sync=True)
    checks: Any = traitlets.Dict().tag(sync=True)
    working = traitlets.Bool().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)

    def vue_event_go(self, data: dict[str, Any]) -> None:
        """A world is to be opened in the Lab."""
        self.heard["go"](str(data.get("href", "")))

    def vue_event_check(self, data: dict[str, Any]) -> None:
        """A preset, or all of them, is to be checked."""
        self.heard["check"](str(data.get("name", "")))

    def vue_event_stop(self, _data: dict[str, Any]) -> None:
        """No more checks."""
        self.heard["stop"]()
