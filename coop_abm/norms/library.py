"""The norms that the literature calls by name; standings are 0 bad, 1 good."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.norms.base import Norm


def _judged(help_bad: int, help_good: int, refuse_bad: int, refuse_good: int) -> np.ndarray:
    """The table of a norm that does not look at the donor's own standing."""
    toward_bad, toward_good = (help_bad, refuse_bad), (help_good, refuse_good)
    return np.array([[toward_bad, toward_good]] * 2, np.int64)


class ImageScoring(Norm):
    """Helping is good and refusing is bad, whoever the recipient is.

    Names: image scoring, scoring [NowakSigmund1998].
    """

    title = "image scoring"
    references = ("NowakSigmund1998",)
    kind: Literal["image_scoring"] = "image_scoring"

    def table(self) -> np.ndarray:
        return _judged(help_bad=1, help_good=1, refuse_bad=0, refuse_good=0)


class SimpleStanding(Norm):
    """Only refusing somebody good is bad.

    Names: simple standing [Sugden1986].
    """

    title = "simple standing"
    references = ("Sugden1986", "OhtsukiIwasa2004")
    kind: Literal["simple_standing"] = "simple_standing"

    def table(self) -> np.ndarray:
        return _judged(help_bad=1, help_good=1, refuse_bad=1, refuse_good=0)


class SternJudging(Norm):
    """Help the good and refuse the bad; anything else is bad.

    Names: stern judging, Kandori [PachecoSantosChalub2006].
    """

    title = "stern judging"
    references = ("PachecoSantosChalub2006", "OhtsukiIwasa2004")
    kind: Literal["stern_judging"] = "stern_judging"

    def table(self) -> np.ndarray:
        return _judged(help_bad=0, help_good=1, refuse_bad=1, refuse_good=0)


class Shunning(Norm):
    """Only helping somebody good is good.

    Names: shunning [OhtsukiIwasa2004].
    """

    title = "shunning"
    references = ("OhtsukiIwasa2004",)
    kind: Literal["shunning"] = "shunning"

    def table(self) -> np.ndarray:
        return _judged(help_bad=0, help_good=1, refuse_bad=0, refuse_good=0)
