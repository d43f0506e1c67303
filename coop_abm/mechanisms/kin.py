"""Kin selection: whose payoff do I feel, whom am I likely to meet, of whom do I descend?"""

from __future__ import annotations

from typing import Literal

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.structures import Complete
from coop_abm.structures.partition import blocks, within

#: How the members of a family are related, and their relatedness where it is no knob.
PEDIGREES = {"founders": float("nan"), "full_sibs": 0.5, "half_sibs": 0.25, "cousins": 0.125}


class Kin(Mechanism):
    """Hamilton's rule: help is favoured if relatedness x benefit exceeds the cost.

    Three channels have different exact thresholds. By ``value`` an individual feels a share r of its
    partner's payoff, in every encounter: (b/c)* = (N - 1 - r)/(rN - 1 - r). By ``meeting`` it meets a
    copy of itself with probability r and anybody else otherwise: (b/c)* = (N - 1)/(rN - 1). By ``descent``
    nothing is felt and r is no knob: everybody is born into a family of n, meets its family alone, and
    competes with the whole population, by Wright-Fisher updating. Members of a family of haploid
    ``founders`` each copy one of F founders (r = 1/F); ``full_sibs`` (1/2), ``half_sibs`` of one mother
    (1/4) and first ``cousins`` (1/8) are diploid and pass on one of two alleles, each of which plays in
    half of their encounters. Then (b/c)* = (1 - K)/(r - K), K = (1 + (n - 1) r)/N.
    """

    title = "kin selection"
    question = "Whose payoff do I feel?"
    references = ("Hamilton1964", "Hamilton1970", "Nowak2006")

    relatedness: float = knob(
        0.0, "relatedness r", low=0, high=1, step=0.05, live=True,
        help="share of genes in common, by descent (channels value and meeting)",
    )  # fmt: skip
    channel: Literal["value", "meeting", "descent"] = knob(
        "value", "channel",
        help="value: feel the partner's payoff; meeting: meet copies of oneself; descent: live among family",
    )  # fmt: skip
    family: int = knob(4, "family size n", low=2, high=10_000, step=1, help="individuals in a family (descent)")
    pedigree: Literal["founders", "full_sibs", "half_sibs", "cousins"] = knob(
        "founders", "pedigree", help="how members of a family are related (descent); all but founders are diploid"
    )
    founders: int = knob(
        2, "founders F", low=1, high=10_000, step=1, help="founders of a family, r = 1/F (descent, founders)"
    )

    @property
    def related(self) -> float:
        """Relatedness r: declared, or what the pedigree makes it."""
        if self.channel != "descent":
            return self.relatedness
        return 1.0 / self.founders if self.pedigree == "founders" else PEDIGREES[self.pedigree]

    @property
    def diploid(self) -> bool:
        """Does everybody carry two alleles?"""
        return self.enabled and self.channel == "descent" and self.pedigree != "founders"

    @property
    def unread(self) -> tuple[str, ...]:
        if self.channel != "descent":
            return "family", "pedigree", "founders"
        return ("relatedness",) if self.pedigree == "founders" else ("relatedness", "founders")

    def answer(self, answers: Answers, seed: int) -> Answers:
        if self.channel == "value":
            return answers._replace(relatedness=self.relatedness)
        if self.channel == "meeting":
            return answers._replace(assortment=self.relatedness)
        mates = within(Complete().build(answers.size), blocks(answers.size, self.family))
        return answers._replace(
            indptr=mates.indptr,
            indices=mates.indices,
            family=self.family,
            founders=self.founders,
            pedigree=list(PEDIGREES).index(self.pedigree),
        )
