"""The graph that is drawn by hand, and what is said of it: no browser needed."""

import math
import threading

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import GraphError, InputError
from coop_abm.dashboard import asks
from coop_abm.dashboard.board import BY_HAND, Board, Drawn, drawn
from coop_abm.dashboard.drawings import Drawings
from coop_abm.dashboard.latest import Latest
from coop_abm.structures import from_networkx
from coop_abm.theory import coalescence

from .serving import DEADLINE


def by_hand(graph):
    places = np.random.default_rng(0).random((len(graph), 2))
    return drawn(from_networkx(graph), places)


@pytest.fixture
def ring():
    return Board(by_hand(nx.cycle_graph(8)))


def test_an_edge_is_added_removed_and_brought_back(ring):
    before = ring.now
    ring.toggle(4, 0)
    assert (0, 4, 1.0) in ring.now.edges and len(ring.now.edges) == 9
    ring.toggle(0, 4)
    assert ring.now.edges == before.edges
    ring.undo()
    ring.undo()
    assert ring.now is before and not ring.can_undo


def test_a_node_that_goes_takes_its_edges_and_the_others_move_up(ring):
    ring.remove(3)
    assert ring.now.size == 7
    assert ring.now.edges == ((0, 1, 1.0), (0, 6, 1.0), (1, 2, 1.0), (3, 4, 1.0), (4, 5, 1.0), (5, 6, 1.0))


def test_a_new_node_gets_a_name_that_nobody_has():
    board = Board(by_hand(nx.Graph([("a", "b"), ("b", "c"), ("new 3", "c")])))
    board.add(0.2, 0.9)
    assert board.now.labels[-1] == "new 4" and len(set(board.now.labels)) == 5
    assert board.now.places[-1].tolist() == pytest.approx([0.2, 0.9])


@pytest.mark.parametrize("wrong", [(-1, 0), (0, 8), (2, 2), ("x", 1), (True, 1), (None, 2)])
def test_what_is_no_edge_changes_nothing(ring, wrong):
    before = ring.now
    with pytest.raises(InputError):
        ring.toggle(*wrong)
    assert ring.now is before


def test_a_graph_by_hand_is_bounded():
    full = Board(by_hand(nx.cycle_graph(BY_HAND)))
    with pytest.raises(InputError, match=f"at most {BY_HAND}"):
        full.add(0.5, 0.5)


def test_the_largest_piece_is_kept(ring):
    ring.toggle(0, 1)
    ring.toggle(3, 4)
    ring.keep_largest()
    assert ring.now.size == 5 and len(ring.now.edges) == 4
    with pytest.raises(GraphError, match="draw an edge first"):
        Board(Drawn(np.zeros((3, 2), np.float32), ())).keep_largest()


def test_the_answers_are_those_of_theory(ring):
    found = asks.asked(ring.now)
    weights = nx.to_numpy_array(nx.cycle_graph(8))
    for update, value, words in found.ratios:
        assert value == pytest.approx(coalescence.critical_ratio(weights, update=update)) and words
    assert found.value == pytest.approx(6 / 2)  # (2N - 4)/(N - 4) on a cycle
    assert dict(found.facts)["mean degree"] == "2 (the same for all)"


def test_an_edge_that_hangs_in_the_air_is_answered_as_if_it_were_there(ring):
    graph = nx.cycle_graph(8)
    graph.add_edge(0, 3)
    assert asks.tried(ring.now, "death_birth", 0, 3) == pytest.approx(
        coalescence.critical_ratio(nx.to_numpy_array(graph))
    )
    without = asks.tried(by_hand(graph), "death_birth", 3, 0)
    assert without == pytest.approx(coalescence.critical_ratio(nx.to_numpy_array(nx.cycle_graph(8))))


def test_a_bridge_has_no_answer_without_it():
    assert math.isnan(asks.tried(by_hand(nx.path_graph(6)), "death_birth", 2, 3))


def test_changes_of_the_graph_before_are_not_offered_for_another(ring):
    found = asks.asked(ring.now)
    assert asks.told(found, ring.now)["changes"]
    ring.remove(7)
    told = asks.told(found, ring.now)
    assert told["changes"] == [] and told["ratios"]


def test_advice_is_ranked_and_says_whether_it_helps(ring):
    told = asks.told(asks.asked(ring.now), ring.now)
    assert len(told["changes"]) == 6
    values = [1 / asks.tried(ring.now, "death_birth", c["one"], c["other"]) for c in told["changes"]]
    assert values == sorted(values, reverse=True)
    assert all(c["better"] == (v > 1 / 3 + 1e-12) for c, v in zip(told["changes"], values, strict=True))


def test_where_no_benefit_is_large_enough_it_says_so_and_never_calls_a_change_easier():
    triangle = by_hand(nx.complete_graph(3))
    found = asks.asked(triangle)
    told = asks.told(found, triangle)
    assert asks.sentence(found.value) == "no benefit is large enough"
    assert {c["value"] for c in told["changes"]} == {"never"}
    assert {c["effect"] for c in told["changes"]} == {"still never, but nearer"}
    assert asks.sentence(4.26087) == "critical b/c 4.261" and asks.sentence(math.nan) == "no answer"
    ring = by_hand(nx.cycle_graph(8))
    changes = asks.told(asks.asked(ring), ring)["changes"]
    assert {c["effect"] for c in changes if c["better"]} == {"easier"}
    assert {c["effect"] for c in changes if not c["better"]} <= {"no easier"}


