"""A small world that is played in stages, for tests: one repeated prisoner's dilemma, a slip now and then."""

from __future__ import annotations

import os
import signal
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np

from coop_abm.core.errors import PolicyError
from coop_abm.core.part import Part, knob
from coop_abm.core.question import Options, Question, Texts
from coop_abm.experiments.base import Column
from coop_abm.experiments.runs import Runs
from coop_abm.experiments.staged import NOTE, StagedExperiment, StagedOptions
from coop_abm.scenario.deciders import mind_of
from coop_abm.scenario.minds import AnyMind, Mind, Table

PAYOFFS = ((3.0, 0.0), (5.0, 1.0))
STRATEGIES = ("allc", "alld", "tft")


class Sight(NamedTuple):
    """What each of Q players sees: its strategy, and int8 (Q, t), the outcomes so far: 1 CC, 2 CD, 3 DC, 4 DD."""

    strategy: np.ndarray
    history: np.ndarray


class Pair(Part):
    """A match of two players."""

    teller: ClassVar[str] = "tests.experiments.telling:PairTeller"

    rounds: int = knob(5, "rounds", low=1, high=1000, step=1, help="of the match")
    slips: float = knob(0.0, "slips", low=0, high=1, step=0.01, help="an intended action turns into the other")
    first: Literal["allc", "alld", "tft"] = knob("tft", "first player", help="its strategy")
    second: Literal["allc", "alld", "tft"] = knob("alld", "second player", help="its strategy")
    decided: tuple[AnyMind, AnyMind] = knob((Table(), Table()), "policies", help="who decides for them")
    #: Tests of crashes: the run of this replicate ends badly.
    fatal: int = knob(-1, "fatal", low=-1, high=1000, step=1, help="this replicate cannot be played")

    def start(self, seed: int, replicate: int = 0) -> Match:
        return Match(self, seed, replicate)

    def minds(self) -> tuple[Mind, ...]:
        return self.decided

    def table(self) -> Rules:
        return Rules()

    def with_policy(self, policy: str) -> Self:
        minds = tuple(mind_of(policy, strategy) for strategy in (self.first, self.second))
        return self.model_copy(update={"decided": minds})

    def most_questions(self) -> dict[str, int]:
        return {"act": 2 * self.rounds}


class Rules:
    """The three strategies."""

    def decide(self, question: Question) -> np.ndarray:
        strategy, history = question.view
        theirs = np.isin(history[:, -1], (2, 4)) if history.shape[1] else np.zeros(len(question), bool)
        return np.where(strategy == 2, theirs, strategy == 1).astype(np.int64)


class Match:
    """A match that runs."""

    def __init__(self, declared: Pair, seed: int, replicate: int):
        self.declared, self.seed, self.replicate = declared, seed, replicate
        self.round, self.over, self.texts = 0, False, Texts()
        self.actions: list[list[int]] = []
        source = np.random.SeedSequence(seed, spawn_key=(replicate, 1))
        self._dice = np.random.Generator(np.random.Philox(source))

    def ask(self) -> Question | None:
        if self.over:
            return None
        past = np.array(self.actions, np.int8).reshape(-1, 2)
        history = np.stack([1 + 2 * past[:, 0] + past[:, 1], 1 + 2 * past[:, 1] + past[:, 0]])
        strategy = np.array([STRATEGIES.index(name) for name in (self.declared.first, self.declared.second)])
        rows = np.arange(2)
        return Question(
            "act", self.round, 0, np.zeros(2, np.int64), rows, rows[::-1], Sight(strategy, history.astype(np.int8)),
            Options(("cooperate", "defect")), np.zeros(2), rows, self.texts,
        )  # fmt: skip

    def tell(self, answers: Any) -> None:
        chosen = Options(("cooperate", "defect")).validate(answers, 2)
        if self.declared.fatal == self.replicate:
            raise PolicyError(f"round {self.round}: this match cannot be played")
        if self.declared.fatal == 1000:
            os.kill(os.getpid(), signal.SIGKILL)
        slip = self._dice.random(2) < self.declared.slips
        self.actions.append(np.where(slip, 1 - chosen, chosen).tolist())
        self.round += 1
        self.over = self.round >= self.declared.rounds

    def measures(self) -> dict[str, float]:
        if not self.actions:
            return {"score": float("nan"), "cooperation": float("nan")}
        earned = [PAYOFFS[own][other] for own, other in self.actions]
        return {"score": float(np.mean(earned)), "cooperation": 1.0 - float(np.mean(self.actions))}

    def story(self) -> dict[str, Any]:
        return {"actions": self.actions, "players": [self.declared.first, self.declared.second]}


class PairOptions(StagedOptions):
    """What can be chosen."""

    rounds: int = knob(5, "rounds", low=1, high=1000, step=1, help="of a match")
    slips: float = knob(0.2, "slips", low=0, high=1, step=0.01, help="an intended action turns into the other")
    fatal: int = knob(-1, "fatal", low=-1, high=1000, step=1, help="this replicate of tft against alld fails")


class Pairs(StagedExperiment):
    """Who earns what against whom."""

    name = "pairs"
    question = "What does tit for tat earn?"
    options = PairOptions
    columns = (
        Column("cell", "match"),
        Column("score", "score", "mean payoff of a turn to the first", "ours"),
        Column("published", "published", "in the paper", "theory"),
        NOTE,
    )

    def cells(self) -> dict[str, Pair]:
        chosen = self.chosen_options
        worlds = {s: Pair(rounds=chosen.rounds, slips=chosen.slips, first="tft", second=s) for s in STRATEGIES}
        worlds["alld"] = worlds["alld"].model_copy(update={"fatal": chosen.fatal})
        return {f"tft {name}": world for name, world in worlds.items()}

    def rows(self, results: Runs) -> list[dict[str, Any]]:
        return [
            {"cell": cell, "score": float(results.sample(cell, "score").mean()), "published": 3.0}
            for cell in results.whole
        ]

    def says(self, results: Runs) -> str:
        return f"Tit for tat earns what it earns in {len(results.whole)} matches."

    def figure(self, results: Runs) -> Any:
        from coop_abm import figures

        with figures.drawing() as (figure, axes):
            axes.bar(range(len(results.whole)), [row["score"] for row in self.rows(results)])
        return figure
