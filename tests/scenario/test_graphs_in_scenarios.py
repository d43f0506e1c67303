"""The user's own graph in a scenario: its size rules, its path is relative, its labels stay."""

from __future__ import annotations

import networkx
import pytest

from coop_abm.core.errors import GraphError, ScenarioError
from coop_abm.scenario.files import dumps, load, on_graph, with_graph
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import named
from coop_abm.structures import Edges, Ring

TRIANGLE = "a,b\nb,c\nc,a\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with a graph of three nodes in it."""
    (tmp_path / "mine.csv").write_text(TRIANGLE)
    return tmp_path


def scenario(folder, text: str):
    (folder / "world.toml").write_text(text, encoding="utf-8")
    return load(folder / "world.toml")


FILE = 'network.graph = {kind = "file", path = "mine.csv"}\n'


def test_a_path_is_relative_to_the_scenario_and_not_to_where_one_stands(folder, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert scenario(folder, FILE).network.graph.labels == ("a", "b", "c")


def test_a_graph_file_sets_the_size_and_switches_the_network_on(folder):
    world = scenario(folder, FILE)
    assert world.size == 3 and world.network.enabled


def test_a_size_that_agrees_with_the_graph_may_be_stated(folder):
    assert scenario(folder, "size = 3\n" + FILE).size == 3


def test_a_size_that_does_not_agree_is_refused(folder):
    with pytest.raises(
        ScenarioError, match=r"^world.toml: size must be 3, the nodes of mine.csv, or be left out; got 4"
    ):
        scenario(folder, "size = 4\n" + FILE)


def test_a_graph_that_was_read_becomes_part_of_the_scenario(folder):
    world = scenario(folder, FILE)
    (folder / "mine.csv").unlink()
    (folder / "copy.toml").write_text(dumps(world), encoding="utf-8")
    assert load(folder / "copy.toml") == world


def test_only_the_name_of_a_graph_file_is_kept_and_not_its_folder(folder):
    assert scenario(folder, FILE).network.graph.source == "mine.csv"


def test_weights_are_used_unless_they_are_not_wanted(folder):
    (folder / "mine.csv").write_text("a,b,2\nb,c,1\nc,a,1\n")
    wanted = scenario(folder, FILE).network.graph
    unwanted = scenario(folder, FILE.replace("}", ', weight = ""}')).network.graph
    assert sorted(edge[2] for edge in wanted.edges) == [1.0, 1.0, 2.0]
    assert {edge[2] for edge in unwanted.edges} == {1.0}


def test_a_networkx_graph_keeps_its_labels_in_its_own_order():
    world = on_graph(named("network"), networkx.Graph([("x", "y"), ("y", "w")]))
    assert world.network.graph.labels == ("x", "y", "w") and world.size == 3


def test_names_of_nodes_do_not_count_in_a_digest():
    named_nodes = networkx.relabel_nodes(networkx.cycle_graph(6), {i: f"p{i}" for i in range(6)})
    assert digest(on_graph(named("network"), named_nodes)) == digest(
        on_graph(named("network"), networkx.cycle_graph(6))
    )


def test_edges_count_in_a_digest():
    worlds = [on_graph(named("network"), graph) for graph in (networkx.cycle_graph(6), networkx.path_graph(6))]
    assert digest(worlds[0]) != digest(worlds[1])


def test_a_graph_needs_as_many_individuals_as_it_has_nodes():
    with pytest.raises(GraphError, match="this graph has 6 nodes, so 6 individuals are needed; got 7"):
        replace(on_graph(named("network"), networkx.cycle_graph(6)), {"size": 7})


def test_a_graph_takes_the_place_of_the_one_that_was_declared():
    tree = with_graph({"network": {"enabled": False, "graph": Ring()}}, networkx.path_graph(4))
    assert isinstance(tree["network"]["graph"], Edges) and tree["network"]["enabled"] and tree["size"] == 4
