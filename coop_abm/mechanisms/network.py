"""Network reciprocity: whom do I meet?"""

from __future__ import annotations

import numpy as np

from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.structures import Complete, Structure


class Network(Mechanism):
    """Individuals sit on the nodes of a graph; they meet, and are replaced by, their neighbours.

    b/c > k, for k neighbours, belongs to death-birth updating of large graphs under weak selection.
    Imitation asks for b/c > k + 2, and under birth-death or pairwise comparison no graph helps. All
    replicates of a block share one graph. Random graphs are drawn from the root seed, as many as one likes; they
    are numbered, and a run lives on number 0 unless it is another replicate.
    """

    title = "network reciprocity"
    question = "Whom do I meet?"
    references = ("OhtsukiHauertLiebermanNowak2006", "Allen2017", "Nowak2006")

    graph: Structure = knob(Complete(), "graph", help="who is whose neighbour")

    def answer(self, answers: Answers, seed: int) -> Answers:
        graph = self.graph.build(answers.size, seed)
        return answers._replace(
            indptr=graph.indptr,
            indices=graph.indices,
            weight=graph.weight if graph.weighted else np.empty(0),
        )
