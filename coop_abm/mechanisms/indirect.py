"""Indirect reciprocity: what do I know of you?"""

from __future__ import annotations

from typing import Literal

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.norms import AnyNorm, ByType


class Indirect(Mechanism):
    """With probability q an individual knows the standing of its partner.

    The look-up is fresh in every turn and direction. Assessment ``type`` is Nowak's model, in which
    standing is what the partner is; any other is a norm, by which standing follows from deeds. Standing is
    public, or everybody has its own opinion of everybody: each member of an encounter, and each outsider
    who happens to see it, judges it by the norm and by its own opinions, with errors of its own. One
    always knows what one did oneself.
    """

    title = "indirect reciprocity"
    question = "What do I know of you?"
    references = ("NowakSigmund1998", "Nowak2006", "OhtsukiIwasa2004", "Hilbe2018")

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

    perception_error: float = knob(
        0.0, "perception error", low=0, high=0.5, step=0.01, live=True,
        help="probability that a help is taken for a refusal, or a refusal for a help",
    )  # fmt: skip
    opinions: Literal["public", "private"] = knob(
        "public", "opinions", help="public: one standing for all to see; private: everybody judges for itself"
    )
    observation: float = knob(
        1.0, "observation", low=0, high=1, step=0.05, live=True,
        help="probability that an outsider sees an encounter (private opinions)",
    )  # fmt: skip

    @property
    def unread(self) -> tuple[str, ...]:
        if self.assessment.innate:
            return "assessment_error", "perception_error", "opinions", "observation"
        return ("observation",) if self.opinions == "public" else ()

    def answer(self, answers: Answers, seed: int) -> Answers:
        return answers._replace(
            visibility=self.visibility,
            innate=int(self.assessment.innate),
            norm=self.assessment.table(),
            misjudgement=self.assessment_error,
            misperception=self.perception_error,
            private=int(self.opinions == "private" and not self.assessment.innate),
            observation=self.observation,
        )
