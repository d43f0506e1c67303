"""The frame round every page: tabs, dark, projector, the files that go out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyvue
import traitlets

Event = Callable[[dict[str, Any]], None]


class Frame(ipyvue.VueTemplate):
    """Tabs at the top. Messages: save(name, kind, [content])."""

    template_file = (__file__, "frame.vue")
    pages: Any = traitlets.List().tag(sync=True)
    here = traitlets.Unicode().tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_go(self, data: dict[str, Any]) -> None:
        """A tab was chosen."""
        self.heard["go"](str(data.get("to", "")))

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)
