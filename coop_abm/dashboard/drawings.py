"""The graph of the Structure page: where it comes from, how it changes, and the answers that follow it."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from typing import Any, cast

from coop_abm.core.dice import graph_seed
from coop_abm.core.errors import CoopError, GraphError, InputError
from coop_abm.core.part import kind_of
from coop_abm.dashboard import asks
from coop_abm.dashboard.asks import Asks, Drawn
from coop_abm.dashboard.board import BY_HAND, MOST_NODES, Board, drawn
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.latest import Latest
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import parsed, replace
from coop_abm.scenario.library import named
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures import KINDS
from coop_abm.structures.famous import FAMOUS, famous
from coop_abm.structures.files import read_upload
from coop_abm.structures.graph import Graph, largest_piece
from coop_abm.theory.advice import Advice, advise

#: The graph that a visitor finds: small enough to draw on, and not regular.
FIRST = {"network.graph": "watts_strogatz", "size": 20}
#: Text from a browser that is longer than this is no number.
LONGEST = 200


class Drawings:
    """What is on the board, the world it was generated from, and what theory says of it.

    Parameters
    ----------
    on_change : called, from any thread, when there is something new to show
    on_tried  : called with (one, other, (b/c)* with that edge changed)

    Attributes
    ----------
    source : the scenario whose graph this is, unless it was changed or came from elsewhere
    answer : the newest answers; they may be about the graph before
    """

    def __init__(self, on_change: Callable[[], None], on_tried: Callable[[int, int, float], None]):
        self.on_change, self.on_tried = on_change, on_tried
        self.source: Scenario | None = replace(named("network"), FIRST)
        self.update, self.error, self.said, self.doing = "death_birth", "", "", ""
        self.errors: dict[str, str] = {}
        self.job = Job(on_change)
        self.board = Board(_laid_out(self.source))
        self.answer = Asks(self.board.now, self.update)
        self._answering: Latest[tuple[Drawn, str, bool]] = Latest(self._answer)
        self._trying: Latest[tuple[Drawn, str, int, int]] = Latest(self._try)
        self._guarded = threading.Lock()
        self._begun = False

    # --------------------------------------------------------------------------------------- what the page reads

    @property
    def kinds(self) -> list[str]:
        """Kinds of graph that can be generated."""
        drawn = [kind for kind in KINDS if not getattr(kind, "directed", False)]  # a ratio is of a graph without arrows
        return [kind_of(kind) for kind in drawn if kind_of(kind) != "edges"]

    @property
    def kind(self) -> str:
        """The kind on the board, "" where it is somebody's own."""
        return self.source.network.graph.kind if self.source is not None else ""

    @property
    def by_hand(self) -> bool:
        """Can nodes be added and moved?"""
        return self.board.now.size <= BY_HAND

    @property
    def can_try_all(self) -> bool:
        """Are there changes that were not answered, and no work on them?"""
        return bool(self.answer.advice and self.answer.advice.screening) and not self.job.now.working

    # -------------------------------------------------------------------------------------- what the reader does

    def begin(self) -> None:
        """Answer for the graph that is there."""
        if not self._begun:
            self._begun = True
            self._ask()

    def close(self) -> None:
        """The tab is gone."""
        self._answering.close()
        self._trying.close()
        self.job.close()

    def take(self, event: dict[str, Any]) -> None:
        """Another graph: a kind, or a well-known one."""
        with self._refusing():
            if event.get("kind") in self.kinds:
                base = self.source or replace(named("network"), {"size": FIRST["size"]})
                self._generate(replace(base, {"network.graph": str(event["kind"])}))
            elif event.get("famous") in FAMOUS:
                self._own(famous(str(event["famous"])), str(event["famous"]).replace("_", " "))

    def turn(self, event: dict[str, Any]) -> None:
        """A knob of the generated graph was moved."""
        path, text = str(event.get("path", ""))[:LONGEST], str(event.get("text", ""))[:LONGEST]
        if self.source is None or not (path == "size" or path.startswith("network.graph.")):
            return
        with self._refusing(path):
            self._generate(replace(self.source, {path: parsed(text.strip())}))

    def upload(self, event: dict[str, Any]) -> None:
        """A file of the reader's."""
        name, text = str(event.get("name", ""))[:LONGEST], event.get("text")
        with self._refusing():
            if not isinstance(text, str):
                raise InputError("file: must be text")
            try:
                graph = read_upload(name, text.encode())
            except GraphError as error:
                piece = largest_piece(error)
                if piece is None:
                    raise
                graph = piece
            self._own(graph, name, "; ".join(graph.notes)[:300])

    def change(self, event: dict[str, Any]) -> None:
        """The reader changed the graph by hand."""
        do, board = event.get("do"), self.board
        with self._refusing():
            if do == "undo":
                board.undo()
            elif do == "toggle":
                board.toggle(_whole(event, "one"), _whole(event, "other"))
            elif do == "add":
                board.add(_share(event, "x"), _share(event, "y"))
            elif do == "remove":
                board.remove(_whole(event, "node"))
            elif do == "move":
                board.move(_whole(event, "node"), _share(event, "x"), _share(event, "y"))
                self.on_change()
                return
            self._now_own("")

    def apply(self, change: dict[str, Any]) -> None:
        """Make one of the changes that were advised."""
        self.change({"do": "toggle", "one": change.get("one"), "other": change.get("other")})

    def keep_largest(self, _event: dict[str, Any]) -> None:
        """Keep the largest piece of a graph in pieces."""
        with self._refusing():
            self.board.keep_largest()
            self._now_own("The largest piece of it.")

    def choose(self, event: dict[str, Any]) -> None:
        """Another update rule."""
        if event.get("update") in asks.UPDATES:
            self.update = str(event["update"])
            self._ask()

    def try_edge(self, event: dict[str, Any]) -> None:
        """What if there were this edge, or were it not there?"""
        with self._refusing():
            self._trying.ask((self.board.now, self.update, _whole(event, "one"), _whole(event, "other")))

    def try_all(self, _event: dict[str, Any]) -> None:
        """Answer every change of one edge exactly; it can take a while."""
        now, update = self.board.now, self.update

        def work(report: Callable[[str, float], None]) -> None:
            weights = now.graph().weights_matrix()
            found = advise(
                weights, update=update, count=6, progress=lambda share: report("all changes of one edge", share)
            )
            self._advised(now, update, found)

        self.job.start(work)

    def to_lab(self, visit: Visit) -> None:
        """Show this graph in the Lab."""
        from coop_abm.dashboard.pages.lab import show

        with self._refusing():
            scenario = self.source or on_graph(named("network"), self.board.now.graph())
            show(visit, replace(scenario, {"update": self.update}))

    def file(self, what: str) -> tuple[str, str, str]:
        """(name, kind, content) of a file of this graph: "graphml", "csv" or "report"; content "" if it cannot be."""
        now = self.board.now
        labels = now.labels or tuple(range(now.size))
        if what == "graphml":
            import networkx

            graph = networkx.Graph()
            graph.add_nodes_from(map(str, labels))
            graph.add_weighted_edges_from((str(labels[i]), str(labels[j]), w) for i, j, w in now.edges)
            return "graph.graphml", "application/xml", "\n".join(networkx.generate_graphml(graph)) + "\n"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if what == "csv":
            writer.writerows((labels[i], labels[j], repr(w)) for i, j, w in now.edges)
            return "graph.csv", "text/csv", text.getvalue()
        found = self.answer.influence
        if what != "report" or found is None or len(found.neutral) != now.size:
            return "", "", ""
        writer.writerow(("node", "chance_without_selection", "critical_ratio_from_here", "slope_gain", "slope_cost"))
        for row in zip(labels, found.neutral, found.ratio, found.gain, found.cost, strict=True):
            writer.writerow((row[0], *(f"{float(value):.12g}" for value in row[1:])))
        return "nodes.csv", "text/csv", text.getvalue()

    # ------------------------------------------------------------------------------------------------- inside

    def _generate(self, scenario: Scenario) -> None:
        if scenario.size > MOST_NODES:
            raise InputError(f"size: at most {MOST_NODES:,} nodes are drawn on this page; got {scenario.size:,}")
        self.board.replace(_laid_out(scenario))
        self.source, self.said = scenario, ""
        self._ask()

    def _own(self, graph: Graph, name: str, notes: str = "") -> None:
        if graph.size > MOST_NODES:
            raise InputError(f"{name}: at most {MOST_NODES:,} nodes are drawn on this page; got {graph.size:,}")
        self.board.replace(_laid_out(on_graph(named("network"), graph))._replace(labels=graph.labels))
        self._now_own(f"{name}: {graph.size:,} nodes{'; ' if notes else ''}{notes}.")

    def _now_own(self, said: str) -> None:
        self.source, self.said = None, said
        self._ask()

    def _ask(self) -> None:
        now = self.board.now
        self.job.stop()
        self.error, self.errors = "", {}
        self.doing = "solving" if now.size > 100 else ""
        self._answering.ask((now, self.update, now.size <= asks.AT_ONCE))
        self.on_change()

    def _answer(self, question: tuple[Drawn, str, bool]) -> None:
        now, update, advice = question
        found = asks.asked(now, update, advice=False)
        if not self._accept(now, update, found) or found.error or not advice:
            return
        self._accept(now, update, asks.asked(now, update))  # the best edges take longer than the answer itself

    def _accept(self, now: Drawn, update: str, found: Asks) -> bool:
        with self._guarded:
            if update != self.update or not asks.same(now, self.board.now):
                return False
            self.answer, self.doing = found, ""
        self.on_change()
        return True

    def _advised(self, now: Drawn, update: str, found: Advice) -> None:
        with self._guarded:
            if asks.same(now, self.board.now) and update == self.update:
                self.answer = self.answer._replace(advice=found)

    def _try(self, question: tuple[Drawn, str, int, int]) -> None:
        now, update, one, other = question
        self.on_tried(one, other, asks.tried(now, update, one, other))

    def _refusing(self, path: str = "") -> _Refusing:
        return _Refusing(self, path)


class _Refusing:
    """What cannot be had becomes a sentence on the page; the graph stays as it is."""

    def __init__(self, drawings: Drawings, path: str):
        self.drawings, self.path = drawings, path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> bool:
        if not isinstance(error, CoopError):
            return False
        words = str(error).removeprefix("graph: ")
        self.drawings.errors = {self.path: words} if self.path else {}
        self.drawings.error = "" if self.path else words
        self.drawings.on_change()
        return True


def _laid_out(scenario: Scenario) -> Drawn:
    answers = scenario.answers(0)
    graph = cast(Any, scenario.network.graph).build(scenario.size, graph_seed(0, 0))
    return drawn(graph, layout(scenario, answers, 0).places)


def _whole(event: dict[str, Any], name: str) -> int:
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} must be a node number; got {str(value)[:20]}")
    return value


def _share(event: dict[str, Any], name: str) -> float:
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{name} must be in [0, 1]; got {str(value)[:20]}")
    return float(value)
