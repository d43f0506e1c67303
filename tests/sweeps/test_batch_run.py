"""``coop_abm.batch_run`` gives what ``mesa.batch_run`` gives, and survives what that does not."""

from __future__ import annotations

import inspect
import multiprocessing
import pickle
import random
import subprocess
import sys
from pathlib import Path

import networkx
import numpy as np
import pytest
from mesa.batchrunner import batch_run as mesas
from mesa.examples import BoltzmannWealth, PdGrid, VirusOnNetwork

import coop_abm
from coop_abm import batch_run
from coop_abm.core.errors import BatchError, InputError, SweepError
from coop_abm.sweeps.batch import axes_of
from tests.sweeps import mesa_models as models
from tests.sweeps.own_models import Stepping

ROOT = Path(__file__).parents[2]

USUAL = (models.Walk, models.Keywords, models.Seeded, models.Stops)
#: name -> (class, parameters, more arguments), run by both.
CALLS = {
    **{
        f"{cls.__name__}, period {period}, {steps} steps": (
            cls, {}, {"rng": [3, 4], "data_collection_period": period, "max_steps": steps}
        )
        for cls in (*USUAL, models.Agents, models.Types, models.Silent)
        for period in (-1, 1, 2, 3)
        for steps in (0, 1, 5)
    },
    "collected twice, last": (models.Twice, {}, {"rng": [1], "max_steps": 3}),
    "collected twice, all": (models.Twice, {}, {"rng": [1], "max_steps": 3, "data_collection_period": 1}),
    "a product": (models.Walk, {"far": (0.1, 0.2), "walkers": range(1, 4)}, {"rng": [5, 6], "max_steps": 2}),
    "one seed": (models.Walk, {"walkers": 2}, {"rng": 7, "max_steps": 2}),
    "seeds of any kind": (
        models.Walk, {"walkers": {2}, "far": "afar"}, {"rng": [[1, 2], 3, (4, 5), np.random.SeedSequence(6)]}
    ),
    "a name that comes twice": (models.Agents, {"walkers": [1, 2]}, {"rng": [5], "max_steps": 1}),
    "values given twice": (models.Walk, {"walkers": [2, 2]}, {"rng": [5, 5], "max_steps": 2}),
    "pd_grid": (
        PdGrid,
        {"width": 5, "height": [5, 6], "activation_order": "Simultaneous", "payoffs": [PdGrid.payoff]},
        {"rng": [1, 2, 3], "max_steps": 4, "data_collection_period": 2},
    ),
    "virus": (VirusOnNetwork, {"num_nodes": [12]}, {"rng": [1, 2], "max_steps": 4, "data_collection_period": 1}),
}  # fmt: skip

SCRIPT = """
import pickle, random, sys
from mesa.batchrunner import batch_run
from tests.sweeps.test_batch_run import CALLS

if __name__ == "__main__":
    answers = {}
    for name, (model, parameters, more) in CALLS.items():
        random.seed(8)
        answers[name] = batch_run(model, parameters, display_progress=False, **more)
    sys.stdout.buffer.write(pickle.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers():
    """The rows of Mesa, from a process of their own: its batch_run changes how a whole process starts others."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, timeout=300, check=True)
    return pickle.loads(done.stdout)


def plain(rows):
    """Rows that can be compared: a SeedSequence equals no other."""
    return [{name: repr(value) if name == "rng" else value for name, value in row.items()} for row in rows]


def test_rows_are_those_of_mesa_in_its_order_with_its_columns_in_their_order(answers):
    started = multiprocessing.get_start_method(allow_none=True)
    for name, (model, parameters, more) in CALLS.items():
        random.seed(8)  # the graph of virus on network comes from the generator that all of Python shares
        rows = batch_run(model, parameters, display_progress=False, **more)
        assert plain(rows) == plain(answers[name]), name
        assert [list(row) for row in rows] == [list(row) for row in answers[name]], name
    assert multiprocessing.get_start_method(allow_none=True) == started


