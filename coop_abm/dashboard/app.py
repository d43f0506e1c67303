"""The dashboard as one Solara component: the frame, and inside it the page that the address names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from coop_abm import lab
from coop_abm.dashboard.pages import PAGES
from coop_abm.dashboard.views.frame import Frame
from coop_abm.dashboard.visit import Visit
from coop_abm.experiments import experiment
from coop_abm.opened import Opened, opened_experiment
from coop_abm.scenario.scenario import Scenario

STYLE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "views" / "style").glob("*.css"))
)


def page(scenario: Scenario | str | Path, model: Any = None, *, seed: int = 0) -> Callable[[], Any]:
    """A Solara component: the dashboard, with this world in its Lab, which comes first.

    Parameters
    ----------
    scenario : a Scenario, the name of one or a TOML file: the world to begin with
    model    : a Mesa model class called as ``model(scenario, rng=seed)``, with ``step()`` and
               ``snapshot()``; without it the world is ``coop_abm.lab.start(scenario, seed)``
    seed     : root seed of the first world

    Raises
    ------
    InputError
        if the scenario or the seed cannot be used
    """
    lab.check_seed(seed)
    return dashboard(Opened(lab.world(scenario), seed), model)


def experiment_page(name: str) -> Callable[[], Any]:
    """A Solara component: the dashboard, with the page of this experiment, which comes first.

    Raises
    ------
    InputError
        if there is no such experiment
    """
    experiment(name)
    return dashboard(opened_experiment(name))


def dashboard(opened: Opened, model: Any = None) -> Callable[[], Any]:
    """A Solara component: all pages, the one that was asked for at the root address."""
    # Reacton looks into pandas as soon as it begins to be loaded, and stumbles where a thread has loaded half of it.
    import pandas  # noqa: F401

    @solara.component
    def Dashboard() -> None:
        router = solara.use_router()
        visit = solara.use_memo(lambda: Visit(opened, model), [])
        visit.here(router.search, router.push)
        solara.use_effect(visit.open, [])
        word = router.path.strip("/") or opened.page
        shown = next((p for p in PAGES if p.path == word), None) or PAGES[0]
        solara.Style(STYLE)
        solara.Title(f"{shown.title} · coop_abm")
        with solara.v.Html(tag="div", class_="coop"):
            Frame.element(
                pages=[{"path": p.path, "title": p.title} for p in PAGES], here=shown.path, layout=None,
                heard={"go": lambda to: visit.go(f"/{to}"), "ready": visit.employ},
            )  # fmt: skip
            shown.body(visit)

    return Dashboard
