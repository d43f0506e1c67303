"""The widgets at the left and the right of the population: what each is given, and what it says back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara
import traitlets

from coop_abm.dashboard.views.network import Told

Event = Callable[[dict[str, Any]], None]


class Readout(Told):
    """Headline and curve. Messages: series(now, points, points before, moment), points(now, points, moment).

    The moment is the one that is looked back at, None for the present.
    """

    template_file = (__file__, "curve.vue")
    unit = traitlets.Unicode().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    theory = traitlets.Unicode().tag(sync=True)
    level = traitlets.Float(None, allow_none=True).tag(sync=True)
    levelWords = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)


@solara.component_vue("heading.vue", vuetify=False)
def Heading(groups: list, name: str, about: str, link: str, error: str, event_choose: Event) -> None:
    """Which world is on show; the address bar follows it."""


@solara.component_vue("controls.vue", vuetify=False)
def Controls(sections: list, errors: dict, marks: dict, upload: str, event_change: Event, event_upload: Event) -> None:
    """Toggles and knobs; says ``{"path": ..., "text": ...}``, and ``{"name": ..., "data": ...}`` of a graph file."""


@solara.component_vue("theory.vue", vuetify=False)
def Theory(
    answer: str, verdict: str, silence: str, wayOut: str, law: dict, limits: list, event_structure: Event
) -> None:
    """What theory says, the law as bars, and what the claim does not cover."""


@solara.component_vue("predict.vue", vuetify=False)
def Predict(
    asks: bool, bet: str, begun: bool, told: dict, right: int, made: int, event_take: Event, event_ask: Event
) -> None:  # fmt: skip
    """The bet before a run, and the answer to it."""


@solara.component_vue("measure.vue", vuetify=False)
def Measure(
    reading: dict, what: str, state: str, words: str, share: float, left: float, error: str, stale: bool, refused: dict,
    now: float, event_start: Event, event_stop: Event,
) -> Any:  # fmt: skip
    """What would it take? Says ``{"what": ...}``, a name of ``measuring.MEASURES``; `refused` says which cannot be."""


@solara.component_vue("share.vue", vuetify=False)
def Share(
    link: str, command: str, caption: str, file: str, own: str, handout: bool, doing: str, error: str,
    event_export: Event,
) -> None:  # fmt: skip
    """Everything that can be taken away; says ``{"form": ...}`` of what the server has to make."""


@solara.component_vue("keysheet.vue", vuetify=False)
def KeySheet() -> None:
    """All keys, and the switch that turns the letters off."""


@solara.component_vue("headline.vue", vuetify=False)
def Headline(words: str, word: str) -> None:
    """The sentence under the population."""
