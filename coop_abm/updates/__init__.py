"""Update rules: who replaces whom.

To add a rule, write one file with an :class:`~coop_abm.updates.base.Update` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.updates.base import Update
from coop_abm.updates.imitation import Imitation, PairwiseComparison
from coop_abm.updates.moran import BirthDeath, DeathBirth

KINDS = kinds_in(globals(), Update)

AnyUpdate = one_of(*KINDS)

__all__ = ["KINDS", "AnyUpdate", "Update", *(kind.__name__ for kind in KINDS)]
