"""The round clock: everybody meets, decides, is paid, and learns.

``ask`` and ``tell`` are the whole face of a world that runs. A round asks what to do in each turn of each
encounter and, where partners talk, what to say to each other before it.

>>> from coop_abm.policies.rule import TableReader
>>> from coop_abm.scenario import Scenario
>>> play = Play(Scenario(size=10), seed=1)
>>> run(play, TableReader(play.repertoire), rounds=3)
>>> play.round
3
"""

from __future__ import annotations

import copy
import functools
import math

import numpy as np

from coop_abm.core.dice import PLACE, TALK, Dice, dice, open_stream_at, uniform
from coop_abm.core.errors import CoopError, PolicyError, ScenarioError
from coop_abm.core.kernel import kernel
from coop_abm.core.question import Decision, Options, Policy, Question, Seen, Texts, Words, whole_numbers
from coop_abm.core.state import State
from coop_abm.engine.encounter import Encounters, encounters, known_by_type, look, settle
from coop_abm.engine.families import born_into_families, families
from coop_abm.engine.lattice import advance_board, advance_scores, board
from coop_abm.engine.learning import Mutation, learner, mutation_of
from coop_abm.engine.measures import Snapshot
from coop_abm.engine.minds import Deciders, Encountered, deciders, forget, mark, note
from coop_abm.engine.plain import advance_plain, count_all, earn_from_all, earn_from_one, plain
from coop_abm.engine.playing import close_round, manners, open_round, play_round
from coop_abm.engine.world import check_fitness, seat_all
from coop_abm.mechanisms.base import Answers
from coop_abm.scenario.scenario import Scenario

#: Memory that encounters may take, and what one takes with its questions.
LARGEST_TABLE, BYTES_PER_ENCOUNTER = 8 << 30, 300
#: Most characters of the notes that an individual may keep: the longest plan and critique, every character escaped.
LONGEST_MEMO = 100_000


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


@kernel
def draw_words(dice, t, turn, asked, draw):
    """The chance of everybody who must say something: float (Q,) written; asked as in ``encounter.look``."""
    for q in range(asked.shape[0]):
        draw[q] = uniform(dice, asked[q, 0], TALK, t, turn, 2 * asked[q, 1] + asked[q, 2])


