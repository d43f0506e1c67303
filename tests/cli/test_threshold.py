"""``coop-abm threshold``: what it prints is what theory.md and the exact solver say."""

from __future__ import annotations

import json
import math

import networkx as nx
import pytest

import coop_abm
from coop_abm.core.errors import GraphError
from coop_abm.experiments import threshold
from coop_abm.structures import from_edges
from coop_abm.theory import coalescence, thresholds

from .terminal import assert_refused, results


def told(end):
    """The rows of ``--json``, by update rule."""
    assert end.code == 0, end
    tree = json.loads(end.out)
    return tree, {row["update"]: row for row in tree["rows"]}


# name: (nodes, edges, death-birth averaged, death-birth accumulated), from the table of theory
KNOWN = {
    "karate": (34, 78, 7.454152, 7.652810),
    "les_miserables": (77, 254, 9.815553, 8.161976),
    "davis_southern_women": (32, 89, 9.221189, 9.898147),
    "florentine_families": (15, 20, 4.142340, 4.319796),
    "petersen": (10, 15, 6.0, 6.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_well_known_graphs_have_the_ratios_of_the_table(name, terminal):
    nodes, edges, averaged, accumulated = KNOWN[name]
    for payoff, ratio in (("averaged", averaged), ("accumulated", accumulated)):
        tree, rows = told(terminal("threshold", name, "--payoff", payoff, "--no-measure", "--json"))
        assert (tree["graph"]["nodes"], tree["graph"]["edges"]) == (nodes, edges)
        assert rows["death_birth"]["exact"] == pytest.approx(ratio, abs=6e-7)
        assert set(rows) == {"death_birth", "imitation", "pairwise_comparison", "birth_death"}


def test_karate_without_weights_is_another_graph(terminal):
    _, rows = told(terminal("threshold", "karate", "--weight", "none", "--no-measure", "--json"))
    assert rows["death_birth"]["exact"] == pytest.approx(7.767862, abs=6e-7)
    assert rows["imitation"]["exact"] == pytest.approx(17.021386, abs=6e-7)
    thumb = 2 * 78 / 34
    assert rows["death_birth"]["thumb"] == pytest.approx(thumb)
    assert rows["death_birth"]["off"] == pytest.approx(thumb / 7.767862 - 1, abs=1e-6)
    assert rows["pairwise_comparison"]["thumb"] == "infinite" and rows["pairwise_comparison"]["off"] is None


def test_measured_ratios_of_karate_agree_with_the_exact_ones(terminal):
    _, rows = told(terminal("threshold", "karate", "--json", "--precision", "0.02", "--seed", "4"))
    for row in rows.values():
        assert row["method"] == "drift"
        half = (row["high"] - row["low"]) / 2
        assert abs(row["measured"] - row["exact"]) < 2 * half and half < 0.1 * abs(row["exact"])


def test_walks_measure_what_drift_measures(monkeypatch):
    monkeypatch.setattr(threshold, "DRIFTED", 10)
    experiment = threshold.Threshold("karate", threshold.found_graph("karate"), update="death_birth", seed=2)
    (row,), advice = experiment.measure()
    assert row.method == "walks" and advice is None
    assert row.low < 7.454152 < row.high or abs(row.measured - 7.454152) < 0.02 * 7.454152


def test_the_report_is_written_and_read_by_people(terminal, tmp_path):
    end = terminal("threshold", "karate", "--out", "out", "--advise", "2", "--budget", "20", "--precision", "0.1")
    assert end.code == 0
    assert results(tmp_path) == sorted(
        f"out/{name}" for name in ("provenance.json", "threshold.json", "threshold.png", "threshold.svg")
    )
    for words in ("34 nodes, 78 edges, one component", "degrees 1 to 17, mean 4.588; edge weights 1 to 7",
                  "7.454152", "(-38.4%)", "never: no benefit is large enough",
                  "help cooperation most (death birth; now 7.454152)", "first-order effect"):  # fmt: skip
        assert words in end.out, end.out
    tree = json.loads((tmp_path / "out" / "threshold.json").read_text())
    assert len(tree["advice"]["changes"]) == 2 and tree["advice"]["evaluated"] == 20
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["seed"] == 0 and record["graph"]["digest"] == tree["graph"]["digest"]


def test_a_kind_of_graph_takes_its_knobs(terminal):
    tree, rows = told(terminal("threshold", "torus", "--size", "36", "--no-measure", "--json"))
    assert rows["death_birth"]["exact"] == pytest.approx(34 / 7) and tree["graph"]["nodes"] == 36
    _, rows = told(terminal("threshold", "star", "--size", "11", "--no-measure", "--json"))
    assert rows["death_birth"]["exact"] == "infinite" and rows["death_birth"]["words"].startswith("never")
    large, rows = told(terminal("threshold", "torus", "--size", "1000000", "--no-measure", "--json"))
    assert rows["imitation"]["exact"] == pytest.approx(thresholds.imitation(4, 1_000_000))
    assert large["graph"]["edges"] == 2_000_000


def test_a_scale_free_graph_of_a_thousand_nodes_is_answered_exactly(terminal):
    words = ("threshold", "barabasi_albert", "--size", "1000", "--update", "death_birth", "--no-measure", "--json")
    _, rows = told(terminal(*words, "--seed", "3"))
    graph = threshold.found_graph("barabasi_albert", seed=3, knobs={"size": 1000})
    moments = coalescence.walk_moments(graph.weights_matrix())
    assert rows["death_birth"]["exact"] == pytest.approx(moments.t2 / (moments.t3 - moments.t1), rel=1e-9)


@pytest.mark.validate
@pytest.mark.parametrize("kind", ["barabasi_albert", "watts_strogatz"])
def test_a_graph_of_a_hundred_thousand_nodes_is_walked_to_one_percent(kind, terminal):
    words = ("threshold", kind, "--size", "100000", "--update", "death_birth", "--json")
    _, rows = told(terminal(*words))
    row = rows["death_birth"]
    assert row["exact"] is None and row["method"] == "walks"
    assert (row["high"] - row["low"]) / (2 * 1.96) < 0.0105 * row["measured"]
    # The ratio of these graphs hardly depends on size above thousands: held against an exact one of 3,000 nodes.
    graph = threshold.found_graph(kind, knobs={"size": 3000})
    exact = coalescence.critical_ratio(graph.weights_matrix())
    assert row["measured"] == pytest.approx(exact, rel=0.05)


def test_large_graphs_are_measured_and_said_not_to_be_solved(terminal, monkeypatch):
    monkeypatch.setattr(threshold.coalescence, "LARGEST", 50)
    _, rows = told(terminal("threshold", "les_miserables", "--update", "death_birth", "--json", "--precision", "0.1"))
    row = rows["death_birth"]
    assert row["exact"] is None and "at most 50 nodes" in row["law"]
    assert row["low"] < 9.815553 < row["high"] and row["words"].startswith("cooperation is favoured")


def test_a_file_is_a_graph_and_pieces_are_refused_or_the_largest_is_taken(terminal, tmp_path):
    nx.write_graphml(nx.petersen_graph(), tmp_path / "mine.graphml")
    _, rows = told(terminal("threshold", "mine.graphml", "--no-measure", "--json"))
    assert rows["death_birth"]["exact"] == pytest.approx(6)
    (tmp_path / "pieces.edgelist").write_text("a b\nb c\nc d\nd a\nx y\n")
    end = terminal("threshold", "pieces.edgelist", "--no-measure")
    assert_refused(end, "must be connected; got 2 components, the largest with 4 of 6 nodes", "--largest-component")
    tree, _ = told(terminal("threshold", "pieces.edgelist", "--no-measure", "--json", "--largest-component"))
    assert tree["graph"]["nodes"] == 4 and "the largest of 2 pieces was taken: 4 of 6 nodes" in tree["graph"]["notes"]


BAD = {
    "no graph": (["nothing"], ["'nothing' is no graph", "karate", "barabasi_albert"]),
    "no such file": (["nothing.graphml"], ["nothing.graphml: no such file"]),
    "a rule without a law": (["karate", "--update", "birth"], ["update must be one of death_birth", "got 'birth'"]),
    "a payoff of nobody": (["karate", "--payoff", "mean"], ["payoff must be one of averaged, accumulated"]),
    "no precision": (["karate", "--precision", "0"], ["precision must be a finite number in [0.0001, 0.5]"]),
    "a negative advice": (["karate", "--advise", "-1"], ["advise must be a whole number"]),
    "no budget": (["karate", "--advise", "1", "--budget", "0"], ["budget must be a whole number"]),
    "a knob of a file": (["karate", "--size", "9"], ["size: only a kind of graph has knobs"]),
    "a knob that is not there": (["ring", "--linkss", "3"], ["linkss: no such knob"]),
    "a size that cannot be": (["torus", "--size", "13"], ["network.graph: a torus needs rows x columns"]),
    "an attribute that no edge has": (["karate", "--weight", "age"], ["no edge has the weight 'age'"]),
    "advice on a large graph": (["ring", "--size", "6000", "--advise", "1"], ["advise: needs exact ratios"]),
    "a negative seed": (["karate", "--seed", "-1"], ["seed must be a whole number"]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_reported_is_refused_in_one_line(case, terminal, tmp_path):
    words, said = BAD[case]
    assert_refused(terminal("threshold", *words, "--no-measure", "--out", "out"), *said)
    assert not [name for name in results(tmp_path) if name.endswith(".json")]


# ------------------------------------------------------------------------------------- in Python


def test_advice_names_nodes_as_the_user_does():
    graph = nx.relabel_nodes(nx.karate_club_graph(), lambda node: f"member {node}")
    found = coop_abm.advise(graph, count=1, removals=False, weight=None)
    (change,) = found.changes
    assert change.kind == "add" and str(change.one).startswith("member ")
    graph.add_edge(change.one, change.other)
    assert coop_abm.critical_ratio(graph, weight=None).value == pytest.approx(change.value, rel=1e-7)


def test_advice_on_a_scenario_takes_its_rule_and_its_graph():
    found = coop_abm.advise("network", count=1, budget=10)
    assert found.before == pytest.approx(4.260870, abs=6e-7) and found.evaluated == 10
    with pytest.raises(coop_abm.CoopError, match=r"network\.enabled must be true"):
        coop_abm.advise("kin")


def test_the_largest_piece_keeps_weights_and_names():
    with pytest.raises(GraphError) as refused:
        from_edges(5, [(0, 1, 2.0), (3, 4, 5.0), (2, 3, 3.0)], labels=("a", "b", "c", "d", "e"))
    piece = threshold.largest_piece(refused.value)
    assert piece.labels == ("c", "d", "e") and sorted(set(piece.weight.tolist())) == [3.0, 5.0]
    assert math.isclose(piece.mean_degree, 4 / 3)
