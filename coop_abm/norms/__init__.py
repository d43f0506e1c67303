"""Norms: how an action changes the standing of whoever did it.

To add a norm, write one file with a :class:`~coop_abm.norms.base.Norm` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.norms.base import ByType, Norm
from coop_abm.norms.leading_eight import LeadingEight
from coop_abm.norms.library import ImageScoring, Shunning, SimpleStanding, SternJudging

KINDS = kinds_in(globals(), Norm)

AnyNorm = one_of(*KINDS)

__all__ = ["KINDS", "AnyNorm", "Norm", *(kind.__name__ for kind in KINDS)]
