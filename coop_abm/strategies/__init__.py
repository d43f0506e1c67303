"""Strategies: what is inherited or copied.

To add a strategy, write one file with a :class:`~coop_abm.strategies.table.Strategy` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.strategies.deliberate import Backward, BestResponse, Deliberate, Persona, Softmax
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
#: Those that calculate, for worlds whose players see more than outcomes.
CALCULATING = kinds_in(globals(), Deliberate)

AnyStrategy = one_of(*KINDS)
#: By whatever rule a game can be played again and again by the same few.
AnyRule = one_of(*KINDS, *CALCULATING)

__all__ = [
    "CALCULATING", "KINDS", "AnyRule", "AnyStrategy", "Automaton", "Deliberate", "Repertoire", "Strategy",
    *(kind.__name__ for kind in (*KINDS, *CALCULATING)),
]  # fmt: skip
