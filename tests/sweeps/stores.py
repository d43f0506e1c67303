"""A small sweep to keep in stores: cells, what each run gives, and the same command again and again."""

import json
import random

from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.export import digest
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_rows import text_of
from coop_abm.sweeps.work import Cell, Outcome, Table, hash_of

IDENTITY = {"model": "coins", "world": {"size": 10, "name": "wörld"}, "seed": 5}
CELLS = [Cell({"chance": chance, "label": "=odd"}, hash_of(["coins", chance])) for chance in range(6)]
RUNS = 12
#: Their rows are many, so they are kept in chunks.
LONG = 4


def outcome(cell, replicate):
    """What a run gives; every seventh fails, and every eleventh is a long one with agents."""
    dice = random.Random(cell.hash.hex() + str(replicate))
    if replicate % 7 == 6:
        return Outcome(replicate, 5, (), f"ValueError: no luck in {replicate}")
    if replicate % 11 == LONG:
        steps = Table(("Step", "won"), [(step, dice.random()) for step in range(700 if cell == CELLS[0] else 40)])
        return Outcome(replicate, 5, (steps, Table(("Step", "AgentID", "wealth"), [(700, 1, 3), (700, 2, None)])))
    return Outcome(replicate, 5, (Table(("Step", "won", "word"), [(100, dice.random(), "=né\ud800")]),))


def sweep(path, cells=CELLS, runs=RUNS, identity=IDENTITY, at_once=5, order=None):
    """Do what is missing, a few runs at a time; returns how many were done."""
    with Store(path) as store:
        store.open_for(identity)
        wanted = []
        for cell in cells:
            done, failed = store.state(cell)
            wanted += [(cell, run) for first, end in done.union(failed).missing(runs) for run in range(first, end)]
        if order is not None:
            order.shuffle(wanted)
        for first in range(0, len(wanted), at_once):
            store.keep([(cell, [outcome(cell, run)]) for cell, run in wanted[first : first + at_once]])
    return len(wanted)


def content(path):
    """All that can be read from a store, in one text."""
    with Store(path, read_only=True) as store:
        runs = [[cell.parameters, list(store.outcomes(cell.hash))] for cell in store.cells()]
        failed = list(care.failures(store))
        store.remembered()
        return json.dumps([digest(store), text_of(runs), text_of(failed), care.status(store).identity])
