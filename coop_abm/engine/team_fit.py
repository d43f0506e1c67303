"""Which strategies the players of one run play: shares of five strategies with slips, by maximum likelihood.

Each player plays one strategy in all of its matches and does the other thing at a common rate. All five strategies
are certain of what they do, so it is enough to know in how many rounds a player did what a strategy would have done,
and both steps of the EM iteration are closed formulas. This is ``coop_abm.theory.recognition.strategy_shares`` where
that holds (`tests/engine/test_team_fit.py`), quick enough to be done for every run.

References
----------
DalBoFrechette2011, DempsterLairdRubin1977
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.engine.team_traits import WOULD

#: What :func:`fit` gives before there is anything to fit.
NO_FIT = dict.fromkeys((*(f"fit_{name}" for name in WOULD), "fit_noise"), math.nan)
#: Rates of slips from which the iteration starts; the better end counts.
_STARTS = (0.02, 0.1, 0.3)
#: Steps at most, and the gain in log likelihood below which it stands still.
_STEPS, _GAIN = 2_000, 1e-9
#: A rate is kept inside, so that what was seen is never impossible; a strategy that slips every other time is none.
_LEAST, _MOST = 1e-6, 0.5


def fit(agreed: np.ndarray, played: np.ndarray) -> dict[str, float]:
    """Shares ``fit_X`` of the strategies X, which sum to 1, and ``fit_noise``, the common rate of slips.

    Strategies that nothing tells apart have equal parts of what they share.

    Parameters
    ----------
    agreed : int (N, K), rounds in which each player did what each strategy would have done
    played : int (N,), its rounds; who played none is left out
    """
    there = played > 0
    if not there.any():
        return NO_FIT
    agreed, played = agreed[there].astype(float), played[there].astype(float)
    share, rate, _ = max((_climb(agreed, played, start) for start in _STARTS), key=lambda found: found[2])
    return dict(zip(NO_FIT, [*share.tolist(), 0.0 if rate <= 2 * _LEAST else rate], strict=True))


def _climb(agreed: np.ndarray, played: np.ndarray, rate: float) -> tuple[np.ndarray, float, float]:
    """EM from equal shares and this rate: shares, rate and log likelihood."""
    share, reached = np.full(agreed.shape[1], 1 / agreed.shape[1]), -math.inf
    for _ in range(_STEPS):
        told = agreed * math.log(1 - rate) + (played[:, None] - agreed) * math.log(rate)
        top = told.max(axis=1, keepdims=True)
        weight = share * np.exp(told - top)
        whole = weight.sum(axis=1, keepdims=True)
        now = float((top + np.log(whole)).sum())
        posterior = weight / whole
        share = posterior.mean(axis=0)
        rate = min(max(1 - float((posterior * agreed).sum()) / float(played.sum()), _LEAST), _MOST)
        if now - reached <= _GAIN:
            break
        reached = now
    return share, rate, now
