"""Whatever the user got wrong is said in one line that names the field and what is permitted; code 2."""

from __future__ import annotations

import pytest

from .terminal import assert_refused, results

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
    "an unknown game": (["--game", "go"], ["game.kind must be one of ", "donation", "got 'go'"]),
    "an unknown graph": (
        ["--network.graph", "petersen"], ["network.graph.kind must be one of ", "complete", "got 'petersen'"],
    ),
    "an unknown norm": (["--indirect.assessment", "x"], ["indirect.assessment.kind must be one of type", "got 'x'"]),
    "an unknown strategy": (
        ["--players.0.strategy", "angel"], ["players.0.strategy.kind must be one of allc", "got 'angel'"],
    ),
    "a player who is not there": (["--players.7.share", "0.5"], ["players.7.share", "2 entries, counted from 0"]),
    "a policy that there is not": (
        ["--players.0.policy", "robot"], ["players.0.policy.kind must be one of table, model", "got 'robot'"],
    ),
    "a model where nobody is asked": (
        ["--players.0.policy", "model"], ["players.policy: must be table on the event clock", "got model"],
    ),
    "a stand-in that there is not": (
        ["--clock", "round", "--players.0.policy", "model", "--players.0.policy.model", "stand-in/angel"],
        ["players.policy.model: must be stand-in/ and one of allc", "got 'stand-in/angel'"],
    ),
    "a model of unknown price": (
        ["--clock", "round", "--players.0.policy", "model", "--players.0.policy.model", "openai/no-such-model"],
        ["players.policy.model: no price is known for openai/no-such-model", "price_input and price_output"],
    ),
    "a bill without a cap": (
        ["--clock", "round", "--players.0.policy", "model", "--players.0.policy.model", "openai/gpt-4o-mini"],
        ["max_cost: openai/gpt-4o-mini costs money, so there must be a cap"],
    ),
    "a human who is not there": (
        ["--clock", "round", "--players.0.policy", "human"], ["players.0: nodes: must name the nodes"],
    ),
    "a language that there is not": (
        ["--clock", "round", "--players.0.policy", "model", "--players.0.policy.language", "la"],
        ["players.0.policy.language must be one of en, fr, de, es, ar, zh, vi; got 'la'"],
    ),
    "an address with a password": (
        ["--clock", "round", "--players.0.policy", "model", "--players.0.policy.api_base", "http://me:pw@127.0.0.1/v1"],
        ["players.0.policy.api_base: must be an http:// or https:// address"],
    ),
    "a mode that there is not": (["--journal-mode", "burn"], ["mode must be one of record, replay, off"]),
    "a transport that there is not": (["--transport", "pigeon"], ["transport must be one of litellm, slim"]),
    "a cap below nothing": (["--max-cost", "-1"], ["max_cost must be a number, at least 0; got -1"]),
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
    "a graph file as a knob": (["--network.graph", "karate.graphml"], ["network.graph.kind must be one of ", "ring"]),
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
