"""What tells one sweep of a Mesa model from another, where its class is found, and what of it can be kept."""

from __future__ import annotations

import inspect
import linecache
import pickle
import sys
import types

import networkx
import numpy as np
import pytest
from mesa.examples import PdGrid, VirusOnNetwork

from coop_abm.core.dice import model_seed
from coop_abm.core.errors import InputError
from coop_abm.sweeps import references
from coop_abm.sweeps.models import ModelWork, is_plain_world
from coop_abm.sweeps.references import is_reference, model_of
from coop_abm.sweeps.values import plain
from coop_abm.sweeps.work import Task, canonical
from tests.sweeps import mesa_models as models

MODEL = """
import mesa
{imports}

class Mill(mesa.Model):
    def __init__(self, speed=1, rng=None):
        super().__init__(rng=rng)
        self.speed = speed * FACTOR
        self.datacollector = mesa.DataCollector({{"speed": "speed", "drawn": lambda m: m.random.random()}})

    def step(self):
        self.datacollector.collect(self)
"""


@pytest.fixture
def forgotten(monkeypatch):
    """Modules and folders that a test loads are forgotten afterwards."""
    monkeypatch.setattr(references, "_LOADED", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def mill(tmp_path, forgotten):
    (tmp_path / "wheels.py").write_text("FACTOR = 2\n")
    path = tmp_path / "mill.py"
    path.write_text(MODEL.format(imports="import wheels\nfrom wheels import FACTOR"))
    return path


def one(work, parameters=None):
    return work.perform(Task(work.cell(parameters or {}), 0, 1))[0]


# ------------------------------------------------------------------------------------ references


def test_a_class_in_a_file_is_loaded_with_what_lies_beside_it(mill):
    outcome = one(ModelWork(f"{mill}:Mill", max_steps=1), {"speed": 3})
    assert outcome.tables[0].rows[0][1] == 6


def test_work_on_a_file_travels_as_words(mill):
    given = ModelWork(model_of(f"{mill}:Mill"), max_steps=1)
    sent = pickle.dumps(given)
    references._LOADED.clear()
    for name in [name for name in sys.modules if name.startswith("mill_")]:
        del sys.modules[name]
    assert one(pickle.loads(sent)) == one(given)


def test_a_file_of_a_package_may_import_from_it_by_dots(tmp_path, forgotten):
    folder = tmp_path / "grinding"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "wheels.py").write_text("FACTOR = 5\n")
    (folder / "mill.py").write_text(MODEL.format(imports="from .wheels import FACTOR"))
    assert model_of(f"{folder / 'mill.py'}:Mill").__module__ == "grinding.mill"


def test_a_class_in_a_module_is_imported():
    assert model_of("mesa.examples.advanced.pd_grid.model:PdGrid") is PdGrid


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("mill.py:Mill", "model: there is no file 'mill.py'"),
        ("no.such.module:Mill", "'no.such.module' cannot be imported .*No module named 'no'"),
        ("tests.sweeps.mesa_models:Wal", "has no Mesa model 'Wal'; did you mean Walk"),
        ("tests.sweeps.mesa_models:Walker", "has no Mesa model 'Walker'; did you mean Walk"),
        ("json:JSONEncoder", "has no Mesa model 'JSONEncoder'; its models are none"),
        ("mill", "model must be written package.module:Class or path/to/file.py:Class; got 'mill'"),
        ("mill.py:", "model must be written"),
    ],
)
def test_words_that_name_no_model_are_refused_in_one_line(reference, complaint):
    with pytest.raises(InputError, match=complaint) as refused:
        model_of(reference)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("source", ["1/0", "import sys; sys.exit(2)", "def broken(:"])
def test_a_file_that_cannot_be_loaded_is_refused_in_one_line(tmp_path, forgotten, source):
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(InputError, match=r"broken.py' cannot be imported \(") as refused:
        model_of(f"{tmp_path / 'broken.py'}:Mill")
    assert str(refused.value).isprintable()


def test_what_names_a_scenario_is_no_reference():
    assert [is_reference(text) for text in ("kin", "a.toml", "C:\\a.toml", "a:b.toml")] == [False] * 4
    assert is_reference("a.py:B") and is_reference("a.b:C.D")


