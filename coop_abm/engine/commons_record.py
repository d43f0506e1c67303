"""What is kept of one round of a commons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from coop_abm.core.question import Texts

if TYPE_CHECKING:
    from coop_abm.engine.commons_run import CommonsRun


@dataclass
class Record:
    """One round, as arrays (N,) over all users; 0, or -1 for texts and votes, of who did not take part.

    stock    : before the harvest
    had      : bool, who lived when it began
    alive    : bool, who lived when it ended
    chosen   : effort, or units asked for
    watching : probability to watch somebody
    took     : harvest
    fines, paid : losses by being punished, and by punishing
    gain     : harvest less consumption, fines and what punishing cost
    starved  : bool, who died
    proposals, votes : number of the text proposed; for whose text one voted
    punished : (punisher, target, fine) of each punishment, in the order of punishers
    similarity : of the proposals, see ``commons_measures.similarity``
    norm     : number of the text in force at the end
    bears    : what the stock bore in all
    left     : the stock at the end; NaN while the round is open
    units    : were whole units taken?
    """

    stock: float
    bears: float
    had: np.ndarray
    alive: np.ndarray
    chosen: np.ndarray
    watching: np.ndarray
    took: np.ndarray
    fines: np.ndarray
    paid: np.ndarray
    gain: np.ndarray
    starved: np.ndarray
    proposals: np.ndarray
    votes: np.ndarray
    punished: list[tuple[int, int, float]] = field(default_factory=list)
    similarity: float = float("nan")
    norm: int = 0
    left: float = float("nan")
    units: bool = False

    @classmethod
    def opened(cls, world: CommonsRun) -> Self:
        """The record of the round that begins."""
        size = world.declared.size
        numbers: dict[str, Any] = {
            name: np.zeros(size) for name in ("chosen", "watching", "took", "fines", "paid", "gain")
        }
        none: dict[str, Any] = {name: np.full(size, -1, np.int64) for name in ("proposals", "votes")}
        return cls(
            stock=world.stock, bears=world.declared.stock.bears(world.stock), had=world.alive.copy(),
            alive=world.alive.copy(), starved=np.zeros(size, bool), **numbers, **none,
            units=world.declared.takes == "units",
        )  # fmt: skip

    def close(self, world: CommonsRun) -> None:
        """Keep what holds at the end of the round."""
        self.alive, self.norm, self.left = world.alive.copy(), world.norm, world.stock

    @property
    def excess(self) -> np.ndarray:
        """bool (N,): who took more than an equal share of what the stock bore."""
        had = max(int(self.had.sum()), 1)
        share = int(self.bears) // had if self.units else self.bears / had * (1 + 1e-9)
        return self.had & (self.took > share)

    def plain(self, texts: Texts) -> dict[str, Any]:
        """Plain values, with texts in words; None of who was dead."""

        def each(values: np.ndarray) -> list[float | None]:
            return [round(float(v), 6) if lived else None for v, lived in zip(values, self.had.tolist(), strict=True)]

        return {
            "stock": self.stock,
            "left": self.left,
            "bears": self.bears,
            "chosen": each(self.chosen),
            "took": each(self.took),
            "watching": each(self.watching),
            "gain": each(self.gain),
            "starved": np.flatnonzero(self.starved).tolist(),
            "punished": [list(one) for one in self.punished],
            "proposals": {
                person: texts[number] for person, number in enumerate(self.proposals.tolist()) if number >= 0
            },
            "votes": {person: vote for person, vote in enumerate(self.votes.tolist()) if vote >= 0},
            "norm": texts[self.norm],
        }
