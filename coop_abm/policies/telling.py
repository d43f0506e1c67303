"""From the typed view to the facts that a prompt may hold, and how they are said to each individual."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coop_abm.core.question import Question
from coop_abm.llm.dialects.encounter import ENCOUNTER
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.prompts import judged_by
from coop_abm.mechanisms.base import Answers
from coop_abm.policies.one import STANDINGS
from coop_abm.scenario.minds import Model
from coop_abm.scenario.scenario import Scenario

_OUTCOMES = ((0, 0), (0, 1), (1, 0), (1, 1))
NEUTRAL, PLAIN = ("action_a", "action_b"), ("cooperate", "defect")
#: Purpose of the numbers by which labels are dealt, see ``core/dice.py``.
_LABELS = 103


def dealt(size: int, seed: int) -> np.ndarray:
    """int (N,): 0 to 3 for each individual, each for a quarter of them.

    Bit 0 says whether `action_a` is to defect, bit 1 whether the second label is listed first; so neither
    a label nor a place in a list can pass for an action in the mean over a population.
    """
    source = np.random.SeedSequence(seed, spawn_key=(_LABELS,))
    order = np.argsort(np.random.Philox(source).random_raw(size), kind="stable")
    codes = np.empty(size, np.int64)
    codes[order] = np.arange(size) % 4
    return codes


def dealt_manner(mind: Model, code: int) -> Manner:
    """How a model wants things said, with two labels dealt by a code of :func:`dealt`."""
    labels = PLAIN if mind.labels == "plain" else NEUTRAL
    if mind.labels == "neutral" and code & 1:
        labels = labels[1], labels[0]
    return Manner(mind.language, mind.framing, labels, bool(code & 2), mind.persona, mind.reasoning)


class EncounterTeller:
    """What may be said in a world of the five rules, and how it is said to each of its individuals."""

    dialect = ENCOUNTER.name

    def __init__(self, scenario: Scenario, answers: Answers, seed: int):
        world, self.codes = scenario, dealt(scenario.size, seed)
        kin, known = world.kin, world.indirect
        degree = np.diff(answers.indptr) if len(answers.indptr) else np.full(world.size, world.size - 1)
        self.degree = degree if world.network.enabled else None
        self.grouped, self.related, self.informed = answers.groups > 1, kin.enabled, known.enabled
        self.repeated, self.talks = world.direct.enabled, world.talk != "never"
        reward, sucker, temptation, punishment = world.game.payoffs().ravel().tolist()
        self.common = Facts(
            stage="act", payoffs=((reward, sucker), (temptation, punishment)), round=0, turn=0, partner=0,
            slips=world.execution_error or None, slips_both=world.slips == "both",
            continuation=world.direct.continuation if world.direct.enabled else None,
            visibility=known.visibility if known.enabled else None,
            judged=judged_by(known.assessment) if known.enabled else None,
            public=not answers.private if known.enabled else None,
            relatedness=kin.relatedness if kin.enabled and kin.channel == "value" else None,
            assortment=kin.relatedness if kin.enabled and kin.channel == "meeting" else None,
            family=kin.family if kin.enabled and kin.channel == "descent" else None,
            everybody=world.partners == "all" if world.network.enabled else None, talks=self.talks,
        )  # fmt: skip

    def manner(self, mind: Model, individual: int) -> Manner:
        """How things are said to this individual."""
        return dealt_manner(mind, int(self.codes[individual]))

    def fallback(self, kind: str, question: Question, q: int) -> int:
        """The action that a model's fallback names; at random each with probability one half."""
        return {"cooperate": 0, "defect": 1, "random": int(question.draw[q] >= 0.5)}[kind]

    def facts(self, question: Question, minds: list[Model]) -> Iterator[Facts]:
        """The facts of each row, for the model that decides it."""
        seen, texts, common = question.view, question.texts, self.common
        limit = getattr(question.choices, "limit", None)
        columns = (
            question.individual, question.partner, seen.standing, seen.own, seen.kin, seen.group, seen.members,
            seen.payoff, seen.said, seen.memo,
        )  # fmt: skip
        abouts = zip(seen.draft.tolist(), seen.critique.tolist(), strict=True)
        rows = zip(*(column.tolist() for column in columns), abouts, seen.history.tolist(), minds, strict=True)
        for who, partner, standing, own, kin, group, members, payoff, said, memo, about, history, mind in rows:
            draft, critique = (texts[number] or None for number in about)
            yield common._replace(
                stage=question.stage, round=question.round, turn=question.turn, partner=partner,
                horizon=mind.horizon or None,
                history=tuple(_OUTCOMES[outcome - 1] for outcome in history) if self.repeated else None,
                standing=STANDINGS[standing] if self.informed else None,
                own_standing=STANDINGS[own] if self.informed else None,
                kin=bool(kin) if common.family is not None else None,
                neighbours=None if self.degree is None else int(self.degree[who]),
                group=group if self.grouped else None, members=members if self.grouped else None,
                payoff=None if payoff != payoff else payoff,
                said=texts[said] if self.talks and question.stage != "talk" else None,
                limit=limit, memo=texts[memo] if memo else None,
                draft=draft, critique=critique,
            )  # fmt: skip
