"""How often a model's reply was no answer, and what was done instead."""

from __future__ import annotations

from typing import NamedTuple


class Count(NamedTuple):
    """Decisions of one model: all, those repaired by asking again, those in whose place the fallback stood."""

    decisions: int = 0
    repaired: int = 0
    fallbacks: int = 0


class Replies:
    """Counts of a run, by model, and of the round that is being played."""

    def __init__(self) -> None:
        self.by_model: dict[str, Count] = {}
        self._round, self._now = -1, Count()

    def add(self, model: str, round_: int, *, repaired: bool, fallback: bool) -> None:
        """One more decision of this model in this round."""
        one = Count(1, int(repaired), int(fallback))
        if round_ != self._round:
            self._round, self._now = round_, Count()
        self._now = _sum(self._now, one)
        self.by_model[model] = _sum(self.by_model.get(model, Count()), one)

    @property
    def total(self) -> Count:
        """All decisions of all models."""
        total = Count()
        for count in self.by_model.values():
            total = _sum(total, count)
        return total

    @property
    def share_now(self) -> float:
        """Share of fallbacks among the decisions of models in the last round that asked any; 0 before."""
        return self._now.fallbacks / self._now.decisions if self._now.decisions else 0.0


def _sum(one: Count, other: Count) -> Count:
    return Count(*(a + b for a, b in zip(one, other, strict=True)))
