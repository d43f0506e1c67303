"""What is kept in a store comes back as it was, once, to whoever may have it."""

import json
import math
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from coop_abm.core.errors import InputError, StoreError, SweepError
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.export import digest
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_merge import merge
from coop_abm.sweeps.work import Cell, Outcome, Table, hash_of
from tests.sweeps.stores import CELLS, IDENTITY, RUNS, content, outcome, sweep


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.sqlite"


def opened(path, **settings):
    store = Store(path, **settings)
    store.open_for(IDENTITY)
    return store


# --------------------------------------------------------------------------------------- keeping


def test_outcomes_come_back_as_they_were(path):
    sweep(path)
    with Store(path, read_only=True) as store:
        for cell in CELLS:
            assert list(store.outcomes(cell.hash)) == [outcome(cell, run) for run in range(RUNS)]
        assert [cell.hash for cell in store.cells()] == sorted(cell.hash for cell in CELLS)
        assert sorted(cell.parameters["chance"] for cell in store.cells()) == list(range(6))


@pytest.mark.parametrize(
    "value",
    [0.1, 5e-324, 1.7976931348623157e308, -0.0, math.inf, -math.inf, 2**70, -(2**63), True, False, None, "", "\ud800",
     "a\0b\n=1", "Ωмега", [1, [2.5, None]], {"a": {"b": [True]}}],
)  # fmt: skip
def test_any_plain_value_comes_back_exactly(path, value):
    with opened(path) as store:
        store.keep([(CELLS[0], [Outcome(0, value, (Table(("Step", "x"), [(1, value)]),), "")])])
        (found,) = store.outcomes(CELLS[0].hash)
    assert repr(found.tables[0].rows[0][1]) == repr(value) and repr(found.seed) == repr(value)


def test_numbers_of_numpy_are_kept_as_numbers_and_nan_stays_nan(path):
    with opened(path) as store:
        row = (np.int64(3), np.float32(0.1), np.bool_(True), np.arange(2), math.nan)
        store.keep([(CELLS[0], [Outcome(0, np.random.SeedSequence(3), (Table(tuple("abcde"), [row]),))])])
        (found,) = store.outcomes(CELLS[0].hash)
    assert found.tables[0].rows[0][:4] == (3, float(np.float32(0.1)), True, [0, 1])
    assert math.isnan(found.tables[0].rows[0][4]) and found.seed == {"entropy": 3, "spawn_key": []}


def test_what_is_not_plain_is_refused_and_nothing_of_its_batch_is_kept(path):
    with opened(path) as store:
        bad = Outcome(1, 5, (Table(("Step", "x"), [(1, object())]),))
        with pytest.raises(InputError, match="a store keeps numbers"):
            store.keep([(CELLS[0], [outcome(CELLS[0], 0), bad])])
        assert store.state(CELLS[0]) == (Spans(), Spans())


def test_a_finished_run_is_never_overwritten_and_a_failed_one_is(path):
    def gives(value, cause=""):
        return [(CELLS[0], [Outcome(0, 5, (Table(("Step", "x"), [(1, value)]),), cause)])]

    with opened(path) as store:
        store.keep(gives(0, "no luck"))
        assert store.state(CELLS[0]) == (Spans(), Spans([(0, 1)]))
        assert np.isnan(store.finals(CELLS[0], "x", 1)).all()
        store.keep(gives(0, "no luck") + gives(1) + gives(2))
        store.keep(gives(2))
        store.keep(gives(3, "no luck"))
        assert store.state(CELLS[0]) == (Spans([(0, 1)]), Spans())
        assert store.finals(CELLS[0], "x", 1).tolist() == [1.0]
        assert care.verify(store).sound


def test_final_values_are_those_of_the_last_row_that_has_them(path):
    sweep(path)
    with Store(path, read_only=True) as store:
        found = store.finals(CELLS[2], "won", RUNS)
        for run in range(RUNS):
            tables = outcome(CELLS[2], run).tables
            assert (found[run] == tables[0].rows[-1][1]) if tables else np.isnan(found[run])
        with pytest.raises(SweepError, match="measure: must be among won, word"):
            store.finals(CELLS[2], "lost", 2)
        with pytest.raises(StoreError, match="has 12 of the first 13 runs"):
            store.finals(CELLS[2], "won", 13)