class Play:
    """A scenario running on the round clock: R independent populations of N individuals.

    Parameters
    ----------
    scenario   : the declared world
    seed       : root seed; the same seed, replicate number and graph give the same world, in any block
    replicates : R
    first      : number of the first replicate
    chance     : dice to use instead of those of the seed (tests script them, blocks bring many)
    graph      : number of the random graph that all of them live on; None: that of the first replicate
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        *,
        replicates: int = 1,
        first: int = 0,
        chance: Dice | None = None,
        graph: int | None = None,
    ):
        self.scenario, self.seed, self.first = scenario, seed, first
        self.answers = scenario.answers(seed, first if graph is None else graph)
        self.dice = dice(seed, replicates, first=first) if chance is None else chance
        self.repertoire = scenario.repertoire()
        self.plain = plain(scenario, self.answers, self.repertoire)
        self.board = board(scenario, self.answers, self.plain)
        if self.plain is None:
            self._check_room(replicates)
        self.payoffs = scenario.game.payoffs()
        self.manners = manners(scenario, self.repertoire)
        self.choices = Options(scenario.game.actions)
        self.texts = Texts()
        self.words = Words(scenario.talk_limit, self.texts)
        rule = scenario.update.kernels(scenario.payoff == "accumulated" and scenario.partners == "all")
        check_fitness(scenario.update, self._lowest, self.answers.replacing().weight)
        self.learn = learner(scenario.update, rule, self.answers.replacing())
        self.pressure = scenario.update.pressure(scenario.payoff_spread())
        self.state = State.neutral(replicates, scenario.size, pairs=bool(self.answers.private), minds=scenario.minded)
        self.state.group[:] = self.answers.group
        place(self.dice, scenario.starting_counts(), scenario.seats(), self.answers, self.state.strategy)
        self._name_by_type()
        self.acts = np.zeros((replicates, 2), np.int64)  # of the last round: cooperative, all
        self.round = 0
        self._met: Encounters | None = None
        self._question: Question | None = None
        self._asked = np.empty((0, 3), np.int64)
        self._so_far = Encountered()

    def _check_room(self, replicates: int) -> None:
        """Refuse more encounters than memory holds."""
        answers, n, count = self.answers, self.scenario.size, self._encounters_a_round
        if answers.private and replicates * n * n > LARGEST_TABLE:
            raise ScenarioError(
                f"indirect.opinions: private opinions of {n:,} individuals need {replicates * n * n / 2**30:.0f} GiB; "
                f"permitted are {LARGEST_TABLE / 2**30:.0f} GiB"
            )
        if replicates * count * BYTES_PER_ENCOUNTER > LARGEST_TABLE:
            raise ScenarioError(
                f"size: {count:,} encounters a round need {replicates * count * BYTES_PER_ENCOUNTER / 2**30:.0f} GiB; "
                f"permitted are {LARGEST_TABLE / 2**30:.0f} GiB (partners = one needs fewest)"
            )

    @property
    def _lowest(self) -> float:
        """A bound from below for what somebody can earn in a round, in units of the game; at most 0."""
        lowest = float((self.payoffs + self.answers.relatedness * self.payoffs.T).min())
        if lowest >= 0:
            return 0.0
        if self.answers.continuation > 0:
            return -math.inf
        summed = self.scenario.payoff == "accumulated" and self.scenario.partners == "all"
        return lowest * (float(self.answers.strength().max()) if summed else 1.0)

    @property
    def _encounters_a_round(self) -> int:
        answers, n = self.answers, self.scenario.size
        pairs = n * (n - 1) // 2 if len(answers.indptr) == 0 else len(answers.indices) // 2
        return n if self.scenario.partners == "one" else pairs + n * int(self.scenario.update.meets_itself)

    def _weights(self) -> np.ndarray:
        """float (E,): the weight of each encounter of a round."""
        answers, n = self.answers, self.scenario.size
        if self.scenario.partners == "one" or len(answers.weight) == 0:
            return np.ones(self._encounters_a_round)
        rows = np.repeat(np.arange(n), np.diff(answers.indptr))
        after = answers.indices > rows  # each edge once, from its first end
        if not self.scenario.update.meets_itself:
            return answers.weight[after]
        return np.insert(answers.weight[after], np.searchsorted(rows[after], np.arange(n)), 1.0)

    @property
    def met(self) -> Encounters:
        """The encounters of the round, which opens if nobody has looked at it yet."""
        self.ask()
        return self._table()

    def _table(self) -> Encounters:
        if self._met is None:
            replicates = self.state.shape[0]
            self._check_room(replicates)
            self._met = encounters(replicates, self._weights())
        return self._met

    @property
    def question(self) -> Question:
        """The same as :meth:`ask`."""
        return self.ask()

    def ask(self) -> Question:
        """Who must decide now, seeing what, choosing among what."""
        if self._question is None:
            self._open()
            return self._ask_turn(0)
        return self._question

    def tell(self, answer: np.ndarray | Decision) -> None:
        """The answers to :meth:`ask`, one for each row; the world goes on to its next question.

        Raises
        ------
        PolicyError
            if an answer is no permitted action
        """
        question = self.ask()
        actions, memo = answer if isinstance(answer, Decision) else (answer, None)
        chosen = question.choices.validate(actions, len(question))
        if memo is not None:
            memo = self._notes(memo, len(question))
        if self.scenario.minded:
            note(self.state, self._asked, question.individual, memo, acted=question.stage == "act")
        if question.stage == "talk":
            self._so_far.hear(self._asked, chosen)
            self._ask_to(question.turn, "act")
            return
        settle(
            self.round, question.turn, self.dice, self.answers, *self.scenario.failing, self.payoffs,
            self.repertoire.next_state, self.state.strategy, self._table(), self._asked, chosen,
        )  # fmt: skip
        self._so_far.remember(self._table(), self._asked)
        if self._table().open.any():
            self._ask_turn(question.turn + 1)
        else:
            self._close()

    def _notes(self, memo: np.ndarray, rows: int) -> np.ndarray:
        """The notes of a decision, looked at."""
        given = whole_numbers(memo, rows)
        if rows and given.min() < -1:
            raise PolicyError(f"a memo must be the number of a text, or -1 to keep the old one; got {given.min()}")
        Words(LONGEST_MEMO, self.texts).validate(np.maximum(given, 0), rows)
        if not self.scenario.minded and (given >= 0).any():
            raise PolicyError(
                "a memo must be -1 in a world of strategy tables, where nobody keeps notes; players.policy = plugin "
                f"makes it one of minds; got {given.max()}"
            )
        return given

    def branch(self, copies: int) -> Play:
        """This world `copies` times, each replicate in a row, to go on in different ways."""
        met, asked = self.met, self.ask()
        other = copy.copy(self)
        other.state = self.state.branch(copies)
        address = np.repeat(self.dice.address, copies, axis=0)
        address[:, 0] = address[:, 0] * copies + np.tile(np.arange(copies), len(self.dice.address))
        other.dice = Dice(np.repeat(self.dice.keys, copies, axis=0), address, np.repeat(self.dice.value, copies))
        by_replicate = {
            name: np.repeat(part, copies, axis=0) for name, part in met._asdict().items() if name != "weight"
        }
        other._met = met._replace(**by_replicate)
        other.acts = np.repeat(self.acts, copies, axis=0)
        other._so_far = self._so_far.branch(copies, self._asked)
        other.texts = copy.deepcopy(self.texts)
        other.words = self.words._replace(texts=other.texts)
        other._ask_to(asked.turn, asked.stage)
        return other

    # ------------------------------------------------------------------ the order of the round

    def reopen(self) -> None:
        """Open the round anew, after the table was changed from outside: the same dice, other views."""
        if self._begun:
            self._so_far.undo(self.state)
        self._name_by_type()
        self._question = None

    def _name_by_type(self) -> None:
        if self.answers.innate:
            known_by_type(self.state.alive, self.state.strategy, self.repertoire.helper, self.state.standing)

    def _open(self) -> None:
        """Whom do I meet?"""
        state, self._question = self.state, None
        open_round(
            self.round, self.dice, self.answers, self.manners, state.strategy, state.alive, state.group,
            state.standing, self._table(),
        )  # fmt: skip
        self._so_far.begin(
            self._table(), state, first_round=self.round == 0, talking=self.scenario.talk != "never"
        )  # fmt: skip

    def _ask_turn(self, turn: int) -> Question:
        """What is said before this turn, if anything; else what is done in it?"""
        talking = self.scenario.talk == "always" or (self.scenario.talk == "first" and turn == 0)
        return self._ask_to(turn, "talk" if talking else "act")

    def _ask_to(self, turn: int, stage: str) -> Question:
        """What do I know of you, and what do I say, or do?"""
        met = self._table()
        replicate, encounter = np.nonzero(met.open)
        asked = np.empty((2 * len(replicate), 3), np.int64)
        asked[:, 0], asked[:, 1] = np.repeat(replicate, 2), np.repeat(encounter, 2)
        asked[0::2, 2], asked[1::2, 2] = 0, 1
        seen, draw = np.empty((len(asked), 8), np.int64), np.empty(len(asked))
        look(
            self.round, turn, self.dice, self.answers, self.state.strategy, self.state.standing,
            self.state.opinion, met, asked, seen, draw,
        )  # fmt: skip
        individual, partner, row = seen[:, 0], seen[:, 1], 2 * asked[:, 1] + asked[:, 2]
        if stage == "talk":
            draw_words(self.dice, self.round, turn, asked, draw)
        view = self._so_far.view(asked, Seen(*seen.T[2:]), individual, self.state)
        self._asked = asked
        self._question = Question(
            stage, self.round, turn, asked[:, 0], individual, partner, view,
            self.choices if stage == "act" else self.words, draw, row, self.texts,
        )  # fmt: skip
        return self._question

    def _close(self) -> None:
        """Whose payoff do I feel; what is said of me; who replaces whom?"""
        state, met = self.state, self._table()
        self.acts = met.acts.copy()
        close_round(self.round, self.dice, self.answers, self.manners, met, state.payoff, state.standing, state.opinion)
        self._replace()
        self._question = None

    def _replace(self) -> None:
        """Who replaces whom? The round is over."""
        before = mark(self.state) if self.scenario.minded else None
        self.learn(self.round, self.dice, self._listed, *self._selection, *self._columns)
        if before is not None:
            forget(self.state, before, self._deciders)
        self.round += 1
        self._name_by_type()

    @functools.cached_property
    def _listed(self) -> Answers:
        """The answers, neighbours those whom the update rule looks at, in the order in which it does."""
        network, replacing = self.scenario.network, self.answers.replacing()
        around = getattr(network.replacement if network.two_graphs else network.graph, "around", None)
        if not (self.scenario.update.in_order and network.enabled and around):
            return replacing
        return replacing._replace(indices=around(self.scenario.size).ravel())

    @functools.cached_property
    def _deciders(self) -> Deciders:
        return deciders(self.scenario)

    @property
    def _selection(self) -> tuple[float, float, int, Mutation]:
        update = self.scenario.update
        mutation = mutation_of(update, len(self.repertoire.names))
        return update.selection, self.pressure, int(getattr(update, "replacements", 0)), mutation

    @property
    def _columns(self) -> tuple[np.ndarray, ...]:
        state = self.state
        return state.strategy, state.alive, state.payoff, state.group, state.standing, state.opinion

    # ------------------------------------------------------------------ without asking

    @property
    def may_advance(self) -> bool:
        """Can rounds go on without asking? Not from within a round, with scripted dice, or where others decide."""
        return len(self.dice.address) == 0 and not self._begun and not self.scenario.minded

    @property
    def _begun(self) -> bool:
        """Has anybody answered in the open round?"""
        opening = "act" if self.scenario.talk == "never" else "talk"
        return self._question is not None and (self._question.turn > 0 or self._question.stage != opening)

    def advance(self, rounds: int) -> np.ndarray:
        """Rounds in which everybody does what its strategy's table says, and nobody is asked.

        The same world, bit for bit, as one that asks a table reader.

        Returns
        -------
        int64 (R, rounds, S) : how many of the living hold each strategy after each round
        """
        replicates, strategies = self.state.shape[0], len(self.repertoire.names)
        if not self.may_advance:
            raise CoopError("rounds cannot go on without asking from within a round, with scripted dice, or with minds")
        counts = np.zeros((replicates, rounds, strategies), np.int64)
        if rounds == 0:
            return counts
        self._question, self.acts = None, np.zeros_like(self.acts)
        state, begun = self.state, (self.round, rounds, self.dice)
        if self.board is not None:
            kernel = advance_scores if self.scenario.update.in_order else advance_board
            kernel(
                *begun, self.board, self.answers.indptr, self.answers.indices, state.strategy, state.payoff,
                self.acts, counts,
            )  # fmt: skip
            self.round += rounds
            self._name_by_type()
        elif self.plain is not None:
            earn = earn_from_one if self.scenario.partners == "one" else earn_from_all
            advance_plain.using(earn=earn, learn=self.learn)(
                *begun, self.answers, self._listed, self.plain, self.repertoire.helper, *self._selection,
                *self._columns, self.acts, counts,
            )  # fmt: skip
            self.round += rounds
        else:
            for t in range(rounds):
                self._play()
                count_all(state.strategy, state.alive, counts[:, t])
        return counts

    def _play(self) -> None:
        state = self.state
        met = self._table()
        play_round(
            self.round, self.dice, self.answers, self.manners, state.strategy, state.alive, state.group,
            state.standing, state.opinion, met, state.payoff,
        )  # fmt: skip
        self.acts = met.acts.copy()
        self._replace()


def snapshot_of_play(play: Play) -> Snapshot:
    """What measures read of a world on the round clock, now; the columns are those of its table."""
    state = play.state
    return Snapshot(
        state.strategy, state.alive, state.payoff, state.standing, state.group,
        play.repertoire.helper, play.acts, play.answers.rows,
        np.empty((len(state.strategy), 0), np.int64), families(play.answers.family, state.strategy.shape[1]),
    )  # fmt: skip


def run(play: Play, policy: Policy, rounds: int) -> None:
    """The whole simulator: ask, decide, tell, until `rounds` rounds are over.

    A policy that reads the very tables of the world (``TableReader``) is not asked: the round reads them.
    """
    while play.round < rounds:
        if getattr(policy, "reads", None) is play.repertoire and play.may_advance:
            play.advance(rounds - play.round)
        else:
            play.tell(policy.decide(play.ask()))
