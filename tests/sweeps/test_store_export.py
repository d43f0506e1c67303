"""Rows leave a store in full, in one order, and do no harm where they are opened (F3)."""

import csv
import hashlib
import json
import math
import random
import sqlite3
import subprocess
import sys

import pyarrow.parquet
import pytest

from coop_abm.core.errors import InputError, OutputError, StoreError
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.export import digest, export
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_rows import text_of
from coop_abm.sweeps.work import Cell, Outcome, Table, hash_of, run_key
from tests.sweeps.stores import CELLS, IDENTITY, LONG, outcome, sweep


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.sqlite"


def exported(path, *kinds, **settings):
    with Store(path, read_only=True) as store:
        return export(store, path.parent / "out", kinds=kinds or ("csv",), **settings)


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def kept(path, *outcomes, parameters=None):
    cell = Cell(parameters or {}, hash_of(parameters or {}))
    with Store(path) as store:
        store.open_for(IDENTITY)
        store.keep([(cell, list(outcomes))])


def one(*values, names=("Step", "x", "y", "z")):
    return Outcome(0, 5, (Table(names[: len(values) + 1], [(1, *values)]),))


# ----------------------------------------------------------------------------------------- all of it


def test_every_row_is_there_under_its_columns_by_the_key_of_its_run(path):
    sweep(path)
    done = exported(path)
    found = rows(path.parent / "out.csv")
    assert list(found[0]) == ["key", "chance", "label", "iteration", "seed", "Step", "AgentID", "wealth", "won", "word"]
    assert done.runs == 66 and done.rows == len(found) == 60 + 702 + 5 * 42 and done.failed == 6
    assert [row["key"] for row in found] == sorted(row["key"] for row in found)
    cell = CELLS[3]
    mine = [row for row in found if row["key"] == run_key(cell.hash, 2).hex()]
    value = outcome(cell, 2).tables[0].rows[0][1]
    assert [(row["chance"], row["iteration"], row["seed"], row["Step"], row["won"]) for row in mine] == [
        ("3", "2", "5", "100", repr(value))
    ]
    long = [row for row in found if row["key"] == run_key(cell.hash, LONG).hex()]
    assert [row["Step"] for row in long] == [*map(str, range(40)), "700", "700"]
    assert (long[-1]["AgentID"], long[-1]["wealth"], long[-1]["won"]) == ("2", "", "")


def test_the_order_in_which_runs_were_kept_leaves_no_trace(tmp_path):
    found = set()
    for number, at_once in enumerate((5, 3, 50)):
        path = tmp_path / f"{number}" / "x.sqlite"
        if number == 1:  # one that fails at first
            with Store(path) as store:
                store.open_for(IDENTITY)
                store.keep([(CELLS[4], [Outcome(1, 5, (Table(("Other",), [(1,)]),), "no luck")])])
                assert care.retry(store).failed == 1
        sweep(path, cells=CELLS[3:], at_once=at_once, order=random.Random(number))
        exported(path, "csv", "parquet")
        found.add(tuple(file.read_bytes() for file in sorted((tmp_path / f"{number}").glob("out*"))))
    assert len(found) == 1 and len(found.pop()) == 4


def test_parquet_holds_what_csv_holds_in_types(path):
    sweep(path)
    exported(path, "csv", "parquet")
    table = pyarrow.parquet.read_table(path.parent / "out.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["chance"] == types["iteration"] == types["Step"] == types["wealth"] == "int64"
    assert types["won"] == "double" and types["word"] == types["label"] == types["key"] == "string"
    text = rows(path.parent / "out.csv")
    assert table.column("key").to_pylist() == [row["key"] for row in text]
    assert [("" if value is None else repr(value)) for value in table.column("won").to_pylist()] == [
        row["won"] for row in text
    ]
    assert set(table.column("label").to_pylist()) == {"=odd"}


def test_where_rows_came_from_is_said_beside_them_and_nothing_of_when_or_where(path):
    sweep(path)
    exported(path)
    about = json.loads((path.parent / "out.json").read_text())
    assert about["identity"] == IDENTITY
    assert (about["cells"], about["runs"], about["failed"]) == (6, 66, 6)
    assert sorted(about) == ["cells", "columns", "failed", "identity", "libraries", "package", "rows", "runs", "sha256"]


def test_failed_runs_have_a_file_of_their_own_if_there_are_any(path):
    sweep(path)
    exported(path)
    found = rows(path.parent / "out.failures.csv")
    assert len(found) == 6 and found[0]["iteration"] == "6" and found[0]["label"] == "'=odd"
    assert found[0]["cause"] == "ValueError: no luck in 6" and found[0]["seed"] == "5"
    kept(path.with_name("y.sqlite"), one(1))
    with Store(path.with_name("y.sqlite"), read_only=True) as store:
        assert [file.name for file in export(store, path.parent / "fine.csv").files] == ["fine.csv", "fine.json"]


# ----------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("value", "cell", "arrow"),
    [
        (0.1 + 0.2, "0.30000000000000004", 0.1 + 0.2), (-0.0, "-0.0", -0.0), (math.inf, "inf", math.inf),
        (-5, "-5", -5), (2**63, "9223372036854775808", "9223372036854775808"), (True, "True", True), (None, "", None),
        ("=1+1", "'=1+1", "=1+1"), ("+x", "'+x", "+x"), ("-x", "'-x", "-x"), ("@x", "'@x", "@x"),
        ("\tx", "'\\tx", "\tx"), ("\rx", "'\\rx", "\rx"), ("a\x1b[31mb", "a\\x1b[31mb", "a\x1b[31mb"),
        ("a\nb", "a\\nb", "a\nb"), ("\ud800", "\\ud800", "\\ud800"), ("a\0b", "a\\x00b", "a\0b"),
        ("\u202eabc", "\\u202eabc", "\u202eabc"), ('a,"b"', 'a,"b"', 'a,"b"'), (" a ", " a ", " a "),
        ("<b>é</b>", "<b>é</b>", "<b>é</b>"), ([1, [2.5, "=a"]], '[1,[2.5,"=a"]]', '[1,[2.5,"=a"]]'),
        ({"b": 1, "a": None}, '{"a":null,"b":1}', '{"a":null,"b":1}'),
    ],
)  # fmt: skip
def test_a_value_is_exact_in_both_files_and_harmless_in_one(path, value, cell, arrow):
    kept(path, one(value), parameters={"p": value})
    exported(path, "csv", "parquet")
    (row,) = rows(path.parent / "out.csv")
    assert row["x"] == row["p"] == cell
    (found,) = pyarrow.parquet.read_table(path.parent / "out.parquet").to_pylist()
    assert repr(found["x"]) == repr(found["p"]) == repr(arrow)


