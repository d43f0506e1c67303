"""Which strategy does somebody play? What a trajectory says, and what it cannot say.

====================  =============================================================================
recognise             one individual: posterior over a library, ties told, error rate, affinity
strategy_shares       many individuals: shares of the strategies among them, by EM, with errors
train                 a classifier on features of trajectories, as an alternative to likelihoods
judge                 either of them on simulated players: the confusion matrix
====================  =============================================================================

**What cannot be told apart is not told apart.** Against a partner that always cooperates, all who never defect first do
the same; whoever played on would find out, but who only reads the record cannot. Then the likelihoods are equal, so
are the posteriors, and :attr:`Recognition.best` names *all* of them. Nobody draws lots.

A language model is none of these automata. What is found is the strategy of the library that it resembles most; the
error rate says how much. Near 1/2 it resembles none.

References
----------
DalBoFrechette2011, FontanaPierriAiello2024
"""

from __future__ import annotations

from coop_abm.theory.classifier import Classified, Classifier, train
from coop_abm.theory.confusion import Confusion, judge
from coop_abm.theory.posterior import Recognition, affinity, recognise
from coop_abm.theory.shares import StrategyShares, strategy_shares
from coop_abm.theory.trajectories import Evidence, Library, evidence, library, simulate

__all__ = [
    "Classified", "Classifier", "Confusion", "Evidence", "Library", "Recognition", "StrategyShares", "affinity",
    "evidence", "judge", "library", "recognise", "simulate", "strategy_shares", "train",
]  # fmt: skip
