"""Strategies: what is inherited or copied.

To add a strategy, write one file with a :class:`~coop_abm.strategies.table.Strategy` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.strategies.library import (
    AllC,
    AllD,
    Discriminator,
    GenerousTitForTat,
    Grim,
    MemoryOne,
    OrDiscriminator,
    Reciprocator,
    TitForTat,
    TitForTwoTats,
    TwoTitsForTat,
    WinStayLoseShift,
    ZeroDeterminant,
)
from coop_abm.strategies.table import Automaton, Repertoire, Strategy

KINDS = kinds_in(globals(), Strategy)

AnyStrategy = one_of(*KINDS)

__all__ = ["KINDS", "AnyStrategy", "Automaton", "Repertoire", "Strategy", *(kind.__name__ for kind in KINDS)]
