"""A common-pool resource: what is left of it, how it grows back, and what it can bear.

A stock is declared, as a game is; it says what becomes of what a harvest has left, and when it has collapsed. Harvest
comes first and regrowth second, so a stock is always counted before a harvest.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.core.part import Part, kinds_in, knob, one_of


class Stock(Part):
    """A renewable resource that many harvest."""

    capacity: float = knob(
        100.0, "capacity K", low=1, high=1e6, step=1, help="the stock that the place can carry, and starts with"
    )
    collapse: float = knob(
        0.05, "collapse", low=0, high=1, step=0.01, help="share of the capacity below which the stock is lost for good"
    )

    @property
    def lowest(self) -> float:
        """R_min: the stock below which it has collapsed."""
        return self.collapse * self.capacity

    def regrown(self, left: float) -> float:
        """The stock before the next harvest, of what this one left."""
        raise NotImplementedError

    def collapsed(self, left: float, regrown: float) -> bool:
        """Is it lost, with so much left by a harvest and so much grown of it?"""
        raise NotImplementedError

    @property
    def growth(self) -> float:
        """What a small stock grows by in one round, as a share of itself."""
        raise NotImplementedError

    @property
    def yields(self) -> float:
        """MSY, the maximum sustainable yield: the largest harvest that can be taken round after round."""
        raise NotImplementedError

    def bears(self, stock: float) -> float:
        """What may be taken of a stock in all, for good, and not be over-use."""
        raise NotImplementedError


class Logistic(Stock):
    """Logistic regrowth of what a harvest left: X + r X (1 - X / K).

    It has collapsed when the regrown stock is below R_min. At most the share r / (2 + r) of the stock is to be taken:
    taken in every round, it yields most in the surplus production model of fisheries, r K / 4 of a stock of which
    half the capacity is left. Counted before the harvest instead of after it, this is Schaefer's r / 2.

    References
    ----------
    Schaefer1954
    """

    title = "logistic"
    references = ("Schaefer1954",)
    kind: Literal["logistic"] = "logistic"
    rate: float = knob(0.35, "regrowth r", low=0, high=2, step=0.05, help="growth of a small stock in one round")

    def regrown(self, left: float) -> float:
        return left + self.rate * left * (1.0 - left / self.capacity)

    def collapsed(self, left: float, regrown: float) -> bool:
        return regrown < self.lowest

    @property
    def growth(self) -> float:
        return self.rate

    @property
    def yields(self) -> float:
        return self.rate * self.capacity / 4.0

    def bears(self, stock: float) -> float:
        return self.rate / (2.0 + self.rate) * stock


class Doubling(Stock):
    """What a harvest left doubles, up to the capacity: the fishery of GovSim.

    It has collapsed when a harvest leaves less than R_min. At most half of the stock is to be taken, which is
    then whole again.

    References
    ----------
    Piatti2024
    """

    title = "doubling"
    references = ("Piatti2024",)
    kind: Literal["doubling"] = "doubling"

    def regrown(self, left: float) -> float:
        return min(2.0 * left, self.capacity)

    def collapsed(self, left: float, regrown: float) -> bool:
        return left < self.lowest

    @property
    def growth(self) -> float:
        return 1.0

    @property
    def yields(self) -> float:
        return self.capacity / 2.0

    def bears(self, stock: float) -> float:
        return stock / 2.0


STOCKS = kinds_in(globals(), Stock)

AnyStock = one_of(*STOCKS)


def harvest(effort: np.ndarray, catchability: float, stock: float) -> np.ndarray:
    """What each takes who exerts an effort: h_i = alpha e_i R, and shares of R where that is more than there is.

    Parameters
    ----------
    effort : float (N,), in [0, 1]
    catchability : alpha, the share of the stock that one harvester takes at full effort

    >>> harvest(np.array([1.0, 0.5]), 0.04, 100.0).tolist()
    [4.0, 2.0]
    """
    wanted = catchability * effort * stock
    total = wanted.sum()
    return wanted * (stock / total) if total > stock else wanted


def allot(asked: np.ndarray, stock: float, rng: np.random.Generator) -> np.ndarray:
    """What each gets who asked for so many whole units: all, or a chance share where that is more than there is.

    Every unit asked for is as likely to be served as every other.

    Parameters
    ----------
    asked : int (N,), not negative

    >>> allot(np.array([30, 20]), 100.0, np.random.default_rng(0)).tolist()
    [30, 20]
    """
    there = int(stock)
    if asked.sum() <= there:
        return asked.astype(np.int64)
    return rng.multivariate_hypergeometric(asked.astype(np.int64), there)


def gini(amounts: np.ndarray) -> float:
    """The Gini coefficient of amounts that are not negative: 0 where all have the same; NaN of nobody, 0 of nothing.

    >>> gini(np.array([1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 3.0]))
    (0.0, 0.6666666666666666)
    """
    if amounts.size == 0:
        return float("nan")
    total = float(amounts.sum())
    if total <= 0.0:
        return 0.0
    ordered = np.sort(amounts)
    rank = np.arange(1, ordered.size + 1)
    return float((2 * rank - ordered.size - 1) @ ordered / (ordered.size * total))
