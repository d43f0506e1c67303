"""Indirect reciprocity: what do I know of you?"""

from __future__ import annotations

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.norms import AnyNorm, ByType


class Indirect(Mechanism):
    """With probability q an individual knows the standing of its partner.

    The look-up is fresh in every turn and direction. Assessment ``type`` is Nowak's model, in which
    standing is what the partner is; any other is a norm, by which standing follows from deeds.
    """

    title = "indirect reciprocity"
    question = "What do I know of you?"
    references = ("NowakSigmund1998", "Nowak2006")

    visibility: float = knob(
        0.0, "visibility q", low=0, high=1, step=0.05, live=True, help="probability to know the partner's standing"
    )
    assessment: AnyNorm = knob(ByType(), "assessment", help="how deeds become standing, or type")
    assessment_error: float = knob(
        0.0,
        "assessment error",
        low=0,
        high=0.5,
        step=0.01,
        live=True,
        help="probability that a judgement is turned round",
    )

    def answer(self, answers: Answers, seed: int) -> Answers:
        return answers._replace(
            visibility=self.visibility,
            innate=int(self.assessment.innate),
            norm=self.assessment.table(),
            misjudgement=self.assessment_error,
        )
