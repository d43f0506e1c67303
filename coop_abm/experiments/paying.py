"""What an experiment could spend on language models, before anything is sent, and what it has sent.

Every staged world says how many decisions of each stage one run can ask for at most, and a rehearsal how long prompts
are. An experiment that is expected to pass its budget is refused as a whole: cells that are not whole say nothing, so
to end halfway is to have paid for nothing. The most that it could cost is said beside it; the cap of the journal,
which sets the worst case aside before each request, holds whatever was expected.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm.core.errors import InputError, JournalError, quoted
from coop_abm.scenario.minds import STAND_IN, Model, models_in

if TYPE_CHECKING:
    from coop_abm.experiments.staged import StagedExperiment
    from coop_abm.policies.means import Means
    from coop_abm.policies.plan import Range


class Bill(NamedTuple):
    """What the runs that are missing could ask of models that cost money.

    runs  : of cells in which such a model decides
    calls, money : low, expected and high, see ``policies/staged_plan.py``; US dollars
    """

    runs: int
    calls: Range
    money: Range

    @property
    def words(self) -> str:
        """The same in words."""
        low, high = self.money.expected, self.money.high
        return (
            f"{self.runs:,} runs are expected to cost {low:,.4g} US dollars (at most {high:,.4g}) in "
            f"{self.calls.expected:,.0f} calls"
        )


def bill(experiment: StagedExperiment) -> Bill:
    """What is to be expected of the runs that are not there yet. Nothing is sent.

    Raises
    ------
    InputError
        if no price is known for a model
    """
    from coop_abm.policies.staged_plan import plan, total

    runs, plans = 0, []
    for name, missing in experiment.missing_runs().items():
        world = experiment.worlds[name]
        if missing and bought(world):
            runs += missing
            plans.append(plan(world, seed=experiment.seed, replicates=missing))
    found = total(plans)
    if found.money is None:
        named = next(row.model for each in plans for row in each.rows if row.money is None)
        raise InputError(
            f"policy: no price is known for {quoted(named)[1:-1]}; a policy file (.toml) with kind, model, "
            "price_input and price_output (US dollars per million tokens, 0 for a model of your own) says what it costs"
        )
    return Bill(runs, found.calls, found.money)


def bought(world: Any) -> tuple[Model, ...]:
    """The models that decide in a world and are no stand-ins."""
    models = [model for mind in dict.fromkeys(world.minds()) for model in models_in(mind)]
    return tuple(dict.fromkeys(model for model in models if not model.model.startswith(STAND_IN)))


def check(experiment: StagedExperiment) -> str:
    """Refuse an experiment that costs money and has no cap, or that is expected to go beyond it.

    Returns
    -------
    a note where the cap may end it before its end; "" otherwise

    Raises
    ------
    InputError
        saying what is expected, what was spent before and what is permitted; nothing was sent
    """
    means = experiment.means
    if not any(bought(world) for world in experiment.worlds.values()):
        return ""
    due, before = bill(experiment), spent(means)
    if due.money.high > 0 and means.max_cost is None and means.max_calls is None and means.max_tokens is None:
        raise InputError(f"budget: {due.words}, so there must be one, in US dollars; nothing was sent")
    caps = (
        (means.max_cost, before.money, due.money, "budget"),
        (means.max_calls, before.calls, due.calls, "max_calls"),
    )
    for cap, gone, range_, name in caps:
        if cap is not None and gone + range_.expected > cap:
            already = f" beside {gone:,.4g} before" if gone else ""
            raise InputError(f"{name}: {due.words}{already}, but {cap:,.4g} is the cap; nothing was sent")
    if any(cap is not None and gone + range_.high > cap for cap, gone, range_, _name in caps):
        return f"{due.words}: should that pass the cap it ends there, and what was done is kept"
    return ""


class Spent(NamedTuple):
    """What went out under a budget so far; US dollars."""

    calls: int
    money: float


def spent(means: Means) -> Spent:
    """What the books of the journal say of the budget of these means."""
    from coop_abm.llm.transcript import accounts

    file = Path(means.kept) if means.kept else None
    if file is None or not file.is_file():
        return Spent(0, 0.0)
    try:
        held = next((each for each in accounts(file) if each.name == means.budget), None)
    except JournalError:  # whoever asks next is told why, in a sentence
        held = None
    return Spent(held.calls, held.money) if held else Spent(0, 0.0)
