"""Update rules: who replaces whom.

To add a rule, write one file with an :class:`~coop_abm.updates.base.Update` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.updates.base import Update
from coop_abm.updates.imitation import ImitateTheBest, Imitation, PairwiseComparison, ProportionalImitation
from coop_abm.updates.moran import BirthDeath, DeathBirth
from coop_abm.updates.wright_fisher import WrightFisher

KINDS = kinds_in(globals(), Update)

AnyUpdate = one_of(*KINDS)

__all__ = ["KINDS", "AnyUpdate", "Update", *(kind.__name__ for kind in KINDS)]
