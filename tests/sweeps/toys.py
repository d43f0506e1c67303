"""A work whose runs take no time: a biased coin for each run, or whatever trouble is asked for."""

import os
import time

import numpy as np

from coop_abm.sweeps.work import Cell, Outcome, Table, hash_of


class Coins:
    """Each run gives 1 with probability `chance`, else 0, from a stream of its own.

    Parameters of a cell: `chance`; `trouble` = "" or what happens to replicates that are multiples of `every`.
    """

    def __init__(self, seed=0, log=None, together=1, seconds=0.0):
        self.identity = {"kind": "coins", "seed": seed}
        self.seed, self.log, self.together, self.seconds = seed, log, together, seconds

    def cell(self, parameters):
        return Cell(dict(parameters), hash_of([self.identity, dict(parameters)]))

    def source(self, cell, replicate):
        return self.seed

    def most_together(self, cell):
        return self.together

    def perform(self, task):
        return [self.one(task, replicate) for replicate in range(task.first, task.first + task.runs)]

    def one(self, task, replicate):
        if self.log is not None:
            file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(file, f"{task.cell.hash.hex()} {replicate}\n".encode())
            os.close(file)
        wanted = task.cell.parameters
        if wanted.get("trouble") and replicate % wanted.get("every", 1) == 0:
            trouble(wanted["trouble"])
        if self.seconds:
            time.sleep(self.seconds)
        words = np.frombuffer(task.cell.hash, np.uint32)
        stream = np.random.default_rng([self.seed, replicate, *words])
        won = int(stream.random() < wanted.get("chance", 0.5))
        return Outcome(replicate, self.seed, (Table(("Step", "won"), [(1, won)]),))


def trouble(kind):
    if kind == "raise":
        raise ValueError("no such luck\nreally")
    if kind == "exit":
        raise SystemExit(3)
    if kind == "die":
        os._exit(3)
    if kind == "loop":
        while True:
            time.sleep(0.01)
