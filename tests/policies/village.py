"""The village with one well as a world that is played in stages: tables and language models draw, judge and plan."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.core.question import Decision, Options, Question, Real, Someone, Texts, Together, Whole, Words
from coop_abm.llm.facts import Manner
from coop_abm.scenario.minds import AnyMind, Mind, Model, Table
from tests.llm.small_dialect import VERDICTS, WELL, Village, drawn, judged

WORDS = 40


class Villager(Part):
    """One individual: its strategy, and who decides for it."""

    strategy: str = knob("fair", "strategy")
    policy: AnyMind = knob(Table(), "policy")


class WellWorld(Part):
    """What is declared of a village."""

    title = "village"
    teller: ClassVar[str] = "tests.policies.village:WellTeller"
    unspoken: ClassVar[tuple[str, ...]] = ("rounds",)

    villagers: tuple[Villager, ...] = (Villager(), Villager(), Villager(), Villager(strategy="greedy"))
    rounds: int = knob(4, "rounds", low=1)
    rain: float = knob(6.5, "rain", low=0)

    def start(self, seed: int, replicate: int = 0) -> RunningWell:
        return RunningWell(self, seed, replicate)

    def minds(self) -> tuple[Mind, ...]:
        return tuple(each.policy for each in self.villagers)

    def table(self) -> WellTable:
        return WellTable(tuple(each.strategy for each in self.villagers))

    def most_questions(self) -> dict[str, int]:
        return {stage: self.rounds * len(self.villagers) for stage in ("draw", "judge")}

    def with_policy(self, policy: str, **knobs: Any) -> WellWorld:
        """Everybody decided for as one word says."""

        def mind(each: Villager) -> Mind:
            if policy == "table":
                return Table()
            return Model(model=f"stand-in/{each.strategy}" if policy == "stand-in" else policy, **knobs)

        return self.of(mind)

    def of(self, mind) -> WellWorld:
        """The same village, decided for by ``mind(villager)``."""
        told = tuple(each.model_copy(update={"policy": mind(each)}) for each in self.villagers)
        return self.model_copy(update={"villagers": told})


class Seen(NamedTuple):
    """What each of Q deciders sees.

    me : (Q,), its number; water : (Q,); most : (Q,), how much it may draw
    last : (Q, N), what was drawn last, -1 before
    said : number of what was said to it last; memo, played, draft, critique : as in ``core.question.View``
    """

    me: np.ndarray
    water: np.ndarray
    most: np.ndarray
    last: np.ndarray
    said: np.ndarray
    memo: np.ndarray
    played: np.ndarray
    draft: np.ndarray
    critique: np.ndarray


class RunningWell:
    """A village that runs: everybody draws, then everybody judges, then it rains."""

    def __init__(self, declared: WellWorld, seed: int, replicate: int):
        self.declared, self.seed, self.replicate = declared, seed, replicate
        self.texts, self.round, self.over, self._stage = Texts(), 0, False, "draw"
        self.water, people = 12.0, len(declared.villagers)
        self.last = np.full(people, -1, np.int64)
        self.said, self.memo, self.played = (np.zeros(people, np.int64) for _ in range(3))
        self.events: list[Any] = []
        self._open: Question | None = None

    @property
    def most(self) -> int:
        return int(min(5.0, self.water))

    def ask(self) -> Question | None:
        if self.over:
            return None
        if self._open is None:
            self._open = self._question()
        return self._open

    def _question(self) -> Question:
        people = len(self.last)
        who, nothing = np.arange(people), np.zeros(people, np.int64)
        words = Words(WORDS, self.texts)
        permitted = ~np.eye(people, dtype=bool)
        choices: Any = Whole(0, 5)
        if self._stage == "judge":
            choices = Together(
                (("whom", Someone(permitted, nobody=True)), ("verdict", Options(VERDICTS)), ("trust", Real(0.0, 1.0)),
                 ("words", words))
            )  # fmt: skip
        stage = ("draw", "judge").index(self._stage)
        source = np.random.SeedSequence(self.seed, spawn_key=(self.replicate, self.round, stage))
        draw = np.random.Generator(np.random.Philox(source)).random(people)
        view = Seen(
            who, np.full(people, self.water), np.full(people, self.most), np.tile(self.last, (people, 1)), self.said,
            self.memo, self.played, nothing, nothing,
        )  # fmt: skip
        same = np.full(people, self.replicate, np.int64)
        return Question(self._stage, self.round, 0, same, who, nothing - 1, view, choices, draw, who, self.texts)

    def tell(self, answers: np.ndarray | Decision) -> None:
        question = self.ask()
        assert question is not None
        action, memo = answers if isinstance(answers, Decision) else (answers, None)
        found = question.choices.validate(action, len(question))
        if memo is not None:
            self.memo = np.where(memo >= 0, memo, self.memo)
        self.played, self._open = self.played + 1, None
        self.events.append((self._stage, found.tolist(), [self.texts[int(number)] for number in self.memo]))
        if self._stage == "draw":
            self.last, self._stage = found.copy(), "judge"
            return
        self.said = np.zeros_like(self.said)
        for whom, words in zip(found["whom"].tolist(), found["words"].tolist(), strict=True):
            if whom >= 0:
                self.said[whom] = words
        self.water = max(0.0, self.water - float(self.last.sum())) + self.declared.rain
        self.round, self._stage = self.round + 1, "draw"
        self.over = self.round == self.declared.rounds

    def measures(self) -> dict[str, float]:
        return {"water": self.water, "drawn": float(self.last.mean())}

    def story(self) -> dict[str, Any]:
        told = [(stage, found, memos) for stage, found, memos in self.events]
        return {"events": told, "texts": [self.texts[number] for number in range(len(self.texts))]}


class WellTable:
    """The strategies of the village; reads the view and the draws alone."""

    def __init__(self, strategies: tuple[str, ...]):
        self.strategies = strategies

    def decide(self, question: Question) -> np.ndarray:
        view, texts = question.view, question.texts
        who = [self.strategies[each] for each in question.individual.tolist()]
        draws = question.draw.tolist()
        if question.stage == "draw":
            rows = zip(who, view.most.tolist(), draws, strict=True)
            return np.array([drawn(strategy, most, draw) for strategy, most, draw in rows], np.int64)
        answers = question.choices.empty(len(question))
        for q, (strategy, me, draw) in enumerate(zip(who, view.me.tolist(), draws, strict=True)):
            whom, verdict, trust, words = judged(strategy, me, _listed(view.last[q]), draw)
            answers[q] = whom, verdict, trust, texts.number(words)
        return answers


def _listed(last: np.ndarray) -> tuple[tuple[int, int], ...] | None:
    return tuple(enumerate(last.tolist())) if last.min() >= 0 else ()


class WellTeller:
    """What may be said to language models in the village."""

    dialect = WELL.name

    def __init__(self, world: RunningWell):
        self.villagers = len(world.declared.villagers)

    def manner(self, mind: Model, individual: int) -> Manner:
        return Manner(mind.language, labels=VERDICTS, persona=mind.persona, reasoning=mind.reasoning)

    def facts(self, question: Question, minds: list[Model]):
        view, texts = question.view, question.texts
        limit = question.choices.limit if isinstance(question.choices, Words) else None
        limit = WORDS if question.stage == "judge" else limit
        for q, mind in enumerate(minds):
            draft, critique = (texts[int(column[q])] or None for column in (view.draft, view.critique))
            yield Village(
                question.stage, self.villagers, int(view.me[q]), question.round, float(view.water[q]),
                int(view.most[q]), mind.horizon or None, _listed(view.last[q]), texts[int(view.said[q])], limit,
                texts[int(view.memo[q])] or None, draft, critique,
            )  # fmt: skip

    def fallback(self, kind: str, question: Question, q: int) -> Any:
        draw, most = float(question.draw[q]), int(question.view.most[q])
        if question.stage == "draw":
            return {"cooperate": 1, "defect": most, "random": int(draw * (most + 1))}[kind]
        return {"whom": -1, "verdict": int(kind == "defect"), "trust": 0.0}