def test_the_arguments_are_those_of_mesa_in_its_order_and_then_ours():
    theirs, ours = (inspect.signature(call).parameters for call in (mesas, batch_run))
    assert list(ours)[: len(theirs)] == list(theirs)
    for name, parameter in theirs.items():
        assert (ours[name].default, ours[name].kind) == (parameter.default, parameter.kind), name
    assert all(ours[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(ours)[len(theirs) :])


def run(model, parameters=None, **more):
    return batch_run(model, parameters or {}, display_progress=False, **{"max_steps": 2, **more})


# ------------------------------------------------------------------------------------- scenarios


def test_a_model_that_takes_only_a_scenario_runs():
    rows = run(BoltzmannWealth, {"n": [3, 5], "width": 4}, replicates=2)
    assert list(rows[0]) == ["RunId", "iteration", "Step", "n", "width", "rng", "Gini", "AgentID", "Wealth"]
    assert [row["RunId"] for row in rows] == [0] * 3 + [1] * 5 + [2] * 3 + [3] * 5
    assert rows == run(BoltzmannWealth, {"n": [3, 5], "width": 4}, rng=[rows[0]["rng"], rows[-1]["rng"]])


@pytest.mark.parametrize("model", [models.ScenarioWalk, models.AdHoc])
def test_flat_names_and_the_seed_go_into_the_scenario(model):
    (row,) = run(model, {"walkers": 5}, rng=[77])
    assert (row["walkers"], row["seed"]) == (5, 77)


def test_a_knob_beside_the_scenario_goes_where_it_belongs():
    (row,) = run(models.ScenarioWalk, {"start": 7, "far": 0.75}, rng=[1])
    assert (row["start"], row["far"], row["walkers"]) == (7, 0.75, 2)


def test_a_scenario_that_cannot_be_told_is_what_the_model_makes_by_itself():
    assert run(models.Unannotated, {"walkers": 3}, rng=[1])[0]["walkers"] == 3


def test_a_field_that_the_scenario_lacks_is_refused_with_those_it_has():
    with pytest.raises(InputError, match=r"takes far, label, start, walkers; got 'wakers'; did you mean walk"):
        run(models.ScenarioWalk, {"wakers": 5})
    with pytest.raises(InputError, match="give its fields by name: far, label, walkers"):
        run(models.ScenarioWalk, {"scenario": [models.WalkScenario()]})


# --------------------------------------------------------------------------------------- seeds


def test_the_same_call_gives_the_same_rows_and_another_seed_others():
    assert run(models.Walk, {"walkers": 9}, iterations=3) == run(models.Walk, {"walkers": 9}, replicates=3)
    assert run(models.Walk, {"walkers": 9}) != run(models.Walk, {"walkers": 9}, seed=1)


def seeds(rows):
    return {(row["iteration"], row["walkers"]): row["rng"] for row in rows}


def test_run_i_of_all_combinations_has_one_seed_unless_they_are_to_be_independent():
    paired = seeds(run(models.Walk, {"walkers": [1, 2]}, replicates=2))
    assert paired[0, 1] == paired[0, 2] != paired[1, 1] == paired[1, 2]
    alone = seeds(run(models.Walk, {"walkers": [1, 2]}, replicates=2, pairing="independent"))
    assert len(set(alone.values())) == 4
    assert alone == seeds(run(models.Walk, {"walkers": [2, 1]}, replicates=2, pairing="independent"))


def test_a_seed_is_a_whole_number_that_a_float_holds():
    found = [row["rng"] for row in run(models.Walk, replicates=50)]
    assert all(type(seed) is int and 0 <= seed < 2**53 for seed in found) and len(set(found)) == 50


# --------------------------------------------------------------------------------- more than Mesa


def test_a_model_that_asks_only_its_agents_has_rows():
    rows = run(models.OnlyAgents, {"walkers": 2}, rng=[1], data_collection_period=1)
    assert [(row["Step"], row["AgentID"]) for row in rows] == [(s, a) for s in (0, 1, 2) for a in (1, 2)]
    assert list(rows[0]) == ["RunId", "iteration", "Step", "walkers", "rng", "AgentID", "place"]


def test_a_graph_and_a_word_are_one_value_and_anything_else_that_can_be_gone_over_is_several():
    graph = networkx.path_graph(3)
    found = axes_of(
        {"a": "word", "b": graph, "c": np.arange(2), "d": {1: 2}, "e": (x for x in "xy"), "f": 1.5, "g": None}
    )
    assert found == {"a": ["word"], "b": [graph], "c": [0, 1], "d": [1], "e": ["x", "y"], "f": [1.5], "g": [None]}


@pytest.mark.parametrize("bad", [[], (), set(), range(0), np.array([])], ids=repr)
def test_no_values_are_refused_by_name(bad):
    with pytest.raises(BatchError, match="parameters: 'walkers' must have at least one value"):
        run(models.Walk, {"walkers": bad})
    with pytest.raises(ValueError):  # as Mesa has it
        run(models.Walk, {"walkers": bad})


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"iterations": 2, "rng": [1]}, "iterations and rng both say how many runs there are; give one of them"),
        ({"iterations": 2, "replicates": 2}, "iterations and replicates both"),
        ({"replicates": -1}, r"replicates must be a whole number in \[0"),
        ({"number_processes": 0}, "number_processes must be a whole number in"),
        ({"data_collection_period": 0}, "data_collection_period must be -1"),
        ({"data_collection_period": -2}, "data_collection_period must be -1"),
        ({"max_steps": "ten"}, "max_steps must be"),
        ({"pairing": "odd"}, "pairing must be paired or independent; got 'odd'"),
        ({"rng": [1], "pairing": "independent"}, "pairing: cells cannot be independent"),
        ({"graphs": "one"}, "graphs: only declared worlds can live on one graph"),
        ({"measures": ["cooperators"]}, "measures: only worlds of coop_abm have them; Walk is another Mesa model"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(more, complaint):
    with pytest.raises(InputError, match=complaint) as refused:
        run(models.Walk, {}, **more)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "parameters", "complaint"),
    [
        (models.Walk, {"wakers": 1}, "Walk takes far, walkers; got 'wakers'; did you mean walkers?"),
        (models.Walk, {"rng": [1, 2]}, r"rng: is what each run is seeded with; give rng=\[...\] beside the parameters"),
        (models.Seeded, {"seed": 1}, "seed: is what each run is seeded with"),
        (models.Needs, {"walkers": 1}, "well: Needs needs a value for it"),
        (models.Unseeded, {}, "Unseeded: takes no rng, seed or scenario, so its runs could not be repeated"),
        (models.Uncollected, {}, "Uncollected: has no datacollector"),
        (dict, {}, "model must be a subclass of mesa.Model; got <class 'dict'>"),
        (models.Walk, [1], r"parameters must be a mapping of names to values; got \[1\]"),
    ],
)
def test_a_model_that_cannot_be_run_like_that_is_refused_in_one_line(model, parameters, complaint):
    with pytest.raises(InputError, match=complaint):
        batch_run(model, parameters, display_progress=False, max_steps=1)


