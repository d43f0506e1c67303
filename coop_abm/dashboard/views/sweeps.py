"""The widgets of the page Sweeps: what each is given, and what it says back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara
import traitlets

from coop_abm.dashboard.views.studies import Speaking

Event = Callable[[dict[str, Any]], None]


class Plane(Speaking):
    """Cells on a canvas. Messages: plane(data), nothing()."""

    template_file = (__file__, "plane.vue")
    said = traitlets.Unicode().tag(sync=True)

    def vue_event_cell(self, data: dict[str, Any]) -> None:
        """A cell was chosen."""
        self.heard["cell"](data)


@solara.component_vue("store.vue", vuetify=False)
def StoreBar(
    store: dict, names: list, choices: list, measures: list, measure: str, event_pick: Event, event_choose: Event,
    event_save: Event, event_stop: Event, event_resume: Event,
) -> None:  # fmt: skip
    """Which store, how far it is, what is looked at, what can be saved."""


@solara.component_vue("cells.vue", vuetify=False)
def Cells(leaf: dict, event_leaf: Event, event_cell: Event) -> None:
    """The table of cells, a leaf at a time; says ``{"first": ...}`` and ``{"row": ...}``."""


@solara.component_vue("cell.vue", vuetify=False)
def OneCell(cell: dict, event_leaf: Event, event_open: Event, event_toml: Event, event_shut: Event) -> None:
    """One cell and its runs; says ``{"replicate": ...}`` to replay one."""


@solara.component_vue("new_sweep.vue", vuetify=False)
def NewSweep(form: dict, error: str, busy: str, command: str, event_start: Event, event_demo: Event) -> None:
    """A new sweep: says all fields at once."""