def test_the_same_command_does_nothing_twice(path):
    assert sweep(path) == 72 and sweep(path) == 0
    assert sweep(path, runs=14) == 12


# --------------------------------------------------------------------------------------- one sweep


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({**IDENTITY, "seed": 6}, "seed is 5 there and 6 here"),
        ({**IDENTITY, "world": {"size": 12, "name": "wörld"}}, "world.size is 10 there and 12 here"),
        ({**IDENTITY, "model": "dice"}, "model is 'coins' there and 'dice' here"),
        ({**IDENTITY, "pairing": "paired"}, "pairing is not set there and 'paired' here"),
        ({**IDENTITY, "seed": 5.0}, "seed is 5 there and 5.0 here"),
    ],
)
def test_another_sweep_is_refused_by_the_first_field_that_differs(path, other, said):
    opened(path).close()
    with Store(path) as store, pytest.raises(StoreError, match=said) as refused:
        store.open_for(other)
    assert "name another file" in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_holds_no_sweep_says_so(path):
    with pytest.raises(StoreError, match="does not exist: no sweep was kept there yet"):
        Store(path, read_only=True)
    with Store(path) as store:
        with pytest.raises(StoreError, match="holds no sweep yet"):
            store.keep([(CELLS[0], [outcome(CELLS[0], 0)])])
        with pytest.raises(StoreError, match="holds no sweep yet"):
            _ = store.identity


# --------------------------------------------------------------------------------------- one writer


def test_a_second_writer_is_refused_and_any_number_may_read(path):
    with opened(path) as store:
        store.keep([(CELLS[0], [outcome(CELLS[0], 0)])])
        with pytest.raises(StoreError, match=rf"is in use by process {os.getpid()} on \S+"):
            Store(path)
        with Store(path, read_only=True) as one, Store(path, read_only=True) as other:
            assert one.state(CELLS[0]) == other.state(CELLS[0]) == (Spans([(0, 1)]), Spans())
            store.keep([(CELLS[0], [outcome(CELLS[0], 1)])])
            assert len(list(one.outcomes(CELLS[0].hash))) == 2
    assert sorted(file.name for file in path.parent.iterdir()) == ["x.sqlite"]
    opened(path).close()