# ------------------------------------------------------------------------------------ accidents


@pytest.mark.parametrize("how", ["raise", "exit"])
def test_a_run_that_raises_takes_no_other_with_it(how):
    with pytest.raises(SweepError) as raised:
        run(models.Faulty, {"bad": [[2]], "how": how, "walkers": [1, 2]}, rng=[1, 2, 3])
    first = raised.value.failures[0]
    assert (first.run, first.iteration, first.seed, first.parameters["walkers"]) == (2, 1, 2, 1)
    assert [failure.run for failure in raised.value.failures] == [2, 3]
    assert [row["RunId"] for row in raised.value.rows] == [0, 1, 4, 5]
    said = str(raised.value)
    assert said.startswith("2 of 6 runs failed; the first is RunId 2, parameters {'bad': [2], ")
    assert "seeded with 2" in said and said.isprintable() and said.endswith(first.cause)
    assert (
        first.cause == "SystemExit: 3" if how == "exit" else first.cause.startswith("ValueError: the well is poisoned")
    )


def test_the_bar_counts_runs_and_those_that_failed(capsys):
    with pytest.raises(SweepError):
        batch_run(models.Faulty, {"bad": [[1]]}, rng=[1, 2], max_steps=1)
    shown = capsys.readouterr().err
    assert "2/2" in shown and "failed=1" in shown


def test_any_object_may_be_a_parameter_where_nothing_is_kept():
    things = [object(), object(), [1], [1]]
    rows = run(models.Reports, {"value": things[2:]}, rng=[1])
    assert [row["value"] for row in rows] == [[1], [1]]
    assert len(run(models.Walk, {"far": things}, rng=[1])) == 4


def test_the_public_name_is_the_function():
    assert coop_abm.batch_run is batch_run


# ---------------------------------------------------------------------------------------- worlds


WORLD = {"scenario": "network", "game__benefit": [3, 6], "size": 16, "clock": "round"}


def alike(rows):
    """Rows in words: no two NaN are equal."""
    return [repr(row) for row in rows]


def test_a_world_of_ours_gives_one_table_whether_it_runs_as_a_block_or_as_a_model():
    """And the names of its knobs are the columns, in the order in which they were given."""
    usual = run(coop_abm.CoopModel, WORLD, replicates=2, data_collection_period=2)
    assert list(usual[0])[:8] == ["RunId", "iteration", "Step", *WORLD, "rng"]
    assert alike(run(Stepping, WORLD, replicates=2, data_collection_period=2)) == alike(usual)
    named = run("network", {name: WORLD[name] for name in list(WORLD)[1:]}, replicates=2, data_collection_period=2)
    assert alike({"scenario": "network"} | row for row in named) == alike({"scenario": None} | row for row in usual)


def test_a_world_that_is_none_is_refused_in_one_line():
    with pytest.raises(InputError, match="model_cls must be a Mesa model class, a Scenario, the name of one or a TOML"):
        run(7)
    with pytest.raises(InputError, match="graphs: only declared worlds"):
        run(Stepping, WORLD, graphs="one")


@pytest.mark.validate
def test_two_processes_give_the_rows_of_one():
    for model, parameters in (("tests/sweeps/mesa_models.py:Types", {}), (coop_abm.CoopModel, WORLD)):
        one, two = (run(model, parameters, replicates=9, number_processes=number) for number in (1, 2))
        assert alike(one) == alike(two)
