"""The buttons below the picture: play, speed, the way back, states, a second world."""

from __future__ import annotations

from typing import Any

import ipyvue
import traitlets

#: Bytes of a saved state that a browser hands over at most; larger files are opened by the command line.
LARGEST_UPLOAD = 8 << 20


class Transport(ipyvue.VueTemplate):
    """Play and what belongs to it. Message: where(first, last, shown, pace), with each frame.

    What the reader does comes back as ``heard["do"]({"do": ..., ...})``.
    """

    template_file = (__file__, "transport.vue")
    playing = traitlets.Bool().tag(sync=True)
    place = traitlets.Int().tag(sync=True)
    slowest = traitlets.Int().tag(sync=True)
    fastest = traitlets.Int().tag(sync=True)
    speedWords = traitlets.Unicode().tag(sync=True)
    fixed = traitlets.Unicode().tag(sync=True)
    mutable = traitlets.Bool().tag(sync=True)
    doing = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Int(-1).tag(sync=True)
    bound = traitlets.Unicode().tag(sync=True)
    live = traitlets.Bool(True).tag(sync=True)
    stale = traitlets.Bool().tag(sync=True)
    failed = traitlets.Bool().tag(sync=True)
    comparing = traitlets.Bool().tag(sync=True)
    largest = traitlets.Int(LARGEST_UPLOAD).tag(sync=True)
    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)

    def vue_event_do(self, data: dict[str, Any]) -> None:
        """The reader did something."""
        self.heard["do"](data)
