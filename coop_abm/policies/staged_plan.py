"""What runs of a world that is played in stages would ask of language models, before anything is spent.

Three numbers each, as in ``plan``. *Low* is what the first question asks for, which is certain. *Expected* is a
rehearsal with the world's own rules in the place of the models. *High* takes as many decisions as the world says
it can ask for at most, every one of them asked again, in the widest prompt of a second rehearsal, in which
models write the longest texts that they may and every number is as long as a number can be.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.question import Decision, Policy, Question, Together, Words
from coop_abm.engine.staged import Staged, play
from coop_abm.llm import dialects, prompts
from coop_abm.llm.budget import Rate, worst_case
from coop_abm.llm.dialect import Dialect, Form, Text
from coop_abm.llm.facts import Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.policies.cast import THINKING, Company
from coop_abm.policies.means import Means
from coop_abm.policies.plan import (
    AROUND_TEXT,
    LONGEST_TOKEN,
    MOST_REHEARSED,
    OF_ACTION,
    OF_REASONING,
    SHORTEST_REPLY,
    Plan,
    PlanRow,
    Range,
    dollars,
)  # fmt: skip
from coop_abm.policies.rehearsal import KEPT, LETTER, SHARE_OF_LIMIT, typical
from coop_abm.policies.teller import Teller, teller_of
from coop_abm.policies.widest import LONG_NUMBER, WIDEST
from coop_abm.scenario.minds import Mind, Model, Team, models_in

#: Replicates that are rehearsed at most.
REHEARSED = 3
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w.])")
_LONGEST = len(repr(LONG_NUMBER))
_NOBODY = Address("", 0, 0, 0, 0, "", 0)


def plan(declared: Any, *, seed: int = 0, replicates: int = 1) -> Plan:
    """What so many replicates of this world would ask of language models, each played to its end. Nothing is sent.

    Parameters
    ----------
    declared : a world that is played in stages (``StagedWorld``)

    Raises
    ------
    ScenarioError
        if models decide in it and it has nothing to tell them
    """
    grouped: dict[tuple[str, str], list[Model]] = {}
    for model in dict.fromkeys(model for mind in declared.minds() for model in models_in(mind)):
        grouped.setdefault((model.model, model.api_base), []).append(model)
    called = declared.title or type(declared).__name__
    if not grouped:
        return Plan(called, 0, seed, replicates, 0, (), ())
    runs = [_rehearsed(declared, seed, r, loud=False) for r in range(min(replicates, REHEARSED))]
    loud = _rehearsed(declared, seed, 0, loud=True)
    most = sum(declared.most_questions().values())
    rows = tuple(_row(models, runs, loud, most, replicates) for models in grouped.values())
    rounds = max(run.rounds for run in runs)
    return Plan(called, rounds, seed, replicates, rounds, rows, tuple(_notes(rows, runs)))


class Total(NamedTuple):
    """Plans of several worlds taken together; money is None if a price is not known."""

    calls: Range
    input_tokens: Range
    output_tokens: Range
    money: Range | None


def total(plans: Iterable[Plan]) -> Total:
    """What all of these would ask for together."""
    rows = [row for each in plans for row in each.rows]

    def summed(ranges: Sequence[Range]) -> Range:
        return Range(*(sum(column) for column in zip(*ranges))) if ranges else Range(0, 0, 0)

    money = [row.money for row in rows if row.money is not None]
    return Total(
        summed([row.calls for row in rows]), summed([row.input_tokens for row in rows]),
        summed([row.output_tokens for row in rows]), summed(money) if len(money) == len(rows) else None,
    )  # fmt: skip


# ------------------------------------------------------------------------------------- the rehearsal


class Rehearsal(Company):
    """Decides as the world's rules say, and counts and measures what models would have been asked.

    Parameters
    ----------
    loud : do models write the longest and widest texts that they may?

    Attributes
    ----------
    asked : (model, stage) -> questions
    first : model -> decisions of the first question
    sizes, replies : (model, stage) -> expected tokens of the prompts that were kept, and of their answers
    widest : (model, stage) -> most tokens of the question and of asking again, as budgets reserve them
    decisions, rounds : of everybody, and how long it was played
    """

    def __init__(self, minds: Sequence[Mind], table: Policy, teller: Teller, *, loud: bool):
        super().__init__(minds, table, Means())
        self._teller, self._loud = teller, loud
        self.asked: Counter[tuple[Model, str]] = Counter()
        self.first: Counter[Model] = Counter()
        self.sizes: dict[tuple[Model, str], list[float]] = {}
        self.replies: dict[tuple[Model, str], list[float]] = {}
        self.widest: dict[tuple[Model, str], int] = {}
        self.decisions = self.rounds = 0
        self.cut = False

    def _found(self, name: str) -> Policy:  # an object of the user's own is taken to do what the rules say
        return self.table

    def decide(self, question: Question) -> Any:
        """What the rules say; of planners also their plans."""
        first = self.decisions == 0
        self.decisions += len(question)
        answer = super().decide(question)
        if first:
            self.first.update({model: n for (model, stage), n in self.asked.items() if stage not in THINKING})
        return answer

    def ask_models(self, question: Question, minds: list[Model], place: str) -> Any:
        """What the rules would answer, with texts of the length that is expected, or permitted."""
        kept: dict[Model, list[int]] = {}
        for q, mind in enumerate(minds):
            self.asked[mind, question.stage] += 1
            if len(listed := kept.setdefault(mind, [])) < KEPT:
                listed.append(q)
        for mind, listed in kept.items():
            self._measure(mind, question.of(np.array(listed)))
        thinking = question.stage in THINKING
        answer = np.zeros(len(question), np.int64) if thinking else self.table.decide(question)
        return self._worded(answer.action if isinstance(answer, Decision) else answer, question)

    def _worded(self, answer: np.ndarray, question: Question) -> np.ndarray:
        if isinstance(question.choices, Words):
            return np.full(len(question), question.texts.number(self._text(question.choices.limit)), np.int64)
        if isinstance(question.choices, Together):
            answer = answer.copy()
            for name, part in question.choices.parts:
                if isinstance(part, Words):
                    answer[name] = question.texts.number(self._text(part.limit))
        return answer

    def _text(self, limit: int) -> str:
        if self._loud:
            return WIDEST * min(limit, prompts.LONGEST)
        return LETTER * max(1, int(limit * SHARE_OF_LIMIT)) if limit else ""

    def _measure(self, mind: Model, question: Question) -> None:
        key = mind, question.stage
        sizes, replies = self.sizes.setdefault(key, []), self.replies.setdefault(key, [])
        who = question.individual.tolist()
        for facts, each in zip(self._teller.facts(question, [mind] * len(who)), who, strict=True):
            manner = self._teller.manner(mind, each)
            dialect, schema = dialects.of(facts), prompts.schema_of(facts, manner)
            messages = prompts.render(facts, manner)
            if self._loud:
                wide = _tokens(messages, schema, mind) + _tokens(_again(messages, manner, dialect), schema, mind)
                self.widest[key] = max(self.widest.get(key, 0), wide)
            else:
                sizes.append(typical("".join(text for _role, text in messages)) + typical(schema))
                replies.append(min(_expected(dialect.form(facts, manner)), mind.max_tokens))


def _again(messages: tuple[tuple[str, str], ...], manner: Manner, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """The longest that it can be to ask again."""
    return prompts.repair(messages, WIDEST * prompts.LONGEST_REPLY, WIDEST * prompts.LONGEST_COMPLAINT, manner, dialect)


def _tokens(messages: tuple[tuple[str, str], ...], schema: str, mind: Model) -> int:
    """Tokens of a prompt as a budget reserves them, if every number of its state were as long as a number can be."""
    wider = sum(_LONGEST - len(found) for found in _NUMBER.findall(messages[1][1]))
    request = Request(mind.model, messages, schema, None, None, 0, "", _NOBODY)
    return worst_case(request, Rate(0, 0)).tokens + max(0, wider)


def _expected(form: Form) -> float:
    """Tokens that an answer is taken to have."""
    texts = sum(wanted.limit * SHARE_OF_LIMIT / 4 for _key, wanted in form.keys if isinstance(wanted, Text))
    plain = OF_REASONING if form.reasoning else OF_ACTION if not texts else AROUND_TEXT
    return plain + texts + OF_ACTION / 2 * (len(form.keys) - 1)


def _rehearsed(declared: Any, seed: int, replicate: int, *, loud: bool) -> Rehearsal:
    world: Staged = declared.start(seed, replicate)
    found = Rehearsal(declared.minds(), declared.table(), teller_of(world), loud=loud)
    while not world.over and found.decisions < MOST_REHEARSED:
        play(world, found, rounds=1)
    found.rounds, found.cut = world.round, not world.over
    return found


# ------------------------------------------------------------------------------------- the numbers


def _row(models: list[Model], runs: list[Rehearsal], loud: Rehearsal, most: int, replicates: int) -> PlanRow:
    """What one model would be asked in all replicates, `most` decisions in each at most."""
    scale = replicates / len(runs)
    asked: Counter[tuple[Model, str]] = Counter()
    for run in runs:
        # What was not rehearsed any more is taken to go on alike, for as long as it can.
        longer = most / run.decisions if run.cut else 1.0
        asked.update({key: count * longer for key, count in run.asked.items() if key[0] in models})  # type: ignore[misc]
    expected = {key: count * scale for key, count in asked.items()}
    stages = list(dict.fromkeys(stage for _model, stage in expected))
    least = min(sum(run.first[model] for model in models) for run in runs) * replicates
    highest = replicates * (most + _thinking(models, loud, most))
    calls = Range(least, min(max(sum(expected.values()), least), highest), 2 * highest)
    sizes, replies = _joined(runs, "sizes"), _joined(runs, "replies")
    smallest = min((min(listed) for key, listed in sizes.items() if key[0] in models), default=0.0)
    given = Range(
        least * smallest * 3 / LONGEST_TOKEN,
        sum(count * _mean(sizes[key]) for key, count in expected.items()),
        replicates * _widest(models, loud, most),
    )
    taken = Range(
        least * SHORTEST_REPLY,
        sum(count * _mean(replies[key]) for key, count in expected.items()),
        calls.high * max(model.max_tokens for model in models),
    )
    given, taken = (Range(low, min(max(low, middle), high), high) for low, middle, high in (given, taken))
    price = dollars(models)
    paid = None if price is None else Range(
        *(into * price[0] + out * price[1] for into, out in zip(given, taken, strict=True))
    )  # fmt: skip
    counted = {stage: round(sum(n for (_m, s), n in expected.items() if s == stage)) for stage in stages}
    return PlanRow(models[0].model, models[0].api_base, counted, calls, given, taken, paid)


def _thinking(models: list[Model], loud: Rehearsal, most: int) -> int:
    """Most questions about plans: one plan for so many turns of one's own, which are together no more than `most`."""
    teams = [mind for mind in loud.minds if isinstance(mind, Team) and set(models_in(mind)) & set(models)]
    return max(((1 + 2 * team.critiques) * (most // team.every) for team in teams), default=0)


def _widest(models: list[Model], loud: Rehearsal, most: int) -> int:
    """Most tokens of all prompts of one run, the questions that ask again among them."""
    acting = [wide for (model, stage), wide in loud.widest.items() if model in models and stage not in THINKING]
    thinking = [wide for (model, stage), wide in loud.widest.items() if model in models and stage in THINKING]
    widest = max(acting, default=0)
    return most * widest + _thinking(models, loud, most) * max(thinking, default=widest)


def _joined(runs: list[Rehearsal], name: str) -> dict[tuple[Model, str], list[float]]:
    found: dict[tuple[Model, str], list[float]] = {}
    for run in runs:
        for key, listed in getattr(run, name).items():
            found.setdefault(key, []).extend(listed)
    return found


def _mean(listed: list[float]) -> float:
    return sum(listed) / len(listed) if listed else 0.0


def _notes(rows: tuple[PlanRow, ...], runs: list[Rehearsal]) -> list[str]:
    notes = [
        f"no price is known for {row.model}: the run is refused unless price_input and price_output (US dollars per "
        "million tokens, 0 for a model of your own) say what it costs"
        for row in rows
        if row.money is None
    ]
    notes.append(
        "expected: models do what the world's rules say and answer at once; a token for 4 ASCII characters or 3 bytes "
        "of other scripts; texts a third of their limit; no hidden reasoning"
    )
    notes.append(
        "high: as many decisions as the world can ask for, all of them of this model and asked again; the widest "
        "prompts of a rehearsal with the longest texts, a token for each byte, max_tokens a reply; requests that fail "
        "and are tried again are not counted, but the caps of the run hold for them too"
    )
    if any(run.cut for run in runs):
        notes.append(
            f"expected from {max(run.rounds for run in runs):,} rounds that were rehearsed, and taken to go on"
        )
    return notes