_HOLDER = """
import sys, time
from coop_abm.sweeps.store import Store
from tests.sweeps.stores import CELLS, IDENTITY, outcome
store = Store(sys.argv[1])
store.open_for(IDENTITY)
store.keep([(CELLS[0], [outcome(CELLS[0], 0)])])
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_writer_leaves_what_it_kept_and_no_lock(path):
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(StoreError, match=f"is in use by process {process.pid} on "):
        Store(path)
    process.kill()
    process.communicate()
    with opened(path) as store:
        assert store.state(CELLS[0]) == (Spans([(0, 1)]), Spans())
        assert care.verify(store).sound


def test_a_store_of_a_dead_name_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for impossible in (tmp_path / "a\0b", tmp_path / "file" / "x", "~nobody-of-that-name/x"):
        with pytest.raises(StoreError, match="cannot be"):
            Store(impossible)


# --------------------------------------------------------------------------------------- again


def test_failed_runs_are_listed_and_can_be_done_again(path):
    sweep(path)
    with Store(path) as store:
        assert care.status(store)[:3] == (6, 66, 6)
        first, *_ = care.failures(store)
        assert (first.replicate, first.seed, first.cause) == (6, 5, "ValueError: no luck in 6")
        assert len(list(care.failures(store, 2))) == 2
        before = digest(store)
        assert care.retry(store) == (6, 0, 0)
        assert care.status(store)[1:3] == (66, 0)
    assert sweep(path) == 6
    with Store(path, read_only=True) as store:
        assert digest(store) == before and care.verify(store).sound


# --------------------------------------------------------------------------------------- merging


def test_shards_in_any_order_make_the_store_that_one_sweep_makes(tmp_path):
    dice = random.Random(1)
    sweep(tmp_path / "whole")
    sweep(tmp_path / "a", cells=CELLS[:3], order=dice)
    sweep(tmp_path / "b", cells=CELLS[2:], runs=7, order=dice)  # one cell in both
    sweep(tmp_path / "c", cells=CELLS[3:], order=dice)
    for number, order in enumerate(("abc", "cab", "bca")):
        merged = merge(tmp_path / f"all{number}", [tmp_path / name for name in order])
        assert merged.left_out == 0 and merged.runs == 72
        assert content(tmp_path / f"all{number}") == content(tmp_path / "whole")
        assert sweep(tmp_path / f"all{number}") == 0
    assert merge(tmp_path / "all0", [tmp_path / "a"]) == (0, 0)


def test_different_results_of_one_run_are_refused_by_name(tmp_path):
    sweep(tmp_path / "a", cells=CELLS[:2])
    with Store(tmp_path / "b") as store:
        store.open_for(IDENTITY)
        store.keep([(CELLS[0], [outcome(CELLS[0], 1), outcome(CELLS[1], 0)])])
    before = content(tmp_path / "a")
    with pytest.raises(StoreError, match=r"different results of run 0 of cell [0-9a-f]{16} .*chance") as refused:
        merge(tmp_path / "a", [tmp_path / "b"])
    assert "\n" not in str(refused.value) and content(tmp_path / "a") == before
    with pytest.raises(StoreError, match="holds another sweep: seed is 5 there and 6 here"):
        sweep(tmp_path / "c", identity={**IDENTITY, "seed": 6})
        merge(tmp_path / "a", [tmp_path / "c"])


def test_a_run_that_is_done_takes_the_place_of_one_that_failed(tmp_path):
    for name, cause in (("a", "worker died"), ("b", ""), ("c", "a cause")):
        with Store(tmp_path / name) as store:
            store.open_for(IDENTITY)
            store.keep([(CELLS[0], [Outcome(0, 5, (), cause)]), (CELLS[1], [Outcome(0, 5, (), cause or "so")])])
    found = set()
    for order in ("abc", "cba", "bac"):
        merge(tmp_path / order, [tmp_path / name for name in order])
        found.add(content(tmp_path / order))
    assert len(found) == 1 and '\\"a cause\\"' in json.dumps(json.loads(found.pop()))


# --------------------------------------------------------------------------------------- size


def test_rows_of_many_runs_cost_little(path):
    """The full figures stand in benchmarks; this one prints what a run costs here and now."""
    names = ("Step", *(f"measure{number}" for number in range(13)))
    dice = random.Random(3)
    cells = [Cell({"x": number}, hash_of(number)) for number in range(20)]
    with opened(path) as store:
        batches = [
            [(cell, [Outcome(first + run, 5, (Table(names, [(1, *(dice.random() for _ in range(13)))]),))
                     for run in range(50)])] for cell in cells for first in (0, 50)
        ]  # fmt: skip
        began = time.process_time()
        for batch in batches:
            store.keep(batch)
        print(f"keep: {(time.process_time() - began) / 2000 * 1e6:.0f} us of CPU a run, in batches of 50")
        assert care.status(store).done == 2000


@pytest.mark.validate
def test_a_million_runs_are_resumed_by_reading_cells(path):
    cells = [Cell({"x": number}, hash_of(number)) for number in range(10_000)]
    table = (Table(("Step", "won"), [(1, 0.5)]),)
    with opened(path) as store:
        began = time.process_time()
        for cell in cells:
            store.keep([(cell, [Outcome(run, 5, table) for run in range(100)])])
        kept = time.process_time() - began
    began = time.process_time()
    with opened(path) as store:
        opening = time.process_time() - began
        assert sum(len(store.state(cell)[0]) for cell in cells) == 10**6
    print(f"10^6 runs in 10^4 cells: in seconds of CPU: keep {kept:.1f} us a run, open {opening:.2f}, "
          f"resume {time.process_time() - began:.2f}, {path.stat().st_size / 1e6:.0f} bytes a run")  # fmt: skip
