"""The question about money on a page: the plan of a world, the caps, and the reader's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from coop_abm.core.errors import InputError, quoted
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.money import planned, purse_of
from coop_abm.dashboard.views.transcripts import Question
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.scenario import Scenario

#: Rounds that the plan is for where the page asks for none in particular.
USUAL_STEPS = 20


@solara.component
def Money(
    visit: Visit,
    scenario: Scenario | None,
    seed: int = 0,
    steps: int = USUAL_STEPS,
    on_confirm: Callable[[], None] = lambda: None,
    beat: int = 0,
) -> None:
    """What this world may cost, and what the tab has spent; nothing where no model is asked that could cost.

    Parameters
    ----------
    on_confirm : called when the reader has permitted it, or changed a cap; a world that is running has to be started
                 again then, which costs nothing: what was bought is read from the journal
    beat       : another number, and what was spent is looked up again
    """
    purse = purse_of(visit)
    version, set_version = solara.use_state(0)
    error, set_error = solara.use_state("")
    job = solara.use_memo(Job, [])
    job.on_change = lambda: set_version(lambda n: n + 1)
    bought = purse.bought(scenario) if scenario is not None else ()
    solara.use_effect(lambda: job.stop, [])

    def foresee() -> None:
        if scenario is not None and bought:
            job.start(lambda report: planned(scenario, steps, seed))

    solara.use_effect(foresee, [bought, steps, scenario])

    def do(event: dict[str, Any]) -> None:
        set_error("")
        if event.get("do") == "confirm" and scenario is not None:
            try:
                purse.confirm(scenario, str(event.get("money", ""))[:40], str(event.get("calls", ""))[:40])
            except InputError as wrong:
                set_error(str(wrong))
                return
            set_version(lambda n: n + 1)
            on_confirm()

    rows, why = job.now.result or ([], job.now.error)
    spent = solara.use_memo(lambda: purse.spent, [beat, version, purse.most_money, purse.most_calls])
    full = max(spent.money / spent.most_money if spent.most_money else 1.0, spent.calls / max(1, spent.most_calls))
    Question(
        now={
            "models": [quoted(model, 200)[1:-1] for model, _ in bought], "rows": rows, "error": error or why,
            "confirmed": scenario is None or purse.confirmed(scenario), "steps": steps, "planning": job.now.working,
            "spent": f"{spent.money:.4f}", "money": f"{spent.most_money:g}", "calls": f"{spent.calls:,}",
            "most": f"{spent.most_calls:,}", "full": full if bought else 0.0, "journal": str(purse.journal),
            "asked": repr(bought),
        },
        event_do=do,
    )  # fmt: skip
