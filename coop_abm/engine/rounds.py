"""The round clock: everybody meets, decides, is paid, and learns.

``ask`` and ``tell`` are the whole face of a world that runs. Whoever closes a round may itself ask
again; so far a round asks one kind of question, what to do in each turn of each encounter.

>>> from coop_abm.policies.rule import TableReader
>>> from coop_abm.scenario import Scenario
>>> play = Play(Scenario(size=10), seed=1)
>>> run(play, TableReader(play.repertoire), rounds=3)
>>> play.round
3
"""

from __future__ import annotations

import copy

import numpy as np

from coop_abm.core.dice import PLACE, Dice, dice, open_stream_at
from coop_abm.core.errors import CoopError, ScenarioError
from coop_abm.core.kernel import kernel
from coop_abm.core.question import Options, Policy, Question, View
from coop_abm.core.state import State
from coop_abm.engine.encounter import (
    assess,
    assess_privately,
    encounters,
    feel_payoffs,
    known_by_type,
    look,
    meet_all,
    seek,
    settle,
)
from coop_abm.engine.families import born_into_families
from coop_abm.engine.learning import grow_in_turn, learn_in_turn, learn_together, reproduce_together
from coop_abm.engine.world import seat_all
from coop_abm.scenario.scenario import Scenario

#: Memory that encounters may take, and what one takes with its questions.
LARGEST_TABLE, BYTES_PER_ENCOUNTER = 8 << 30, 300


@kernel
def place(dice, counts, seats, answers, strategy):
    """Who starts with which strategy: the declared numbers, in random order, anew in each replicate.

    counts   : int64 (S,), individuals of each strategy
    seats    : int64 (N,), the strategy that is declared for a node; -1 where chance decides
    strategy : int (R, N) written
    """
    nobody = np.empty(0, np.int64)
    for k in range(strategy.shape[0]):
        s0, s1, s2, s3 = open_stream_at(dice, k, PLACE, 0, 0, 0)
        s0, s1, s2, s3 = seat_all(counts, seats, strategy[k], s0, s1, s2, s3)
        if answers.family > 1:
            born_into_families(strategy[k], nobody, answers.family, answers.founders, 0, s0, s1, s2, s3)


