"""Network reciprocity: whom do I meet?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from coop_abm.core.dice import replacement_seed
from coop_abm.core.errors import GraphError
from coop_abm.core.part import knob
from coop_abm.mechanisms.base import Answers, Mechanism
from coop_abm.structures import Complete, Graph, Structure
from coop_abm.structures.same import Replacement, Same

#: Papers on worlds in which one meets on one graph and is replaced on another.
ON_TWO = ("OhtsukiPachecoNowak2007", "OhtsukiNowakPacheco2007")


class Network(Mechanism):
    """Individuals sit on the nodes of a graph; they meet, and are replaced by, their neighbours.

    b/c > k, for k neighbours, belongs to death-birth updating of large graphs under weak selection.
    Imitation asks for b/c > k + 2, and under birth-death or pairwise comparison no graph helps. All
    replicates of a block share one graph. Random graphs are drawn from the root seed, as many as one likes; they
    are numbered, and a run lives on number 0 unless it is another replicate.

    With a graph of `replacement` one meets the neighbours in `graph`, and one's place is taken, or one's
    strategy learned, among the neighbours in `replacement`. For h neighbours there, g here and l who are both,
    death-birth then asks for b/c > h g / l, so one graph is best [OhtsukiPachecoNowak2007]. A random graph of
    replacement is a draw of its own, also where both are of one kind.
    """

    title = "network reciprocity"
    question = "Whom do I meet?"
    references = ("OhtsukiHauertLiebermanNowak2006", "Allen2017", "Nowak2006")

    graph: Structure = knob(Complete(), "graph", help="who is whose neighbour")
    replacement: Replacement = knob(
        Same(), "graph of replacement", help="who can replace, or be imitated by, whom; same: those who meet"
    )

    @property
    def two_graphs(self) -> bool:
        """Does one meet on one graph and get replaced on another?"""
        return not isinstance(self.replacement, Same)

    @property
    def unread(self) -> tuple[str, ...]:
        """A second graph has no place in a mixed population."""
        return ("replacement",) if self.graph.kind == "complete" and not self.two_graphs else ()

    @property
    def random(self) -> bool:
        """Does any of the graphs depend on the seed?"""
        return any(getattr(graph, "random", False) for graph in (self.graph, self.replacement))

    @property
    def cites(self) -> tuple[str, ...]:
        """References of what is declared: those of the rule, and of a second graph where there is one."""
        return (*self.references, *ON_TWO) if self.two_graphs else self.references

    def check(self, size: int) -> None:
        """Refuse a number of nodes that a graph cannot have.

        Raises
        ------
        GraphError
            one line that names the knob of the graph
        """
        self.graph.check(size)
        if self.two_graphs:
            with _named("network.replacement"):
                self.replacement.check(size)

    def replaces_on(self, size: int, seed: int) -> Graph | None:
        """The graph on which one is replaced, where that is another one; `seed` is that of the graph one meets on.

        Raises
        ------
        GraphError
            as :meth:`check` does, and if no connected graph is drawn
        """
        if not self.two_graphs:
            return None
        with _named("network.replacement"):
            return self.replacement.build(size, replacement_seed(seed))

    def answer(self, answers: Answers, seed: int) -> Answers:
        graph, other = self.graph.build(answers.size, seed), self.replaces_on(answers.size, seed)
        indptr, indices, weight = graph.rows
        answers = answers._replace(indptr=indptr, indices=indices, weight=weight)
        if other is None:
            return answers
        indptr, indices, weight = other.rows
        return answers._replace(replacement_indptr=indptr, replacement_indices=indices, replacement_weight=weight)


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Say which of the two graphs is refused: a kind of graph does not know where it stands."""
    try:
        yield
    except GraphError as error:
        raise GraphError(str(error).replace("network.graph", path)) from None