@pytest.mark.parametrize(
    ("values", "kind", "found"),
    [
        ((1, 2.5), "double", [1.0, 2.5]), ((1, None), "int64", [1, None]), ((True, 1), "string", ["true", "1"]),
        ((2**60, 0.5), "string", ["1152921504606846976", "0.5"]), (("a", 1), "string", ["a", "1"]),
        ((None, None), "null", [None, None]),
    ],
)  # fmt: skip
def test_a_column_of_several_kinds_gets_a_type_that_holds_them_all(path, values, kind, found):
    kept(path, *(one(value)._replace(replicate=replicate) for replicate, value in enumerate(values)))
    exported(path, "parquet")
    table = pyarrow.parquet.read_table(path.parent / "out.parquet").sort_by("iteration")
    assert str(table.schema.field("x").type) == kind and table.column("x").to_pylist() == found


def test_names_are_harmless_and_tell_columns_apart(path):
    kept(path, one(1, 2, names=("Step", "=x", "density")), parameters={"density": 0.5, "key": "k", "=p": 3})
    exported(path, seed_name="rng")
    (row,) = rows(path.parent / "out.csv")
    assert list(row) == ["key", "'=p", "density (parameter)", "key (parameter)", "iteration", "rng", "Step", "'=x",
                         "density"]  # fmt: skip
    assert (row["density (parameter)"], row["density"], row["key (parameter)"], row["'=p"]) == ("0.5", "2", "k", "3")


# ----------------------------------------------------------------------------------------- refusals


def test_damage_is_named_and_nothing_is_written(path):
    sweep(path)
    base = sqlite3.connect(path)
    base.execute("UPDATE runs SET seed = '6' WHERE cell = 2 AND replicate = 3")
    base.commit()
    base.close()
    with pytest.raises(StoreError, match=r"is damaged: run 3 of cell [0-9a-f]{16} does not match its checksum"):
        exported(path, "csv", "parquet")
    assert not list(path.parent.glob("*out*"))


def test_a_place_that_cannot_be_written_to_and_a_kind_that_is_none_are_refused(path, tmp_path):
    sweep(path, runs=1)
    (tmp_path / "file").write_text("")
    with Store(path, read_only=True) as store:
        with pytest.raises(OutputError, match="cannot be written to"):
            export(store, tmp_path / "file" / "out")
        with pytest.raises(InputError, match="kind must be csv or parquet; got 'xml'"):
            export(store, tmp_path / "out", kinds=("xml",))


def test_the_digest_is_that_of_the_csv_file(path):
    sweep(path)
    exported(path)
    with Store(path, read_only=True) as store:
        assert digest(store) == hashlib.sha256((path.parent / "out.csv").read_bytes()).hexdigest()


# ----------------------------------------------------------------------------------------- size


EXPORT = """
import resource, sys, time, pandas, pyarrow.parquet
from coop_abm.sweeps.export import export
from coop_abm.sweeps.store import Store
began = time.process_time()
with Store(sys.argv[1], read_only=True) as store:
    done = export(store, sys.argv[1] + "-out", kinds=("csv", "parquet"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, done.rows, time.process_time() - began)
"""


@pytest.mark.validate
def test_memory_does_not_grow_with_the_number_of_runs(tmp_path):
    """Peak memory of an export of 2 x 10^4 and of 2 x 10^5 runs, as the system sees it."""
    peaks = []
    for cells in (200, 2000):
        path = tmp_path / f"{cells}"
        with Store(path) as store:
            store.open_for(IDENTITY)
            for number in range(cells):
                cell = Cell({"x": number}, hash_of(number))
                store.keep([(cell, [Outcome(run, 5, (Table(("Step", "won"), [(1, run / 7)]),)) for run in range(100)])])
        told = subprocess.run([sys.executable, "-c", EXPORT, str(path)], capture_output=True, text=True, check=True)
        peak, count, seconds = told.stdout.split()
        peaks.append(int(peak) / 1024)
        cost = float(seconds) / int(count) * 1e6
        print(f"export of {count} rows to CSV and Parquet: {cost:.0f} us of CPU a row, at most {peaks[-1]:.0f} MiB")
    assert peaks[1] < peaks[0] + 60


def test_text_of_values_has_one_spelling():
    assert text_of({"b": 1.0, "a": (1, None, True)}) == '{"a":[1,null,true],"b":1.0}'
