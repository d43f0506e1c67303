"""The panel of two worlds: which knob, both curves in one chart, what many pairs say."""

from __future__ import annotations

from typing import Any

import traitlets

from coop_abm.dashboard.views.network import Told


class Comparison(Told):
    """Two worlds side by side. Messages: series(now, first, second), points(now, first, second)."""

    template_file = (__file__, "compare.vue")
    unit = traitlets.Unicode().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    path = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    here = traitlets.Unicode().tag(sync=True)
    there = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    parted = traitlets.Unicode().tag(sync=True)
    pairs = traitlets.Unicode().tag(sync=True)
    job: Any = traitlets.Dict().tag(sync=True)

    def vue_event_do(self, data: dict[str, Any]) -> None:
        """The reader chose another knob, wants more pairs, or wants them to stop."""
        self.heard["do"](data)
