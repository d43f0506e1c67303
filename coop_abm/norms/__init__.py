"""Norms: how an action changes the standing of whoever did it.

To add a norm, write one file with a :class:`~coop_abm.norms.base.Norm` in it and add the class to
the line below.
"""

from coop_abm.core.part import one_of
from coop_abm.norms.base import ByType, Norm
from coop_abm.norms.library import ImageScoring, Shunning, SimpleStanding, SternJudging

KINDS = (ByType, ImageScoring, SimpleStanding, SternJudging, Shunning)

AnyNorm = one_of(*KINDS)

__all__ = ["KINDS", "AnyNorm", "Norm", *(kind.__name__ for kind in KINDS)]