# -------------------------------------------------------------------------------------- identity


def identity(model, **more):
    return ModelWork(model, kept=True, **more).identity


def test_sweeps_of_one_model_are_told_apart_by_all_that_changes_a_result():
    usual = identity(models.Walk)
    assert usual == identity(models.Walk)
    changes = (
        {"seed": 1},
        {"max_steps": 5},
        {"period": 1},
        {"rng": [0]},
        {"pairing": "independent"},
        {"fixed": {"far": 1}},
    )
    assert len({canonical(identity(models.Walk, **change)) for change in ({}, *changes)}) == len(changes) + 1
    assert usual["model"] == "tests.sweeps.mesa_models:Walk"
    assert canonical(usual) != canonical(identity(models.Keywords))


def digest_of(path):
    references._LOADED.clear()
    for name in [name for name in sys.modules if name.startswith(("mill", "wheels"))]:
        del sys.modules[name]
    return identity(f"{path}:Mill")


def test_a_model_is_known_by_its_source_and_by_that_of_what_lies_beside_it(mill):
    before = digest_of(mill)
    assert before == digest_of(mill) and before["model"] == "mill:Mill"
    (mill.parent / "wheels.py").write_text("FACTOR = 3\n")
    between = digest_of(mill)
    mill.write_text(mill.read_text() + "# another word\n")
    assert len({before["source"], between["source"], digest_of(mill)["source"]}) == 3


def test_the_place_of_the_file_does_not_count(mill, tmp_path):
    before = digest_of(mill)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in (mill, mill.parent / "wheels.py"):
        (elsewhere / path.name).write_text(path.read_text())
    sys.path.remove(str(mill.parent))
    assert digest_of(elsewhere / "mill.py") == before


def test_a_notebook_model_is_known_by_its_class_and_whatever_that_names():
    def told(agent, unused=""):
        notebook = types.ModuleType("notebook_of_a_test")
        sys.modules[notebook.__name__] = notebook
        source = agent + unused + MODEL.format(imports="").replace("* FACTOR", "* factor()")
        lines = f"<cell {hash(source)}>"
        linecache.cache[lines] = (len(source), None, source.splitlines(True), lines)
        exec(compile(source, lines, "exec"), vars(notebook))
        notebook.__file__ = lines  # so that inspect finds the cell, as it does in a notebook
        return references.source_digest(notebook.Mill)

    two = "def factor():\n    return 2\n\n"
    assert told(two) == told(two, "def unused():\n    pass\n\n") != told(two.replace("2", "3"))
    del sys.modules["notebook_of_a_test"]


def test_a_model_without_source_cannot_be_kept_but_can_be_run():
    space = {"__name__": "nowhere_at_all"}
    sys.modules["nowhere_at_all"] = types.ModuleType("nowhere_at_all")
    exec(MODEL.format(imports="FACTOR = 1"), space)
    assert one(ModelWork(space["Mill"], max_steps=1)).tables[0].rows[0][1] == 1
    for more in ({"kept": True}, {"pairing": "independent"}):
        with pytest.raises(InputError, match="Mill: the source of Mill cannot be found"):
            ModelWork(space["Mill"], **more)
    del sys.modules["nowhere_at_all"]


# ------------------------------------------------------------------------------------------ cells


def test_a_cell_is_told_by_values_and_not_by_their_spelling():
    work = ModelWork(models.Reports, kept=True)
    same = [
        [1, 2.5, "a", None, True],
        (1, 2.5, "a", None, True),
        [np.int64(1), np.float64(2.5), np.str_("a"), None, True],
    ]
    assert len({work.cell({"value": value}).hash for value in same}) == 1
    other = [
        1,
        1.0,
        True,
        "1",
        None,
        [1],
        [[1]],
        {"a": 1},
        {1: 1},
        {("a", "b"): 1},
        {1},
        1.5,
        float("nan"),
        np.array([1, 2]),
    ]
    assert len({work.cell({"value": value}).hash for value in other}) == len(other)


