"""Checks for what you add yourself: does a policy keep the contract by which worlds ask it?

>>> from coop_abm.testing import check_policy
>>> def tit_for_tat(view):
...     return view.history[-1][1] if view.history else "cooperate"
>>> check_policy(tit_for_tat, rounds=1)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from coop_abm import lab
from coop_abm.core.errors import PolicyError, ScenarioError
from coop_abm.core.question import Decision, Options, Question
from coop_abm.engine.rounds import Play
from coop_abm.games import Donation
from coop_abm.mechanisms import Direct, Group, Indirect, Kin, Network
from coop_abm.norms import SternJudging
from coop_abm.policies.means import Means
from coop_abm.policies.own import adapted
from coop_abm.policies.roster import roster
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Mind, Plugin, Scripted, Table, Team
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllD, TitForTat
from coop_abm.structures import Torus
from coop_abm.updates import BirthDeath, PairwiseComparison, WrightFisher

#: By which name a policy that is checked is called in what it is told.
NAME = "checked"
#: Rows of a question that are asked again, each alone.
ALONE = 4


def check_policy(policy: Any, *, scenario: Scenario | str | Path | None = None, rounds: int = 3, seed: int = 0) -> None:
    """Does a policy of one's own keep the contract? It says nothing if it does.

    The policy decides beside strategy tables in small worlds with different rules on: repeated encounters, a
    norm, a network, groups, families, messages. Its answers must be permitted, whole and of the right shape; it
    must change nothing in a question, answer the same question alike whenever it is asked, a row alone as among
    others, and go on alike in both copies of a world that branches.

    Parameters
    ----------
    policy   : whatever ``Means(policies={...})`` takes: an object with ``decide`` or ``decide_one``, or a function
    scenario : one world to check it in instead; the policy decides for its plugins, or for its tables if it has none
    rounds   : of each world
    seed     : root seed of each world

    Raises
    ------
    PolicyError
        one sentence that says what the policy did, and where
    InputError
        if it is nothing that can decide, or others than tables, scripts and plugins decide in `scenario`
    """
    lab.check_whole("rounds", rounds, 1, 10_000)
    lab.check_seed(seed)
    worlds = _worlds() if scenario is None else {"given": _own(lab.world(scenario))}
    for name, world in worlds.items():
        first = _Trial(world, seed, policy, _Examiner(policy, world, f"the world {name!r}")).rounds(rounds)
        again = _Trial(world, seed, policy).rounds(rounds)
        if not _equal(first.heard, again.heard):
            raise PolicyError(
                f"policies[{NAME!r}] must play the same world alike whenever it does; the world {name!r} went another "
                "way the second time (what a policy remembers belongs in its memo)"
            )
        again.branch(2 * rounds, f"the world {name!r}")


class Heard(NamedTuple):
    """An answer as arrays (Q,), texts in the place of their numbers; memo is None where the old one is kept."""

    action: np.ndarray
    memo: np.ndarray


class _Trial:
    """One world in which the policy decides."""

    def __init__(self, scenario: Scenario, seed: int, policy: Any, examiner: _Examiner | None = None):
        self.play = Play(scenario, seed)
        named = {mind.name: policy if examiner is None else examiner for mind in _plugins(scenario)}
        self.roster = roster(scenario, self.play.repertoire, self.play.answers, seed=seed, means=Means(policies=named))
        self.heard: list[Heard] = []

    def rounds(self, number: int) -> _Trial:
        """Go on until so many rounds are over, and keep every answer."""
        while self.play.round < number:
            question = self.play.ask()
            answer = self.roster.decide(question)
            self.heard.append(_heard(answer, question))
            self.play.tell(answer)
        return self

    def branch(self, until: int, where: str) -> None:
        """Go on beside two copies of this world, from within a round."""
        self.play.tell(self.roster.decide(self.play.ask()))
        twins = self.play.branch(2)
        while self.play.round < until:
            question, doubled = self.play.ask(), twins.ask()
            one, both = self.roster.decide(question), self.roster.decide(doubled)
            halves = (np.split(column, 2) for column in _heard(both, doubled))  # rows stand in order of replicates
            copies = [Heard(*columns) for columns in zip(*halves, strict=True)]
            if not all(_equal([_heard(one, question)], [copy]) for copy in copies):
                raise PolicyError(
                    f"policies[{NAME!r}] must go on alike in every copy of a world; it did not in round "
                    f"{question.round} of {where} (what a policy remembers belongs in its memo)"
                )
            self.play.tell(one)
            twins.tell(both)


class _Examiner:
    """Stands in the place of the policy, asks it each question in several ways, and compares."""

    def __init__(self, policy: Any, scenario: Scenario, where: str):
        self.who, self.where = f"policies[{NAME!r}]", where
        self.policy = adapted(policy, NAME, scenario.repertoire().names, scenario.game.actions)

    def decide(self, question: Question) -> np.ndarray | Decision:
        """The policy's answer, found to be in order."""
        answer, everybody = self._ask(question), np.arange(len(question))
        heard = _heard(answer, question)
        if not _equal([heard], [_heard(self._ask(question), question)]):
            raise self._wrong(
                question, "must answer the same question alike; asked twice it gave two answers (chance is `draw`)"
            )
        self._ask(question.of(everybody[:0]))  # whoever is asked for nobody answers with nothing
        for q in np.unique(np.linspace(0, len(question) - 1, ALONE).astype(np.int64)).tolist():
            if not self._same(heard, question, everybody[q : q + 1]):
                raise self._wrong(question, "must answer a row alone as it does among others; it did not")
        if not self._same(heard, question, everybody[::-1]):
            raise self._wrong(question, "must answer each row alike in any order of rows; it did not")
        return answer

    def _same(self, heard: Heard, question: Question, rows: np.ndarray) -> bool:
        some = question.of(rows)
        return _equal([Heard(*(column[rows] for column in heard))], [_heard(self._ask(some), some)])

    def _ask(self, question: Question) -> np.ndarray | Decision:
        """Ask with arrays that cannot be written to, and see whether they were."""
        shown = _protected(question)
        try:
            answer = self.policy.decide(shown)
        except PolicyError as error:
            cause = error.__cause__
            if isinstance(cause, ValueError) and "read-only" in str(cause):
                raise self._wrong(question, "must not change the arrays of a question; it wrote to one") from cause
            raise PolicyError(f"{error} ({self._place(question)})") from cause
        if not all(
            np.array_equal(a, b, equal_nan=True) for a, b in zip(_arrays(shown), _arrays(question), strict=True)
        ):
            raise self._wrong(question, "must not change the arrays of a question; it wrote to one")
        return answer

    def _wrong(self, question: Question, words: str) -> PolicyError:
        return PolicyError(f"{self.who} {words} ({self._place(question)})")

    def _place(self, question: Question) -> str:
        rows = "1 row" if len(question) == 1 else f"{len(question)} rows"
        return f"round {question.round}, stage {question.stage}, {rows}, {self.where}"


