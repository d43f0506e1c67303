"""Running many worlds of one cell, once for all tests of a process."""

from functools import lru_cache

import numpy as np

from coop_abm.engine.commons import Commons, commons
from coop_abm.engine.staged import play


def run(world: Commons, replicate=0, seed=0):
    """The world after its rules have played it to its end."""
    running = world.start(seed, replicate)
    play(running, world.table())
    return running


#: Rules were fitted under root seed 0.
SEED = 2026


@lru_cache(maxsize=200)
def _measured(start, world, runs, knobs):
    declared = commons(start, world, **dict(knobs))
    return [run(declared, replicate, seed=SEED).measures() for replicate in range(runs)]


def cell(start, world, runs, *, learning=True, deciding=True, **knobs):
    """Measures of so many runs of one cell, as arrays by name."""
    told = {"social_learning": learning, "group_decision": deciding, **knobs}
    found = _measured(start, world, runs, tuple(sorted(told.items())))
    return {name: np.array([one[name] for one in found]) for name in found[0]}


class Scripted:
    """Answers each stage by a function of the question; what is not scripted is left to the rules."""

    def __init__(self, table, **script):
        self.table, self.script = table, script

    def decide(self, question):
        if question.stage in self.script:
            return self.script[question.stage](question)
        return self.table.decide(question)


def efforts(question, chosen, watching=0.0):
    """Answers of stage harvest: the same for all, or by user."""
    answers = question.choices.empty(len(question))
    names = answers.dtype.names
    answers[names[0]] = np.broadcast_to(chosen, len(question))
    if "watch" in names:
        answers["watch"] = watching
    return answers