class Play:
    """A scenario running on the round clock: R independent populations of N individuals.

    Parameters
    ----------
    scenario   : the declared world
    seed       : root seed; the same seed and replicate number give the same world, in any block
    replicates : R
    first      : number of the first replicate
    chance     : dice to use instead of those of the seed (tests script them)
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, *, replicates: int = 1, first: int = 0, chance: Dice | None = None
    ):
        self.scenario, self.seed, self.first = scenario, seed, first
        self.answers = scenario.answers(seed)
        self.met = encounters(replicates, self._encounters_a_round(replicates))
        self.dice = dice(seed, replicates, first=first) if chance is None else chance
        self.repertoire = scenario.repertoire()
        self.payoffs = scenario.game.payoffs()
        self.choices = Options(scenario.game.actions)
        self.rule = scenario.update.kernels(scenario.payoff == "accumulated" and scenario.partners == "all")
        self.pressure = scenario.update.pressure(scenario.payoff_spread())
        self.state = State.neutral(replicates, scenario.size, pairs=bool(self.answers.private))
        self.state.group[:] = self.answers.group
        place(self.dice, scenario.starting_counts(), scenario.seats(), self.answers, self.state.strategy)
        self.acts = np.zeros((replicates, 2), np.int64)  # of the last round: cooperative, all
        self.round = 0
        self.question: Question | None = None
        self._asked = np.empty((0, 3), np.int64)
        self._open()

    def _encounters_a_round(self, replicates: int) -> np.ndarray:
        """float (E,): the weight of each encounter of a round; its length is their number."""
        answers, n = self.answers, self.scenario.size
        pairs = n * (n - 1) // 2 if len(answers.indptr) == 0 else len(answers.indices) // 2
        selves = n if self.scenario.update.meets_itself else 0
        count = n if self.scenario.partners == "one" else pairs + selves
        if self.answers.private and replicates * n * n > LARGEST_TABLE:
            raise ScenarioError(
                f"indirect.opinions: private opinions of {n:,} individuals need {replicates * n * n / 2**30:.0f} GiB; "
                f"permitted are {LARGEST_TABLE / 2**30:.0f} GiB"
            )
        if replicates * count * BYTES_PER_ENCOUNTER > LARGEST_TABLE:
            raise ScenarioError(
                f"size: {count:,} encounters a round need {replicates * count * BYTES_PER_ENCOUNTER / 2**30:.0f} GiB; "
                f"permitted are {LARGEST_TABLE / 2**30:.0f} GiB (partners = one needs fewest)"
            )
        if self.scenario.partners == "one" or len(answers.weight) == 0:
            return np.ones(count)
        rows = np.repeat(np.arange(n), np.diff(answers.indptr))
        after = answers.indices > rows  # each edge once, from its first end
        if not selves:
            return answers.weight[after]
        return np.insert(answers.weight[after], np.searchsorted(rows[after], np.arange(n)), 1.0)

    def ask(self) -> Question:
        """Who must decide now, seeing what, choosing among what."""
        if self.question is None:
            raise CoopError("this round is closed")  # cannot happen: tell() leaves a question open
        return self.question

    def tell(self, actions: np.ndarray) -> None:
        """The answers to :meth:`ask`, one for each row; the world goes on to its next question.

        Raises
        ------
        PolicyError
            if an answer is no permitted action
        """
        question = self.ask()
        chosen = question.choices.validate(actions, len(question))
        settle(
            self.round, question.turn, self.dice, self.answers, *self.scenario.failing, self.payoffs,
            self.repertoire.next_state, self.state.strategy, self.met, self._asked, chosen,
        )  # fmt: skip
        if self.met.open.any():
            self._ask_turn(question.turn + 1)
        else:
            self._close()
            self.round += 1
            self._open()

    def branch(self, copies: int) -> Play:
        """This world `copies` times, each replicate in a row, to go on in different ways."""
        other = copy.copy(self)
        other.state = self.state.branch(copies)
        address = np.repeat(self.dice.address, copies, axis=0)
        address[:, 0] = address[:, 0] * copies + np.tile(np.arange(copies), len(self.dice.address))
        other.dice = Dice(np.repeat(self.dice.keys, copies, axis=0), address, np.repeat(self.dice.value, copies))
        by_replicate = {
            name: np.repeat(part, copies, axis=0) for name, part in self.met._asdict().items() if name != "weight"
        }
        other.met = self.met._replace(**by_replicate)
        other.acts = np.repeat(self.acts, copies, axis=0)
        other._ask_turn(self.ask().turn)
        return other

    # ------------------------------------------------------------------ the order of the round

    def _open(self) -> None:
        """Whom do I meet?"""
        state = self.state
        if self.answers.innate:
            known_by_type(state.alive, state.strategy, self.repertoire.helper, state.standing)
        self.met.acts[:] = 0
        if self.scenario.partners == "one":
            seek(self.round, self.dice, self.answers, state.alive, state.group, self.met)
        else:
            meet_all(self.answers, int(self.scenario.update.meets_itself), state.alive, self.met)
        self._ask_turn(0)

    def _ask_turn(self, turn: int) -> None:
        """What do I know of you, and what do I do?"""
        replicate, encounter = np.nonzero(self.met.open)
        asked = np.empty((2 * len(replicate), 3), np.int64)
        asked[:, 0], asked[:, 1] = np.repeat(replicate, 2), np.repeat(encounter, 2)
        asked[0::2, 2], asked[1::2, 2] = 0, 1
        seen, draw = np.empty((len(asked), 8), np.int64), np.empty(len(asked))
        look(
            self.round, turn, self.dice, self.answers, self.state.strategy, self.state.standing,
            self.state.opinion, self.met, asked, seen, draw,
        )  # fmt: skip
        self._asked = asked
        self.question = Question(
            "act", self.round, turn, asked[:, 0], seen[:, 0], seen[:, 1], View(*seen.T[2:]), self.choices, draw
        )

    def _close(self) -> None:
        """Whose payoff do I feel; what is said of me; who replaces whom?"""
        state, answers, update = self.state, self.answers, self.scenario.update
        self.acts = self.met.acts.copy()
        accumulated, paid_sides = int(self.scenario.payoff == "accumulated"), 1 + int(self.scenario.partners == "all")
        feel_payoffs(answers, accumulated, paid_sides, self.met, state.payoff)
        if answers.private:
            assess_privately(self.round, self.dice, answers, self.met, state.opinion, state.standing)
        elif not answers.innate:
            assess(self.round, self.dice, answers, self.met, state.standing)
        now = (self.round, self.dice, answers, update.selection)
        paid, known = (state.strategy, state.alive, state.payoff, state.group), (state.standing, state.opinion)
        if update.generational:
            reproduce_together(*now, state.strategy, state.alive, state.payoff, *known)
        elif answers.fluid:
            grow_in_turn(*now, update.replacements, *paid, *known)
        elif update.synchronous:
            learn_together.using(source=self.rule.source)(*now, self.pressure, *paid)
        else:
            learn_in_turn.using(replace=self.rule.replace)(*now, self.pressure, update.replacements, *paid, *known)


def run(play: Play, policy: Policy, rounds: int) -> None:
    """The whole simulator: ask, decide, tell, until `rounds` rounds are over."""
    while play.round < rounds:
        play.tell(policy.decide(play.ask()))
