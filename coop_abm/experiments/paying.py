"""What an experiment could spend on language models, before anything is sent, and what it has sent.

Every staged world says how many decisions of each stage one run can ask for at most, and a rehearsal how long prompts
are. To render prompts takes far longer than to play by rules, so every cell is played, and of the cells that ask alike
only the one that asks most is rehearsed with its prompts. An experiment that is expected to pass its budget is refused
as a whole: cells that are not whole say nothing, so to end halfway is to have paid for nothing. The most that it could
cost is said beside it; the cap of the journal, which sets the worst case aside before each request, holds whatever was
expected.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, JournalError, quoted
from coop_abm.scenario.minds import STAND_IN, Model, models_in

if TYPE_CHECKING:
    from coop_abm.core.question import Question
    from coop_abm.experiments.base import Report
    from coop_abm.experiments.staged import StagedExperiment
    from coop_abm.policies.means import Means
    from coop_abm.policies.plan import Range

#: Replications of a cell that are played to learn how often it asks; of many cells one each.
PLAYED, FEW_CELLS = 3, 12
#: By how much the most that a cell could cost may pass that of the one like it that was rehearsed: digits.
DIGITS = 1.01
#: Calls a second that the stand-in answers, prompts, journal and parser included: measured on 2 cores with ``experiment
#: commons --policy stand-in`` in November 2026. Seconds from which a run of it is announced.
STAND_IN_RATE, LONG = 190.0, 120.0


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


def bill(experiment: StagedExperiment, report: Report | None = None) -> Bill:
    """What is to be expected of the runs that are not there yet. Nothing is sent.

    Raises
    ------
    InputError
        if no price is known for a model
    """
    from coop_abm.policies import staged_plan
    from coop_abm.policies.plan import THINKING, Range

    due = _due(experiment, bought)
    _prices(experiment, due)
    played = dict(_played(experiment, due, _models, report, until=0.3, wide=True))
    alike: dict[Hashable, list[str]] = {}
    for name in played:
        alike.setdefault(experiment.shape(name), []).append(name)
    calls, money = [Range(0, 0, 0)], [Range(0, 0, 0)]
    for number, names in enumerate(alike.values(), 1):
        most = max(names, key=lambda name: played[name])
        plan = staged_plan.plan(experiment.worlds[most], seed=experiment.seed)
        found = staged_plan.total([plan])
        assert found.money is not None  # all prices are known
        runs, asked = sum(due[name] for name in names), sum(due[name] * played[name].asked for name in names)
        # How often is what was played, with the texts of the rules; the rehearsal says what a decision comes to.
        decisions = sum(n for row in plan.rows for stage, n in row.stages.items() if stage not in THINKING)
        longer = max(played[name].width for name in names) / played[most].width if played[most].width else 1.0
        longer *= DIGITS if len(names) > 1 else 1.0
        for total, one, wider in ((calls, found.calls, 1.0), (money, found.money, longer)):
            low, high = one.low * runs, one.high * runs * wider
            total.append(Range(low, min(max(one.expected * asked / max(decisions, 1), low), high), high))
        if report is not None:
            report(f"rehearsed {number:,} of {len(alike):,} kinds of cells", 0.3 + 0.7 * number / len(alike))
    return Bill(sum(due.values()), *(Range(*map(sum, zip(*ranges, strict=True))) for ranges in (calls, money)))


def bought(world: Any) -> tuple[Model, ...]:
    """The models that decide in a world and are no stand-ins."""
    return tuple(model for model in _models(world) if not model.model.startswith(STAND_IN))


def stood_in(world: Any) -> tuple[Model, ...]:
    """The models that the stand-in plays in a world."""
    return tuple(model for model in _models(world) if model.model.startswith(STAND_IN))


def _models(world: Any) -> tuple[Model, ...]:
    return tuple(dict.fromkeys(model for mind in dict.fromkeys(world.minds()) for model in models_in(mind)))


def _due(experiment: StagedExperiment, of: Callable[[Any], tuple[Model, ...]]) -> dict[str, int]:
    """The runs that are not there yet, of cells in which such models decide."""
    missing = experiment.missing_runs()
    return {name: runs for name, runs in missing.items() if runs and of(experiment.worlds[name])}


def _prices(experiment: StagedExperiment, due: dict[str, int]) -> str:
    """The name of a model that costs money; "" where none does.

    Raises
    ------
    InputError
        if no price is known for a model
    """
    from coop_abm.policies.plan import dollars

    grouped: dict[tuple[str, str], dict[Model, None]] = {}
    for name in due:
        for model in bought(experiment.worlds[name]):
            grouped.setdefault((model.model, model.api_base), {})[model] = None
    costly = ""
    for (named, _endpoint), models in grouped.items():
        price = dollars(list(models))
        if price is None:
            raise InputError(
                f"policy: no price is known for {quoted(named)[1:-1]}; a policy file (.toml) with kind, model, "
                "price_input and price_output (US dollars per million tokens, 0 for a model of your own) says what it "
                "costs"
            )
        costly = costly or (quoted(named)[1:-1] if max(price) > 0 else "")
    return costly


class _Played(NamedTuple):
    """How much one run asks of models.

    asked : decisions, on average
    width : of the longest prompt of its first question, in bytes; 0 where it asks no model
    """

    asked: float
    width: int


def _played(
    experiment: StagedExperiment, due: dict[str, int], of: Callable[[Any], tuple[Model, ...]], report: Report | None,
    *, until: float = 1.0, wide: bool = False,
) -> Iterator[tuple[str, _Played]]:  # fmt: skip
    """Each of these cells, and how often one run of it asks such models if they do what its rules say."""
    for number, (name, missing) in enumerate(due.items(), 1):
        world = experiment.worlds[name]
        models = set(of(world))
        runs = min(missing, PLAYED if len(due) <= FEW_CELLS else 1)
        asked = sum(_asked(world, experiment.seed, r, models) for r in range(runs)) / runs
        yield name, _Played(asked, _width(world, experiment.seed) if wide else 0)
        if report is not None:
            report(f"played {number:,} of {len(due):,} cells by their rules", until * number / len(due))


def _asked(declared: Any, seed: int, replicate: int, models: set[Model]) -> float:
    """Decisions of these models in one run that is played by its rules; a long one is taken to go on alike."""
    from coop_abm.engine.staged import play
    from coop_abm.policies.plan import MOST_REHEARSED

    world, counting = declared.start(seed, replicate), _Counting(declared, models)
    while not world.over and counting.decisions < MOST_REHEARSED:
        play(world, counting, rounds=1)
    if world.over:
        return float(counting.asked)
    return counting.asked * max(1.0, sum(declared.most_questions().values()) / counting.decisions)


class _Counting:
    """Decides as the rules say, and counts the decisions, and among them those of some models."""

    def __init__(self, declared: Any, models: set[Model]):
        self._table, self.decisions, self.asked = declared.table(), 0, 0
        self._theirs = [bool(models & set(models_in(mind))) for mind in declared.minds()]

    def decide(self, question: Question) -> Any:
        """What the rules say."""
        self.decisions += len(question)
        self.asked += sum(self._theirs[who] for who in question.individual.tolist())
        return self._table.decide(question)


def _width(declared: Any, seed: int) -> int:
    """Bytes of the longest prompt of the first question of a world; 0 where it asks none of them."""
    from coop_abm.llm import prompts
    from coop_abm.policies.teller import teller_of

    world = declared.start(seed)
    question, minds, teller = world.ask(), declared.minds(), teller_of(world)
    models = [next(iter(models_in(minds[who])), None) for who in question.individual.tolist()]
    rows = np.array([q for q, model in enumerate(models) if model is not None], np.int64)
    some, theirs = question.of(rows), [models[q] for q in rows.tolist()]
    told = zip(teller.facts(some, theirs), theirs, some.individual.tolist(), strict=True)
    sizes = [
        sum(len(text.encode()) for _role, text in prompts.render(facts, teller.manner(model, who)))
        for facts, model, who in told
    ]
    return max(sizes, default=0)


class Standing(NamedTuple):
    """What the stand-in would be asked in the runs that are missing, if its strategies do what their rules say."""

    calls: float

    @property
    def seconds(self) -> float:
        """About how long that takes."""
        return self.calls / STAND_IN_RATE

    @property
    def words(self) -> str:
        """The same in words."""
        return (
            f"the stand-in is expected to get {self.calls:,.0f} calls, which take about {_duration(self.seconds)} at "
            f"the {STAND_IN_RATE:g} a second that were measured on two cores"
        )


def standing(experiment: StagedExperiment, report: Report | None = None) -> Standing:
    """What the stand-in would be asked. Nothing is sent."""
    due = _due(experiment, stood_in)
    return Standing(sum(due[name] * one.asked for name, one in _played(experiment, due, stood_in, report)))


def long_standing(experiment: StagedExperiment, report: Report | None = None) -> Standing | None:
    """The same, where it may take long; None where it cannot."""
    due = _due(experiment, stood_in)
    most = sum(runs * sum(experiment.worlds[name].most_questions().values()) for name, runs in due.items())
    if most <= LONG * STAND_IN_RATE:
        return None
    found = standing(experiment, report)
    return found if found.seconds > LONG else None


def _duration(seconds: float) -> str:
    """Seconds as one would say them.

    >>> [_duration(n) for n in (12, 130, 7300)]
    ['12 s', '2 min', '2 h 2 min']
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def check(experiment: StagedExperiment, report: Report | None = None) -> str:
    """Refuse an experiment that costs money and has no cap, or that is expected to go beyond it.

    What needs no rehearsal is refused before it.

    Returns
    -------
    a note where the cap may end it before its end; "" otherwise

    Raises
    ------
    InputError
        saying what is expected, what was spent before and what is permitted; nothing was sent
    """
    means = experiment.means
    due = _due(experiment, bought)
    costly = _prices(experiment, due)
    if costly and means.max_cost is None and means.max_calls is None and means.max_tokens is None:
        raise InputError(
            f"budget: {costly} costs money, so there must be one for {sum(due.values()):,} runs, in US dollars; "
            "nothing was sent, and --plan says what to expect"
        )
    if not due or (not costly and means.max_calls is None):
        return ""
    now, before = bill(experiment, report), spent(means)
    caps = (
        (means.max_cost, before.money, now.money, "budget"),
        (means.max_calls, before.calls, now.calls, "max_calls"),
    )
    for cap, gone, range_, name in caps:
        if cap is not None and gone + range_.expected > cap:
            already = f" beside {gone:,.4g} before" if gone else ""
            raise InputError(f"{name}: {now.words}{already}, but {cap:,.4g} is the cap; nothing was sent")
    if any(cap is not None and gone + range_.high > cap for cap, gone, range_, _name in caps):
        return f"{now.words}: should that pass the cap it ends there, and what was done is kept"
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
