"""Whatever the user got wrong is said in one line that names the field and what is permitted; code 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coop_abm.scenario.files import dumps
from coop_abm.scenario.library import NAMED, named

from .terminal import assert_refused, in_process, in_shell


@pytest.fixture
def terminal(monkeypatch, capsys, tmp_path):
    """A function: words -> how ``coop-abm`` ended, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: in_process(monkeypatch, capsys, *words)


def results(folder: Path) -> list[str]:
    """Every file below a folder of results."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ------------------------------------------------------------------------------------- knobs


KNOBS = {
    "a misspelt knob": (["--kin.relatednes", "0.3"], ["kin.relatednes: no such knob", "did you mean kin.relatedness?"]),
    "a misspelt rule": (["--kim.relatedness", "0.3"], ["kim: no such knob", "permitted here: ", "kin"]),
    "a knob below a number": (["--size.big", "3"], ["size.big: no such knob"]),
    "a probability above 1": (["--kin.relatedness", "1.3"], ["kin.relatedness must be a number in [0, 1]; got 1.3"]),
    "a probability below 0": (["--kin.relatedness", "-0.1"], ["kin.relatedness must be a number in [0, 1]; got -0.1"]),
    "continuation 1": (["--direct.continuation", "1"], ["direct.continuation must be a number in [0, 0.999]; got 1"]),
    "nan": (["--kin.relatedness", "nan"], ["kin.relatedness must be a number in [0, 1]; got 'nan'"]),
    "infinity": (["--game.benefit", "1e999"], ["game.benefit must be a number in [0, 1,000,000]; got inf"]),
    "a word for a number": (["--kin.relatedness", "half"], ["kin.relatedness must be a number in [0, 1]; got 'half'"]),
    "a number for a switch": (["--kin.enabled", "1"], ["kin.enabled must be true or false; got 1"]),
    "a fraction for a whole number": (["--size", "50.5"], ["size must be a whole number in [2, 10,000,000]; got 50.5"]),
    "one individual": (["--size", "1"], ["size must be a whole number in [2, 10,000,000]; got 1"]),
    "an unknown clock": (["--clock", "lunar"], ["clock must be one of round, event; got 'lunar'"]),
    "an unknown update": (["--update", "birth"], ["update.kind must be one of ", "death_birth", "got 'birth'"]),
    "an unknown game": (["--game", "go"], ["game.kind must be one of donation", "got 'go'"]),
    "an unknown graph": (["--network.graph", "star"], ["network.graph.kind must be one of complete", "got 'star'"]),
    "an unknown norm": (["--indirect.assessment", "x"], ["indirect.assessment.kind must be one of type", "got 'x'"]),
    "an unknown strategy": (
        ["--players.0.strategy", "angel"], ["players.0.strategy.kind must be one of allc", "got 'angel'"],
    ),
    "a player who is not there": (["--players.7.share", "0.5"], ["players.7.share", "2 entries, counted from 0"]),
    "a policy of a later version": (
        ["--players.0.policy", "model"], ["players.0.policy: must be one of table", "got 'model'"],
    ),
    "shares that do not add up": (["--players.0.share", "0.7"], ["players: the shares must add up to 1; got 1.2"]),
    "a switch without a value": (["--kin.enabled"], ["'--kin.enabled': a value is missing"]),
    "a word that is no option": (["kin", "0.3"], ["'kin': a knob is set by --name value"]),
    "an option of one letter": (["-z"], ["-z"]),
    "a knob of rows that do not divide": (
        ["--size", "12", "--network.enabled", "true", "--network.graph", "torus", "--network.graph.rows", "5"],
        ["network.graph.rows: must be at least 3 and divide the number of individuals, 12", "got 5"],
    ),
    "an odd number of ends": (
        ["--size", "25", "--network.enabled", "true", "--network.graph", "random_regular",
         "--network.graph.degree", "3"],
        ["network.graph.degree: size x degree must be even; got 25 x 3"],
    ),
    "a torus of prime size": (
        ["--size", "13", "--network.enabled", "true", "--network.graph", "torus"],
        ["network.graph: a torus needs rows x columns individuals", "got 13, the next possible number is 15"],
    ),
    "more neighbours than there are": (
        ["--size", "4", "--network.enabled", "true", "--network.graph", "ring", "--network.graph.degree", "6"],
        ["network.graph.degree: must be below the number of individuals, 4; got 6"],
    ),
    "a ring of odd degree": (
        ["--network.enabled", "true", "--network.graph", "ring", "--network.graph.degree", "3"],
        ["network.graph.degree: must be even for a ring; got 3"],
    ),
    "groups that do not divide": (
        ["--group.enabled", "true", "--group.size", "7"],
        ["group.size: must divide the number of individuals, 50; got 7"],
    ),
    "groups under death-birth": (
        ["--group.enabled", "true", "--group.size", "5", "--update", "death_birth"],
        ["update: group selection without a network", "must be birth_death; got death_birth"],
    ),
    "a norm on the event clock": (
        ["--indirect.enabled", "true", "--indirect.assessment", "stern_judging"],
        ["indirect.assessment: on the event clock it must be type", "got stern_judging"],
    ),
    "kin who meet while all meet": (
        ["--kin.enabled", "true", "--kin.channel", "meeting", "--partners", "all"],
        ["partners: must be one while kin.channel is meeting; got all"],
    ),
    "fitness that overflows": (
        ["--update.intensity", "100", "--game.benefit", "1000"],
        ["update.intensity x payoff must stay below 300"],
    ),
    "a knob given twice": (["--kin.relatedness", "0.1", "--kin.relatedness", "0.9"], ["kin.relatedness", "twice"]),
    "a knob given twice in two spellings": (
        ["--kin.relatedness", "0.1", "--kin__relatedness", "0.9"], ["kin.relatedness", "twice"],
    ),
    "a graph given as two kinds": (
        ["--network.graph", "ring", "--network.graph", "torus"], ["network.graph", "twice"],
    ),
    "a graph file as a knob": (["--network.graph", "karate.graphml"], ["network.graph.kind must be one of complete"]),
}  # fmt: skip


@pytest.mark.parametrize("case", KNOBS)
def test_a_knob_that_cannot_be_is_refused(case, terminal, tmp_path):
    given, said = KNOBS[case]
    assert_refused(terminal("run", "well_mixed", "--steps", "2", "--out", "out", *given), *said)
    assert results(tmp_path) == []


# --------------------------------------------------------------------------- commands and options


COMMANDS = {
    "an unknown command": (["fly"], ["No such command 'fly'"]),
    "an unknown option of the program": (["--fly"], ["--fly"]),
    "an unknown option of five-rules": (["five-rules", "--fly"], ["--fly"]),
    "an unknown option of list": (["list", "--fly"], ["--fly"]),
    "no scenario": (["run"], ["scenario"]),
    "an unknown scenario": (["run", "utopia"], ["scenario must be a file or one of well_mixed, ", "got 'utopia'"]),
    "an unknown scenario of knobs": (["knobs", "utopia"], ["scenario must be a file or one of ", "got 'utopia'"]),
    "a scenario file that is not there": (["run", "utopia.toml"], ["utopia.toml: no such file"]),
    "a scenario that is a folder": (["run", "."], ["not a regular file"]),
    "a seed that is no number": (["run", "kin", "--seed", "abc"], ["--seed", "valid integer"]),
    "a negative seed": (["run", "kin", "--seed", "-1"], ["seed must be a whole number in [0, 2^63); got -1"]),
    "a seed of more than 63 bits": (["run", "kin", "--seed", str(2**63)], ["seed must be a whole number in [0, 2^63)"]),
    "a negative number of steps": (["run", "kin", "--steps", "-1"], ["steps must be a whole number in [0, ", "got -1"]),
    "a number of steps in words": (["run", "kin", "--steps", "ten"], ["--steps", "valid integer"]),
    "no replicates": (["run", "all_five", "--replicates", "0"], ["replicates", "got 0"]),
    "fewer than no replicates": (["run", "all_five", "--replicates", "-1"], ["replicates", "got -1"]),
    "replicates on the event clock": (["run", "kin", "--replicates", "2"], ["replicates must be 1 on the event clock"]),
    "a wild precision": (["five-rules", "--precision", "wild"], ["precision must be one of low, default, high"]),
    "a negative seed of five-rules": (["five-rules", "--seed", "-1"], ["seed must be a whole number in [0, 2^63)"]),
    "a graph that is not there": (["five-rules", "--graph", "no.graphml"], ["no.graphml: no such file"]),
    "a graph that is a folder": (["run", "network", "--graph", "."], [".", "suffix must be one of .graphml"]),
    "a world of a billion": (["run", "kin", "--size", "1000000000"], ["size must be a whole number in [2, "]),
    "everybody meets a million": (
        ["run", "all_five", "--network.graph", "complete", "--group.enabled", "false", "--partners", "all",
         "--size", "100000"],
        ["size: ", "encounters a round need", "permitted are 8 GiB"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_that_cannot_be_is_refused(case, terminal, tmp_path):
    given, said = COMMANDS[case]
    assert_refused(terminal(*given), *said)
    assert results(tmp_path) == []


# ------------------------------------------------------------------------------------- graphs


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
    "a format of later": ("later.gexf", "<gexf/>", [".gexf is not yet supported"]),
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


# ------------------------------------------------------------------------------------- files


FILES = {
    "a misspelt table": ("[kim]\nenabled = true\n", ["world.toml: kim: no such knob; did you mean kin?"]),
    "a misspelt knob": ("[kin]\nrelatednes = 0.3\n", ["kin.relatednes: no such knob", "did you mean kin.relatedness?"]),
    "a value out of range": ("[kin]\nrelatedness = 2.0\n", ["kin.relatedness must be a number in [0, 1]; got 2.0"]),
    "nan": ("[kin]\nrelatedness = nan\n", ["kin.relatedness must be a number in [0, 1]; got nan"]),
    "a text for a number": ('size = "12"\n', ["size must be a whole number in [2, 10,000,000]; got '12'"]),
    "a date": ("size = 2020-01-01\n", ["size must be a whole number"]),
    "a number for a table": ("kin = 3\n", ["kin must be a table of knobs; got 3"]),
    "a list for a table": ("kin = [1, 2]\n", ["kin must be a table of knobs; got [1, 2]"]),
    "a table for a list": ("[players]\nshare = 1.0\n", ["players must be a list of tables"]),
    "nobody": ("players = []\n", ["players: at least one entry is needed"]),
    "a graph given twice": (
        '[network]\ngraph = "ring"\ngraph = "torus"\n', ["world.toml: not valid TOML: Cannot overwrite a value"],
    ),
    "a graph without a path": ('[network]\ngraph = {kind = "file"}\n', ["network.graph.path must be the name"]),
    "a graph with another knob": (
        '[network]\ngraph = {kind = "file", path = "a.csv", degree = 4}\n', ["network.graph.degree: no such knob"],
    ),
    "a graph outside": (
        '[network]\ngraph = {kind = "file", path = "../a.csv"}\n',
        ["network.graph.path must lie in the folder of the scenario file; got '../a.csv'"],
    ),
    "an edge of one": ('[network]\ngraph = {kind = "edges", size = 2, edges = [[0]]}\n', ["network.graph.edges"]),
    "two kinds of one": ('update = {kind = "imitation", replacements = 3}\n', ["update.replacements: no such knob"]),
    "no TOML": ("size: 12\n", ["world.toml: not valid TOML"]),
    "a number of 5,000 digits": ("size = " + "9" * 5000 + "\n", ["world.toml: not valid TOML"]),
    "a list 3,000 deep": ("size = " + "[" * 3000 + "]" * 3000 + "\n", ["world.toml: nested too deeply"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_scenario_file_that_cannot_be_is_refused(case, terminal, tmp_path):
    text, said = FILES[case]
    (tmp_path / "world.toml").write_text(text)
    assert_refused(terminal("run", "world.toml", "--out", "out"), "world.toml: ", *said)
    assert results(tmp_path) == ["world.toml"]


def test_a_graph_file_beside_a_size_that_differs_is_refused(terminal, tmp_path):
    (tmp_path / "a.csv").write_text("x,y\ny,z\n")
    (tmp_path / "world.toml").write_text('size = 9\nnetwork.graph = {kind = "file", path = "a.csv"}\n')
    assert_refused(terminal("run", "world.toml"), "world.toml: size must be 3, the nodes of a.csv", "got 9")


def test_a_bad_graph_that_a_scenario_names_is_refused_under_its_own_name(terminal, tmp_path):
    (tmp_path / "a.csv").write_text("x,y\ny,y\n")
    (tmp_path / "world.toml").write_text('network.graph = {kind = "file", path = "a.csv"}\n')
    assert_refused(terminal("run", "world.toml"), "a.csv: must have no self-loops")


def test_a_graph_file_that_a_scenario_names_and_that_is_not_there_is_refused(terminal, tmp_path):
    (tmp_path / "world.toml").write_text('network.graph = {kind = "file", path = "a.csv"}\n')
    assert_refused(terminal("run", "world.toml"), "a.csv: no such file")


def test_a_huge_scenario_file_is_refused_unread(terminal, tmp_path):
    with open(tmp_path / "world.toml", "wb") as file:
        file.truncate(100 << 20)
    assert_refused(terminal("run", "world.toml"), "world.toml: a scenario file must not exceed 1 MiB")


# ------------------------------------------------------------------------------------- places


def test_results_cannot_go_where_a_file_is(terminal, tmp_path):
    (tmp_path / "out").write_text("mine")
    assert_refused(terminal("run", "kin", "--steps", "2", "--out", "out"), "--out 'out' cannot be written to")
    assert (tmp_path / "out").read_text() == "mine"


def test_results_cannot_go_below_a_file(terminal, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert_refused(terminal("five-rules", "--out", "file/out"), "--out 'file/out' cannot be written to")


def test_results_cannot_go_where_the_system_refuses(terminal):
    assert_refused(
        terminal("run", "kin", "--steps", "2", "--out", "/proc/out"), "--out '/proc/out' cannot be written to"
    )


def test_results_cannot_go_to_a_name_with_a_nul(terminal):
    assert_refused(terminal("run", "kin", "--steps", "2", "--out", "a\x00b"), "--out")


def test_a_disk_that_fills_up_leaves_the_results_of_before(terminal, tmp_path, monkeypatch):
    terminal("run", "kin", "--steps", "1", "--out", "out", "--quiet")
    before = (tmp_path / "out" / "series.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    end = terminal("run", "kin", "--steps", "3", "--out", "out", "--quiet")
    assert_refused(end, "series.csv' cannot be written (No space left on device)")
    assert (tmp_path / "out" / "series.csv").read_bytes() == before
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_disk_that_fills_up_leaves_the_figure_of_before(terminal, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    terminal("run", "kin", "--steps", "1", "--out", "out", "--quiet")
    before = (tmp_path / "out" / "run.png").read_bytes()

    def half(_figure, path, **_):
        Path(path).write_bytes(b"half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    end = terminal("run", "kin", "--steps", "3", "--out", "out", "--quiet")
    assert_refused(end, "run.png", "cannot be written (No space left on device)")
    assert (tmp_path / "out" / "run.png").read_bytes() == before


# ------------------------------------------------------------------- words of a stranger on the screen


STRANGER = """
name = "mine\\u0007\\nkin.relatedness = 0.9"
size = 3
[network]
enabled = true
graph = {kind = "edges", size = 3, edges = [[0, 1, 1.0], [1, 2, 1.0]], notes = ["a\\u0007\\ncoop-abm: forged"]}
"""


def test_a_name_cannot_forge_a_line_among_the_knobs(terminal, tmp_path):
    (tmp_path / "world.toml").write_text(STRANGER)
    out = terminal("knobs", "world.toml").out
    assert "kin.relatedness = 0.9" not in out.splitlines() and "\x07" not in out


def test_a_note_in_a_file_cannot_forge_a_line_of_the_program(terminal, tmp_path):
    (tmp_path / "world.toml").write_text(STRANGER)
    end = terminal("run", "world.toml", "--clock", "event", "--steps", "0", "--quiet", "--out", "out")
    assert len(end.notes) == 1 and end.notes[0].isprintable() and end.lines == []


@pytest.mark.parametrize("name", ["$\\foo$", "$x_$", "漢字", "\u202e", "a\x01b"], ids=ascii)
def test_any_name_can_stand_in_a_title(name, terminal):
    end = terminal("run", "kin", "--name", name, "--steps", "1", "--quiet")
    assert (end.code, end.lines) == (0, [])


# ------------------------------------------------------------------------------------- endings


def test_without_a_command_the_help_is_printed(terminal):
    end = terminal()
    assert end.code in (0, 2)
    assert "Usage: coop-abm" in end.out and "five-rules" in end.out and end.lines == []


def test_an_interrupt_while_measuring_ends_with_130_and_writes_nothing(terminal, tmp_path, monkeypatch):
    from coop_abm.experiments.five_rules import FiveRules

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FiveRules, "measure", interrupted)
    assert_refused(terminal("five-rules", "--out", "out", "--quiet"), "interrupted", code=130)
    assert results(tmp_path) == []


def test_an_interrupt_under_the_progress_bar_is_still_one_line(terminal, monkeypatch):
    from coop_abm.experiments.five_rules import FiveRules

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FiveRules, "measure", interrupted)
    assert_refused(terminal("five-rules", "--out", "out"), "interrupted", code=130)


def test_a_silent_theory_ends_with_1(terminal, monkeypatch):
    from coop_abm import lab
    from coop_abm.core.errors import TheoryError

    def silent(*_, **__):
        raise TheoryError("theory is silent: no formula is known")

    monkeypatch.setattr(lab, "run", silent)
    assert_refused(terminal("run", "kin", "--quiet"), "theory is silent", code=1)


def test_a_bug_is_called_a_bug_and_ends_with_70(terminal, monkeypatch):
    from coop_abm import lab

    def broken(*_, **__):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.delenv("COOP_ABM_DEBUG", raising=False)
    monkeypatch.setattr(lab, "run", broken)
    end = terminal("run", "kin", "--quiet")
    assert (end.code, len(end.lines)) == (70, 1)
    assert end.lines[0].startswith("coop-abm: a bug in coop-abm (ZeroDivisionError: division\\nby zero)")


# ----------------------------------------------------------------------- through the real program


def test_the_real_program_refuses_bad_input_in_one_line(tmp_path):
    assert_refused(
        in_shell(tmp_path, "run", "kin", "--kin.relatedness", "1.3"), "kin.relatedness must be a number in [0, 1]"
    )
    assert results(tmp_path) == []


def test_the_real_program_refuses_a_bad_option_in_one_line(tmp_path):
    assert_refused(in_shell(tmp_path, "five-rules", "--seed", "abc"), "--seed")


def test_the_real_program_refuses_a_name_that_would_repaint_the_terminal(tmp_path):
    assert_refused(in_shell(tmp_path, "run", "\x1b[31mred\x07"), r"got '\x1b[31mred\x07'")


def test_a_run_of_the_real_program_says_nothing_on_standard_error(tmp_path):
    end = in_shell(tmp_path, "run", "kin", "--steps", "1")
    assert (end.code, end.lines, end.notes) == (0, [], [])


@pytest.mark.parametrize("name", NAMED)
def test_a_named_scenario_written_to_a_file_shows_the_same_knobs(name, terminal, tmp_path):
    (tmp_path / "copy.toml").write_text(dumps(named(name)), encoding="utf-8")
    assert terminal("knobs", "copy.toml").out == terminal("knobs", name).out