def _arrays(question: Question) -> list[np.ndarray]:
    own = [question.replicate, question.individual, question.partner, question.draw, question.row]
    return [*own, *question.view]


def _protected(question: Question) -> Question:
    """The same question in arrays of its own that cannot be written to."""
    copy = question.of(np.arange(len(question)))
    for array in _arrays(copy):
        array.flags.writeable = False
    return copy


def _heard(answer: np.ndarray | Decision, question: Question) -> Heard:
    """The answer in the words of its world: another one may number its texts in another order."""
    texts, rows = question.texts, len(question)
    action, memo = answer if isinstance(answer, Decision) else (answer, np.full(rows, -1))
    told = action.tolist() if isinstance(question.choices, Options) else [texts[n] for n in action.tolist()]
    noted = [texts[n] if n >= 0 else None for n in memo.tolist()]
    columns = np.empty((2, rows), object)
    columns[0], columns[1] = told, noted
    return Heard(*columns)


def _equal(some: list[Heard], others: list[Heard]) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(a.action, b.action) and np.array_equal(a.memo, b.memo) for a, b in zip(some, others, strict=True)
    )


# ----------------------------------------------------------------------------------------------- worlds


def _worlds() -> dict[str, Scenario]:
    """Small worlds with different rules on, in each of which the policy decides beside two strategies."""
    players = (
        Players(share=0.5, strategy=TitForTat(), policy=Plugin(name=NAME)),
        Players(share=0.25, strategy=TitForTat()),
        Players(share=0.25, strategy=AllD()),
    )
    plain = Scenario(size=12, players=players, game=Donation(benefit=4.0), update=PairwiseComparison(intensity=0.2))

    def world(**rules: Any) -> Scenario:
        return Scenario.model_validate({**dict(plain), **rules})

    return {
        "direct": world(direct=Direct(enabled=True, continuation=0.7), execution_error=0.1),
        "indirect": world(indirect=Indirect(enabled=True, visibility=0.7, assessment=SternJudging())),
        "network": world(size=16, partners="all", network=Network(enabled=True, graph=Torus(neighbours=4))),
        "group": world(update=BirthDeath(intensity=0.2), group=Group(enabled=True, size=4, split=0.1)),
        "kin": world(update=WrightFisher(intensity=0.2), kin=Kin(enabled=True, channel="descent", family=4)),
        "talk": world(direct=Direct(enabled=True, continuation=0.5), talk="always", talk_limit=40),
    }


def _own(scenario: Scenario) -> Scenario:
    """The user's world; if it has no plugin, the policy decides where tables did."""
    if scenario.clock != "round":
        raise ScenarioError(f"clock: must be round, on which policies are asked; got {scenario.clock}")
    for mind in _minds(scenario):
        if not isinstance(mind, (Table, Scripted, Plugin)):
            raise ScenarioError(f"players.policy: must be table, scripted, plugin or team in a check; got {mind.kind}")
    if _plugins(scenario):
        return scenario
    players = [
        entry.model_copy(update={"policy": Plugin(name=NAME)}) if entry.policy.tabled else entry
        for entry in scenario.players
    ]
    return replace(scenario, {"players": tuple(entry.model_dump() for entry in players)})


def _minds(scenario: Scenario) -> list[Any]:
    minds: list[Mind] = [entry.policy for entry in scenario.players]
    return [mind.inner if isinstance(mind, Team) else mind for mind in minds]


def _plugins(scenario: Scenario) -> list[Plugin]:
    return [mind for mind in _minds(scenario) if isinstance(mind, Plugin)]
