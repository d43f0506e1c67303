"""Kin selection: whose payoff do I feel, or whom am I likely to meet?"""

from __future__ import annotations

from typing import Literal

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism


class Kin(Mechanism):
    """Hamilton's rule: help is favoured if relatedness x benefit exceeds the cost.

    Two channels have different exact thresholds. By ``value`` an individual feels a share r of its
    partner's payoff, in every encounter: (b/c)* = (N - 1 - r)/(rN - 1 - r). By ``meeting`` it meets a
    copy of itself with probability r and anybody else otherwise: (b/c)* = (N - 1)/(rN - 1).
    """

    title = "kin selection"
    question = "Whose payoff do I feel?"
    references = ("Hamilton1964", "Nowak2006")

    relatedness: float = knob(
        0.0, "relatedness r", low=0, high=1, step=0.05, live=True, help="share of genes in common, by descent"
    )
    channel: Literal["value", "meeting"] = knob(
        "value", "channel", help="value: feel the partner's payoff; meeting: meet copies of oneself"
    )

    def answer(self, answers: Answers, seed: int) -> Answers:
        if self.channel == "value":
            return answers._replace(relatedness=self.relatedness)
        return answers._replace(assortment=self.relatedness)
