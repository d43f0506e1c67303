"""Direct reciprocity: shall we meet again?"""

from __future__ import annotations

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism


class Direct(Mechanism):
    """After each turn another follows with probability w, and both remember the last one.

    Payoffs of an encounter are totals over its turns, 1/(1 - w) of them on average.
    """

    title = "direct reciprocity"
    question = "Shall we meet again?"
    references = ("AxelrodHamilton1981", "Nowak2006")

    continuation: float = knob(
        0.0, "continuation w", low=0, high=0.999, step=0.01, live=True, help="probability of another turn after each"
    )

    def answer(self, answers: Answers, seed: int) -> Answers:
        return answers._replace(continuation=self.continuation)
