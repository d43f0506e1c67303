"""Group selection: who replaces whom?"""

from __future__ import annotations

import numpy as np

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.structures.graph import Graph
from coop_abm.structures.partition import blocks, within


class Group(Mechanism):
    """The population consists of groups; those that grow split, and others go under.

    Without a network this is the process of Traulsen and Nowak: everybody meets and reproduces
    inside its group; a group that outgrows its size loses a random member, or, with probability
    `split`, divides in two while another group, drawn at random, is eliminated. The number of
    groups is N / size.

    On a network individuals keep their nodes and a group is a fixed set of nodes. Everything happens
    inside groups, and after a replacement, with probability `split`, the group copies its strategies,
    node by node in random order, onto another group drawn at random. This process is ours and theory
    is silent about it.
    """

    title = "group selection"
    question = "Who replaces whom?"
    references = ("TraulsenNowak2006", "Nowak2006")

    size: int = knob(
        0, "group size n", low=0, high=10_000_000, step=1, help="largest size of a group; 0: one group of all"
    )
    split: float = knob(
        0.0,
        "splitting q",
        low=0,
        high=1,
        step=0.001,
        live=True,
        help="probability that a full group splits when it grows",
    )

    def answer(self, answers: Answers, seed: int) -> Answers:
        if self.size == 0 or self.size >= answers.size:
            return answers
        group = blocks(answers.size, self.size)
        answers = answers._replace(group=group, groups=int(group[-1]) + 1, group_size=self.size, split=self.split)
        if len(answers.indptr) == 0:
            return answers._replace(fluid=1)
        weight = answers.weight if len(answers.weight) else np.ones(len(answers.indices))
        whole = Graph(answers.size, answers.indptr, answers.indices, weight, (), ())
        inside = within(whole, group)
        return answers._replace(
            indptr=inside.indptr,
            indices=inside.indices,
            weight=inside.weight if len(answers.weight) else answers.weight,
        )
