"""A graph that cannot be is refused in one line; a usual repair is said."""

from __future__ import annotations

import os

import pytest

from .terminal import assert_refused, results


def graphml(edges: str, *, before: str = "", default: str = "undirected") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'<graph edgedefault="{default}">{"".join(f"<node id={n!r}/>" for n in "abcd")}{edges}</graph></graphml>'
    )


def edge(one: str, other: str) -> str:
    return f'<edge source="{one}" target="{other}"/>'


PATH = edge("a", "b") + edge("b", "c") + edge("c", "d")
GRAPHS = {
    "self-loops": ("loop.edgelist", "a b\nb c\nc c\n", ["must have no self-loops; got 1, at 'c'"]),
    "isolated nodes": ("alone.edgelist", "a b\nb c\nd\n", ["every node must have a neighbour; 1 of 4 have none: 'd'"]),
    "two components": ("two.edgelist", "a b\nc d\n", ["must be connected; got 2 components"]),
    "one node": ("one.edgelist", "a\n", ["must have at least 2 nodes; got 1"]),
    "nothing": ("empty.edgelist", "", ["must have at least 2 nodes; got 0"]),
    "a negative weight": ("weight.csv", "a,b,-1\n", ["line 1: a weight must be a positive finite number; got '-1'"]),
    "a weight that is not a number": ("weight.csv", "a,b,nan\n", ["line 1: a weight must be a positive finite number"]),
    "four columns": ("four.tsv", "a\tb\t1\t2\n", ["line 1: must have two node names and at most one weight"]),
    "bytes that are no text": ("bytes.edgelist", b"\xff\xfe\x00a b\n", ["must be UTF-8; byte 0 is not"]),
    "NUL": ("nul.edgelist", b"a b\x00\n", ["must be text; it has NUL bytes"]),
    "a directed graph": ("dir.graphml", graphml(PATH, default="directed"), ["must be undirected"]),
    "a document type": (
        "dtd.graphml", graphml(PATH, before='<!DOCTYPE graphml [<!ENTITY a "b">]>'), ["no document type (DTD)"],
    ),
    "a file from outside": (
        "xxe.graphml", graphml(PATH, before='<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
        ["no document type (DTD)"],
    ),
    "an edge to a node that is not there": (
        "dangling.graphml", graphml(PATH + edge("d", "z")), ["node 'z' is not declared"],
    ),
    "broken XML": ("broken.graphml", graphml(PATH)[:-20], ["broken.graphml: "]),
    "a graph that changes": ("film.gexf", '<gexf><graph mode="dynamic"/></gexf>', ["must be static"]),
    "a list that stays open": ("open.gml", "graph [", ["the list 'graph' is not closed"]),
    "a format of nobody": ("picture.png", b"\x89PNG", ["the suffix must be one of .graphml"]),
}  # fmt: skip


@pytest.mark.parametrize("case", GRAPHS)
def test_a_graph_that_cannot_be_is_refused(case, terminal, tmp_path):
    name, text, said = GRAPHS[case]
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert_refused(terminal("run", "network", "--graph", name, "--out", "out"), f"{name}: ", *said)
    assert results(tmp_path) == [name]


def test_five_rules_refuses_a_bad_graph_before_it_measures_anything(terminal, tmp_path):
    (tmp_path / "two.edgelist").write_text("a b\nc d\n")
    assert_refused(terminal("five-rules", "--graph", "two.edgelist"), "two.edgelist: must be connected")


def test_a_huge_graph_file_is_refused_unread(terminal, tmp_path):
    with open(tmp_path / "huge.edgelist", "wb") as file:
        file.truncate(1 << 40)  # sparse
    assert_refused(terminal("run", "network", "--graph", "huge.edgelist"), "huge.edgelist: must have at most 67108864")


def test_a_graph_file_that_may_not_be_read_is_refused(terminal, tmp_path, monkeypatch):
    (tmp_path / "secret.edgelist").write_text("a b\n")
    really = os.open
    # Root may read anything, so the refusal of the system is played.
    monkeypatch.setattr(os, "open", lambda path, *rest, **more: denied(path) or really(path, *rest, **more))
    assert_refused(
        terminal("run", "network", "--graph", "secret.edgelist"), "secret.edgelist: cannot be read: Permission"
    )


def denied(path) -> None:
    if str(path).endswith("secret.edgelist"):
        raise PermissionError(13, "Permission denied")


def test_a_pipe_in_the_place_of_a_graph_is_refused_and_not_waited_for(terminal, tmp_path):
    os.mkfifo(tmp_path / "pipe.edgelist")
    assert_refused(terminal("run", "network", "--graph", "pipe.edgelist"), "must be a regular file")


def test_a_size_beside_a_graph_of_another_size_is_refused(terminal, tmp_path):
    (tmp_path / "path.edgelist").write_text("a b\nb c\n")
    end = terminal("run", "network", "--graph", "path.edgelist", "--size", "5")
    assert_refused(end, "network.graph: this graph has 3 nodes", "got 5")


def test_a_graph_given_as_a_file_and_as_a_knob_is_refused(terminal, tmp_path):
    (tmp_path / "path.edgelist").write_text("a b\nb c\n")
    end = terminal("run", "network", "--graph", "path.edgelist", "--network.graph", "ring", "--steps", "1")
    assert_refused(end, "network.graph")


def test_parallel_edges_are_merged_and_said_and_the_run_goes_on(terminal, tmp_path):
    (tmp_path / "multi.edgelist").write_text("a b\nb a\nb c\nc a\n")
    end = terminal("run", "network", "--graph", "multi.edgelist", "--steps", "2", "--out", "out", "--quiet")
    assert (end.code, end.lines, end.notes) == (0, [], ["note: parallel edges counted once: 1"])
    assert "series.csv" in results(tmp_path / "out")


def test_that_weights_are_used_is_said(terminal, tmp_path):
    (tmp_path / "heavy.edgelist").write_text("a b 2\nb c 1\nc a 1\n")
    end = terminal("run", "network", "--graph", "heavy.edgelist", "--steps", "0", "--quiet")
    assert len(end.notes) == 1 and end.notes[0].startswith("note: edge weights are used")


def test_weights_that_are_not_wanted_are_not_used(terminal, tmp_path):
    (tmp_path / "heavy.edgelist").write_text("a b 2\nb c 1\nc a 1\n")
    end = terminal("run", "network", "--graph", "heavy.edgelist", "--unweighted", "--steps", "0", "--quiet")
    assert (end.code, end.notes) == (0, [])