def test_a_graph_in_pieces_says_so_and_offers_the_largest(ring):
    ring.toggle(0, 1)
    ring.toggle(3, 4)
    told = asks.told(asks.asked(ring.now), ring.now)
    assert told["pieces"] and "in pieces" in told["error"] and told["ratios"] == []


def test_nodes_are_coloured_from_the_lowest_to_the_highest():
    star = by_hand(nx.star_graph(6))
    values, low, high = asks.coloured(asks.asked(star), "neutral")
    assert values[0] == 1 and np.all(values[1:] == 0) and (low, high) == ("8.33 %", "50 %")
    assert np.isnan(asks.coloured(asks.asked(star), "ratio")[0]).all()  # no benefit helps on a star


class Watched:
    """Drawings whose changes can be waited for."""

    def __init__(self):
        self.changed = threading.Condition()
        self.tried = []
        self.drawings = Drawings(self._wake, lambda *words: (self.tried.append(words), self._wake()))

    def _wake(self):
        with self.changed:
            self.changed.notify_all()

    def until(self, holds):
        with self.changed:
            assert self.changed.wait_for(holds, timeout=DEADLINE)


@pytest.fixture
def watched():
    found = Watched()
    found.drawings.begin()
    found.until(lambda: found.drawings.answer.advice is not None)
    yield found
    found.drawings.close()


def test_a_change_is_answered_and_stale_answers_are_not_kept(watched):
    drawings = watched.drawings
    for other in (5, 6, 7, 8):
        drawings.change({"do": "toggle", "one": 0, "other": other})
    watched.until(lambda: drawings.answer.advice is not None and dict(drawings.answer.facts)["edges"] != "40")
    exact = coalescence.critical_ratio(drawings.board.now.graph().weights_matrix())
    assert drawings.answer.value == pytest.approx(exact)
    assert drawings.kind == ""  # it is the reader's own now


@pytest.mark.parametrize(("event", "words"), [
    ({"do": "toggle", "one": 0, "other": 0}, "a node has no edge to itself"),
    ({"do": "toggle", "one": 0, "other": "5"}, "other must be a node number; got 5"),
    ({"do": "toggle", "one": 0, "other": 10**30}, "node must be a number in"),
    ({"do": "add", "x": math.nan, "y": 0.5}, "x must be in [0, 1]; got nan"),
    ({"do": "remove"}, "node must be a node number; got None"),
])  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_the_graph_stays(watched, event, words):
    before = watched.drawings.board.now
    watched.drawings.change(event)
    assert words in watched.drawings.error and watched.drawings.board.now is before


@pytest.mark.parametrize(("name", "text", "words"), [
    ("a.xlsx", "", "the suffix must be one of"),
    ("a.csv", "a,b\nb,b,x\n", "a.csv: "),
    ("a.graphml", "<!DOCTYPE x [<!ENTITY y 'z'>]><graphml/>", "a.graphml: "),
    ("a.csv", 7, "file: must be text"),
    ("\u202eevil.gml", "graph [", "evil.gml"),
])  # fmt: skip
def test_a_file_that_is_no_graph_is_one_sentence(watched, name, text, words):
    before = watched.drawings.board.now
    watched.drawings.upload({"name": name, "text": text})
    assert (
        words in watched.drawings.error
        and "\u202e" not in watched.drawings.error
        and "\n" not in watched.drawings.error
    )
    assert watched.drawings.board.now is before


def test_a_file_of_ones_own_keeps_its_names_and_comes_out_again(watched):
    drawings = watched.drawings
    drawings.upload({"name": "friends.csv", "text": "Ann,Bob,2\nBob,Cem,1\nCem,Ann,1\nCem,Dee,1\n"})
    assert drawings.board.now.labels == ("Ann", "Bob", "Cem", "Dee") and drawings.error == ""
    assert drawings.file("csv")[2] == "Ann,Bob,2.0\nAnn,Cem,1.0\nBob,Cem,1.0\nCem,Dee,1.0\n"
    drawings.upload({"name": "again.graphml", "text": drawings.file("graphml")[2]})
    assert drawings.board.now.labels == ("Ann", "Bob", "Cem", "Dee") and len(drawings.board.now.edges) == 4
    watched.until(lambda: drawings.answer.influence is not None and len(drawings.answer.influence.neutral) == 4)
    assert drawings.file("report")[2].splitlines()[0].startswith("node,chance_without_selection")
    assert drawings.file("../../etc/passwd") == ("", "", "")


def test_a_file_in_pieces_gives_its_largest_and_says_so(watched):
    watched.drawings.upload({"name": "two.csv", "text": "a,b\nb,c\nx,y\n"})
    assert watched.drawings.board.now.labels == ("a", "b", "c")
    assert watched.drawings.said == "two.csv: 3 nodes; the largest of 2 pieces was taken: 3 of 5 nodes."
    watched.drawings.upload({"name": "one.csv", "text": "a,b\nb,c\n"})
    assert watched.drawings.said == "one.csv: 3 nodes."


def test_all_changes_can_be_answered(watched):
    drawings = watched.drawings
    assert drawings.can_try_all
    drawings.try_all({})
    watched.until(lambda: drawings.job.now.state == "done")
    assert drawings.answer.advice.screening == "" and not drawings.can_try_all


def test_only_the_newest_question_is_answered():
    first, answered, go = threading.Event(), [], threading.Event()

    def answer(question):
        answered.append(question)
        first.set()
        go.wait(30)

    latest = Latest(answer)
    latest.ask(1)
    first.wait(30)
    for question in range(2, 9):
        latest.ask(question)
    go.set()
    until = threading.Event()
    while len(answered) < 2 and not until.wait(0.01):
        pass
    latest.close()
    assert answered == [1, 8]
