"""The page to read first: one round asks five questions, and a mechanism is an answer to one of them.

=============================  ====================  ==============================================
the question of the round      Nowak's rule          the neutral answer, when the mechanism is off
=============================  ====================  ==============================================
Whom do I meet?                network reciprocity   anybody: the complete graph
Shall we meet again?           direct reciprocity    no: continuation probability 0
What do I know of you?         indirect reciprocity  nothing: visibility 0, everybody's name is good
Whose payoff do I feel?        kin selection         my own: relatedness 0
Who replaces whom?             group selection       anybody: one group, which never splits
=============================  ====================  ==============================================

Every question always has an answer, and an answer is a number or an array. The round reads answers
and never asks whether a mechanism is on, so any of the 2^5 subsets composes by construction.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.theory.automata import expected_payoffs
from coop_abm.theory.transforms import assort, feel


class Answers(NamedTuple):
    """Five answers as data, for a population of N.

    size         : N, how many individuals there is room for
    indptr, indices, weight : neighbours as compressed rows (see ``structures/neighbours.py``); empty
                   ``indptr``: everybody is everybody's neighbour
    replacement_indptr, replacement_indices, replacement_weight : the same for who can be replaced, or taught, by whom,
                   where that is another graph; empty ``replacement_indptr``: the neighbours above
    assortment   : probability to meet a copy of oneself instead of a neighbour
    continuation : probability of another turn after each turn
    visibility   : probability to know the partner's standing, anew in each turn and direction
    innate       : 1 if standing is what an individual is, 0 if it follows from what it did
    norm         : int64 (2, 2, 2), see :class:`~coop_abm.norms.base.Norm`
    misjudgement : probability that an assessment is turned round
    misperception : probability that somebody who watches takes help for refusal or refusal for help
    private      : 1 if everybody has an opinion of its own of everybody, 0 if standing is public
    observation  : probability that an outsider sees an encounter; read where opinions are private
    relatedness  : share of the partner's payoff that is felt as one's own, in each encounter
    group        : int64 (N,), the group of each individual at the start
    groups       : number of groups; 1 is no group structure
    group_size   : largest size of a group
    split        : probability that a group splits, or takes over another, when it grows
    fluid        : 1 if groups grow and shrink (Traulsen-Nowak), 0 if a group is a fixed set of nodes
    family       : size of the families in which everybody is born; 1 is none
    founders     : number of founders of a family, of which each member descends from one
    pedigree     : 0 haploid founders; diploid: 1 full sibs, 2 half sibs, 3 first cousins
    """

    size: int
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    replacement_indptr: np.ndarray
    replacement_indices: np.ndarray
    replacement_weight: np.ndarray
    assortment: float
    continuation: float
    visibility: float
    innate: int
    norm: np.ndarray
    misjudgement: float
    misperception: float
    private: int
    observation: float
    relatedness: float
    group: np.ndarray
    groups: int
    group_size: int
    split: float
    fluid: int
    family: int
    founders: int
    pedigree: int

    @property
    def well_mixed(self) -> bool:
        """Is everybody everybody's neighbour, in one group?"""
        return len(self.indptr) == 0 and self.groups == 1

    @property
    def two_graphs(self) -> bool:
        """Does one meet on one graph and get replaced on another?"""
        return len(self.replacement_indptr) > 0

    def replacing(self) -> Answers:
        """The same answers with the graph of replacement for neighbours: what an update rule reads."""
        if not self.two_graphs:
            return self
        return self._replace(
            indptr=self.replacement_indptr, indices=self.replacement_indices, weight=self.replacement_weight
        )

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(indptr, indices, weight)."""
        return self.indptr, self.indices, self.weight

    def strength(self) -> np.ndarray:
        """float (N,): weighted degree of every node."""
        if len(self.indptr) == 0:
            return np.full(self.size, self.size - 1.0)
        if len(self.weight) == 0:
            return np.diff(self.indptr).astype(np.float64)
        rows = np.repeat(np.arange(self.size), np.diff(self.indptr))
        return np.bincount(rows, self.weight, minlength=self.size)


def neutral(size: int) -> Answers:
    """The five answers of a world in which every mechanism is off."""
    unchanged = np.zeros((2, 2, 2), np.int64)
    unchanged[1] = 1
    return Answers(
        size=size,
        indptr=np.empty(0, np.int64),
        indices=np.empty(0, np.int64),
        weight=np.empty(0),
        replacement_indptr=np.empty(0, np.int64),
        replacement_indices=np.empty(0, np.int32),
        replacement_weight=np.empty(0),
        assortment=0.0,
        continuation=0.0,
        visibility=0.0,
        innate=1,
        norm=unchanged,
        misjudgement=0.0,
        misperception=0.0,
        private=0,
        observation=1.0,
        relatedness=0.0,
        group=np.zeros(size, np.int64),
        groups=1,
        group_size=size,
        split=0.0,
        fluid=0,
        family=1,
        founders=1,
        pedigree=0,
    )


class Mechanism(Part):
    """One of the five rules: its knobs, and its answer when it is on."""

    #: The question of the round that it answers.
    question: ClassVar[str] = ""

    enabled: bool = knob(False, "on", live=True, help="switch this rule on")

    @property
    def unread(self) -> tuple[str, ...]:
        """Knobs that mean nothing as the others stand; pages and controls leave them out."""
        return ()

    def answer(self, answers: Answers, seed: int) -> Answers:
        """The answers so far, with this mechanism's own put in.

        `seed` is what a random graph is drawn from; nobody else reads it.
        """
        raise NotImplementedError


def expected_matrix(
    cooperate: np.ndarray,
    next_state: np.ndarray,
    helper: np.ndarray,
    payoffs: np.ndarray,
    answers: Answers,
    execution_error: float = 0.0,
    refusals_fail: bool = True,
) -> np.ndarray:
    """float (S, S): what an individual of strategy s expects of meeting one of strategy t.

    The whole encounter in one number: all its turns, what each knows of the other, whose payoff is
    felt, and, applied last because it says whom one meets, assortment. It holds for standings that
    are innate; under a norm there is no constant matrix.

    Parameters
    ----------
    cooperate, next_state, helper : the repertoire, see :class:`~coop_abm.strategies.table.Repertoire`
    payoffs : float (2, 2), one turn of the game
    execution_error, refusals_fail : see :class:`~coop_abm.scenario.scenario.Scenario`

    References
    ----------
    TaylorNowak2007, Nowak2006; the composition is derived in ``docs/architecture.md``.
    """
    matrix = expected_payoffs(
        cooperate,
        next_state,
        payoffs,
        continuation=answers.continuation,
        visibility=answers.visibility,
        good=helper,
        execution_error=execution_error,
        refusals_fail=refusals_fail,
        kin=int(answers.family > 1),
    )
    return assort(feel(matrix, answers.relatedness), answers.assortment)
