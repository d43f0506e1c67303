"""The field of a tournament: strategies by the names under which the literature enters them.

An entry is a kind of strategy with certain knobs. To enter another, name it here: one line. Strategies that look at
standing are left out, because nobody has a name in a tournament.
"""

from __future__ import annotations

from coop_abm.strategies.library import (
    AllC,
    AllD,
    GenerousTitForTat,
    Grim,
    MemoryOne,
    TitForTat,
    TitForTwoTats,
    TwoTitsForTat,
    WinStayLoseShift,
    ZeroDeterminant,
)
from coop_abm.strategies.table import Strategy

FIELD: dict[str, Strategy] = {
    "allc": AllC(),
    "alld": AllD(),
    "random": MemoryOne(start=0.5, cc=0.5, cd=0.5, dc=0.5, dd=0.5),
    "alternator": MemoryOne(start=1, cc=0, cd=0, dc=1, dd=1),
    "tft": TitForTat(),
    "suspicious_tft": MemoryOne(start=0, cc=1, cd=0, dc=1, dd=0),
    "bully": MemoryOne(start=0, cc=0, cd=1, dc=0, dd=1),
    "tf2t": TitForTwoTats(),
    "ttft": TwoTitsForTat(),
    "gtft": GenerousTitForTat(),
    "joss": MemoryOne(start=1, cc=0.9, cd=0, dc=0.9, dd=0),
    "soft_joss": MemoryOne(start=1, cc=1, cd=0.1, dc=1, dd=0.1),
    "firm_but_fair": MemoryOne(start=1, cc=1, cd=0, dc=1, dd=2 / 3),
    "wsls": WinStayLoseShift(),
    "win_shift_lose_stay": MemoryOne(start=0, cc=0, cd=1, dc=1, dd=0),
    "grim": Grim(),
    "extort_2": ZeroDeterminant(slope=2, baseline="punishment", strength=0.5),
    "extort_3": ZeroDeterminant(slope=3, baseline="punishment", strength=0.5),
    "zdgtft_2": ZeroDeterminant(slope=2, baseline="reward", strength=1),
}

#: The same strategies in the Axelrod library, by the names of its classes; those that differ in a detail are left out.
AXELROD = {
    "allc": "Cooperator",
    "alld": "Defector",
    "random": "Random",
    "alternator": "Alternator",
    "tft": "TitForTat",
    "suspicious_tft": "SuspiciousTitForTat",
    "bully": "Bully",
    "tf2t": "TitFor2Tats",
    "ttft": "TwoTitsForTat",
    "gtft": "GTFT",
    "joss": "FirstByJoss",
    "soft_joss": "SoftJoss",
    "firm_but_fair": "FirmButFair",
    "wsls": "WinStayLoseShift",
    "win_shift_lose_stay": "WinShiftLoseStay",
    "grim": "Grudger",
    "extort_2": "ZDExtort2",
    "zdgtft_2": "ZDGTFT2",
}
