"""``coop-abm card`` and ``coop-abm cite``: a page or BibTeX on the screen or in a file, bad input in one line."""

from __future__ import annotations

import networkx
import pytest

from coop_abm.scenario.card import card
from coop_abm.scenario.citation import citation
from coop_abm.scenario.files import dumps
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

from .terminal import assert_refused, results

WRITERS = {"card": card, "cite": citation}
EVERY = pytest.mark.parametrize("command", WRITERS)


@EVERY
@pytest.mark.parametrize("name", NAMED)
def test_it_is_printed_and_nothing_is_written(command, name, terminal, tmp_path):
    end = terminal(command, name)
    assert (end.code, end.lines, end.out) == (0, [], WRITERS[command](named(name)))
    assert results(tmp_path) == []


@EVERY
def test_knobs_are_set_as_in_a_run(command, terminal):
    end = terminal(command, "network", "--network.graph", "ring", "--network.graph.degree=6", "--kin__enabled", "true")
    world = replace(named("network"), {"network.graph": "ring", "network.graph.degree": 6, "kin.enabled": True})
    assert end.out == WRITERS[command](world)


@EVERY
def test_a_second_graph_is_set_as_the_first_and_a_mixture_without_meaning_ends_with_2(command, terminal):
    end = terminal(command, "network", "--network.replacement", "ring", "--network.replacement.degree", "2")
    two = {"network.replacement": {"kind": "ring", "degree": 2}}
    assert end.out == WRITERS[command](replace(named("network"), two)) and "interaction and replacement" in end.out
    end = terminal(command, "network", "--network.replacement", "ring", "--update", "wright_fisher")
    assert_refused(end, "network.replacement: must be same under wright_fisher")


@EVERY
def test_it_reads_a_scenario_file(command, terminal, tmp_path):
    world = replace(named("kin"), {"name": "mine", "size": 20})
    (tmp_path / "mine.toml").write_text(dumps(world))
    assert terminal(command, "mine.toml").out == WRITERS[command](world)


@EVERY
def test_it_goes_to_a_file_in_a_folder_that_is_made(command, terminal, tmp_path):
    end = terminal(command, "kin", "--out", "new/page.txt")
    assert (end.code, end.lines) == (0, []) and "page.txt" in end.out
    assert (tmp_path / "new" / "page.txt").read_text(encoding="utf-8") == WRITERS[command](named("kin"))
    assert results(tmp_path) == ["new/page.txt"]


@EVERY
def test_ones_own_graph_is_on_it(command, terminal, tmp_path):
    networkx.write_gml(networkx.path_graph(6), tmp_path / "path.gml")
    end = terminal(command, "network", "--graph", "path.gml")
    assert end.code == 0 and end.out.startswith(("# network", "@misc{coop_abm,"))
    if command == "card":
        assert "`edges`" in end.out and "path.gml" in end.out


def test_the_seed_draws_the_graph(terminal):
    words = ("card", "network", "--network.graph", "erdos_renyi", "--network.graph.probability", "0.1")
    world = replace(named("network"), {"network.graph": "erdos_renyi", "network.graph.probability": 0.1})
    assert terminal(*words, "--seed", "4").out == card(world, seed=4)
    assert terminal(*words, "--seed", "4").out != terminal(*words, "--seed", "5").out


REFUSED = {
    "a name that is not there": (["nowhere"], ["scenario must be a file or one of well_mixed"]),
    "a file that is not there": (["nowhere.toml"], ["nowhere.toml: no such file"]),
    "a misspelt knob": (["kin", "--kin.relatednes", "0.3"], ["kin.relatednes: no such knob", "did you mean"]),
    "a value too many": (["kin", "--kin.relatedness", "2"], ["kin.relatedness must be a number in [0, 1]; got 2"]),
    "a missing value": (["kin", "--kin.relatedness"], ["a value is missing"]),
    "a negative seed": (["kin", "--seed", "-1"], ["seed"]),
    "no scenario": ([], ["Missing argument"]),
    "a graph that cannot be": (["network", "--network.graph", "star", "--size", "1"], ["size must be a whole number"]),
    "a graph that is hardly connected": (
        ["network", "--network.graph", "erdos_renyi", "--network.graph.probability", "0.01"],
        ["network.graph.probability: too small for 100 individuals"],
    ),
    "a graph that was never connected": (
        ["network", "--network.graph", "random_geometric", "--network.graph.radius", "0.12"],
        ["network.graph.radius: no connected graph in 100 draws"],
    ),
    "a folder in the place of the file": (["kin", "--out", "."], ["--out '.' must be the name of a file"]),
    "a folder that is there": (["kin", "--out", "there"], ["cannot be written"]),
    "an empty name": (["kin", "--out", ""], ["--out '.' must be the name of a file"]),
    "a name with a NUL": (["kin", "--out", "a\x00b"], ["--out"]),
    "a place below a file": (["kin", "--out", "file/page.md"], ["cannot be written to"]),
    "a place that the system refuses": (["kin", "--out", "/proc/page.md"], ["cannot be writ"]),
}  # fmt: skip


@EVERY
@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line(command, case, terminal, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("mine")
    words, said = REFUSED[case]
    assert_refused(terminal(command, *words), *said)
    assert results(tmp_path) == ["file"]