def graphs():
    usual = networkx.path_graph(4)
    yield usual
    yield networkx.relabel_nodes(usual, {0: "a"})
    yield networkx.Graph(reversed(list(usual.edges)))
    yield networkx.cycle_graph(4)
    yield usual.to_directed()
    heavy, old = usual.copy(), usual.copy()
    networkx.set_edge_attributes(heavy, 2.0, "weight")
    networkx.set_node_attributes(old, 1, "age")
    yield from (heavy, old)


def test_a_graph_is_told_by_all_that_a_model_can_read_of_it():
    known = [canonical(plain(graph, "graph")) for graph in graphs()]
    assert len(set(known)) == len(known) and known == [canonical(plain(graph, "graph")) for graph in graphs()]


@pytest.mark.parametrize(
    "value",
    [object(), lambda: 1, models.Walk, np.longdouble(1), 1j, [object()]],
    ids=["object", "function", "class", "longdouble", "complex", "list"],
)
def test_a_parameter_that_tells_nothing_apart_is_refused_where_it_would_have_to(value):
    with pytest.raises(InputError, match="value: "):
        ModelWork(models.Reports, kept=True).cell({"value": value})
    ModelWork(models.Reports).cell({"value": value})


# ----------------------------------------------------------------------------------------- values


def test_numbers_of_numpy_become_numbers_of_python_in_what_is_kept():
    values = (np.float32(0.5), np.int8(3), np.bool_(True), np.str_("a"), (1, (2,)), np.arange(2))
    (row,) = one(ModelWork(models.Reports, max_steps=0, kept=True), {"value": values}).tables[0].rows
    assert row[1] == [0.5, 3, True, "a", [1, [2]], [0, 1]] and [type(v) for v in row[1][:4]] == [float, int, bool, str]


@pytest.mark.parametrize("value", [{1, 2}, {1: 2}], ids=repr)
def test_a_report_that_cannot_be_kept_is_refused_by_name_and_is_there_otherwise(value):
    with pytest.raises(InputError, match="reporter 'value': a store keeps numbers, words"):
        one(ModelWork(models.Reports, max_steps=0, kept=True), {"value": value})
    assert one(ModelWork(models.Reports, max_steps=0), {"value": value}).tables[0].rows[0][1] == value


def test_the_states_of_virus_agents_are_kept_as_numbers():
    outcome = one(ModelWork(VirusOnNetwork, max_steps=2, kept=True))
    assert all(type(value) in (int, float) for value in outcome.tables[0].rows[0])


@pytest.mark.parametrize("seed", [None, True, "seven", np.random.default_rng(1)], ids=str)
def test_runs_that_are_kept_must_be_repeatable(seed):
    with pytest.raises(InputError, match="rng: runs that are kept must be repeatable"):
        ModelWork(models.Walk, rng=[seed], kept=True)


def test_a_replicate_beyond_the_seeds_that_were_given_is_refused():
    work = ModelWork(models.Walk, rng=[1, 2])
    with pytest.raises(InputError, match="rng holds 2 seeds; got replicate 2"):
        work.source(work.cell({}), 2)


# ------------------------------------------------------------------------------------------ ours


def test_a_world_is_plain_if_its_class_does_nothing_but_name_it():
    from coop_abm import CoopModel

    class Named(CoopModel):
        """A name."""

        default = "kin"

    class Stepping(Named):
        def step(self):
            super().step()

    assert [is_plain_world(model) for model in (CoopModel, Named, Stepping, models.Walk)] == [True, True, False, False]


def test_the_seed_of_a_replicate_is_that_of_the_dice():
    for seed in (7, 2**62):
        work = ModelWork(models.Walk, seed=seed)
        found = [work.source(work.cell({}), replicate) for replicate in (3, 64, 0, 2**31)]
        assert found == [model_seed(seed, replicate) for replicate in (3, 64, 0, 2**31)]


def test_the_signature_is_read_once(monkeypatch):
    work = ModelWork(models.Walk)
    monkeypatch.setattr(inspect, "signature", lambda *_: pytest.fail("asked again"))
    work.cell({"walkers": 1}), work.cell({"walkers": 2})
