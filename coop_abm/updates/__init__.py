"""Update rules: who replaces whom.

To add a rule, write one file with an :class:`~coop_abm.updates.base.Update` in it and add the class
to the line below.
"""

from coop_abm.core.part import one_of
from coop_abm.updates.base import Update
from coop_abm.updates.imitation import Imitation, PairwiseComparison
from coop_abm.updates.moran import BirthDeath, DeathBirth

KINDS = (BirthDeath, DeathBirth, Imitation, PairwiseComparison)

AnyUpdate = one_of(*KINDS)

__all__ = ["KINDS", "AnyUpdate", "Update", *(kind.__name__ for kind in KINDS)]
