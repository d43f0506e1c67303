"""The widgets of the page Experiments: what each is given, and what it says back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyvue
import solara
import traitlets

Event = Callable[[dict[str, Any]], None]


class Speaking(ipyvue.VueTemplate):
    """A widget that is sent messages once it has said that it is there: ``heard["ready"](widget)``."""

    heard = traitlets.Dict()

    def vue_event_ready(self, _data: dict[str, Any]) -> None:
        """The browser has made this widget."""
        self.heard["ready"](self)


class Living(Speaking):
    """A small world that moves. Messages: world(about, [places, edges, state]), frame(time, [state])."""

    template_file = (__file__, "living.vue")
    words = traitlets.Unicode().tag(sync=True)

    def vue_event_credit(self, _data: dict[str, Any]) -> None:
        """The browser has room for a frame."""
        self.heard["credit"]()


class Paper(Speaking):
    """A figure that is made for paper. Messages: picture([PNG])."""

    template_file = (__file__, "paper.vue")
    alt = traitlets.Unicode().tag(sync=True)


@solara.component_vue("studies.vue", vuetify=False)
def Studies(studies: list, error: str, event_go: Event) -> None:
    """All experiments; says ``{"name": ...}``."""


@solara.component_vue("work.vue", vuetify=False)
def Work(
    work: dict, run: str, event_run: Event, event_stop: Event, event_quick: Event,
) -> None:  # fmt: skip
    """Run, Stop, a quick form, and how far it is."""


@solara.component_vue("outcome.vue", vuetify=False)
def Outcome(
    table: dict, reading: str, stale: str, empty: str, columns: list, files: list, event_save: Event
) -> None:  # fmt: skip
    """The table of an experiment, what it says, and what can be downloaded; says ``{"what": ...}``."""


@solara.component_vue("worlds.vue", vuetify=False)
def Worlds(worlds: list, many: str, event_show: Event, event_open: Event) -> None:
    """The worlds that are measured, closed where they are `many`; says ``{"name": ...}``."""


@solara.component_vue("earnings.vue", vuetify=False)
def Earnings(view: dict) -> None:
    """Of a tournament: who earned how much from whom."""


@solara.component_vue("factorial.vue", vuetify=False)
def FactorialMap(view: dict) -> None:
    """Of the languages experiment: cooperation by game and language, and the games behind each square."""


@solara.component_vue("teams.vue", vuetify=False)
def TeamMatches(view: dict) -> None:
    """Of team tournaments: matches move by move, points of teams, plans and critiques."""


@solara.component_vue("commons.vue", vuetify=False)
def CommonsRuns(view: dict) -> None:
    """Of the commons: stock, harvests, punishments and norms of single runs, round by round."""
