"""Which parameter sets a sweep visits: exact points, honest refusals, samples that can be made again."""

import hashlib
import itertools
import json
import sys
import tomllib

import numpy as np
import pytest

from coop_abm.core.errors import InputError, MissingExtra, SweepError
from coop_abm.sweeps.axes import axis, drawn_from
from coop_abm.sweeps.designs import design, design_of, design_of_table, design_of_texts
from coop_abm.sweeps.sensitivity import analyse
from coop_abm.sweeps.shards import Shard, shard_of
from coop_abm.sweeps.work import canonical, hash_of


def points(text):
    return list(axis("x", text).values)


# ------------------------------------------------------------------------------------------- axes


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:0.5:11", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]),
        ("1:8:15", [k / 2 for k in range(2, 17)]),
        ("1:8:8", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("1.0:4:4", [1.0, 2.0, 3.0, 4.0]),
        ("1:1000:4:log", [1, 10, 100, 1000]),
        ("1:8:4:log", [1, 2, 4, 8]),
        ("0.1:10:3:log", [0.1, 1.0, 10.0]),
        ("-1:1:3", [-1, 0, 1]),
        ("0:1:4", [0.0, 0.333333333333, 0.666666666667, 1.0]),
        ("3:3:1", [3]),
        ("10,100,1000", [10, 100, 1000]),
        ("death_birth,imitation", ["death_birth", "imitation"]),
        ("true,false", [True, False]),
        ("0.5", [0.5]),
    ],
)
def test_an_axis_has_the_points_that_were_written(text, values):
    found = points(text)
    assert [(type(v), v) for v in found] == [(type(v), v) for v in values]


def test_points_are_what_a_table_shows():
    for text in ("0:0.5:101", "0.1:0.7:64", "1:1000:50:log"):
        assert all(v == float(repr(v)) and len(repr(v).replace(".", "").strip("0")) <= 12 for v in points(text))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("b", "1:8", "grid.b: write LOW:HIGH:NUMBER, LOW:HIGH:NUMBER:log, or VALUE,VALUE,...; got '1:8'"),
        ("b", "1:8:3:cubic", "grid.b: write LOW:HIGH:NUMBER"),
        ("b", "one:8:3", "grid.b: write LOW:HIGH:NUMBER, LOW:HIGH:NUMBER:log, or VALUE,VALUE,...; 'one' is no number"),
        ("b", "1:1e999:3", "'1e999' is no number"),
        ("b", "nan:2:3", "'nan' is no number"),
        ("b", "1:8:0", "grid.b: the number of points must be in [1, 1,048,576]; got '0'"),
        ("b", "1:8:2.5", "the number of points must be in"),
        ("b", "1:8:9999999", "the number of points must be in"),
        ("b", "1:8:1", "one point cannot be both ends"),
        ("b", "8:1:3", "grid.b: low must not exceed high; got '8:1:3'"),
        ("b", "1:1:3", "low must be below high"),
        ("b", "0:8:3:log", "low must be above 0 where points are logarithmic; got '0'"),
        ("b", "1:1.0000000000001:9", "9 points are closer than 12 digits can tell"),
        ("b", "", "grid.b: no values; write LOW:HIGH:NUMBER"),
        ("b", "1,,2", "a value is empty"),
        ("b", "1,2,1.0", "each value may stand there once; got 1.0 twice"),
        ("b", [], "grid.b: no values"),
        ("b", [1.0, float("inf")], "values must be finite"),
        ("b", [object()], "values must be numbers, words, true, false or lists"),
        ("", "1,2", "grid: a parameter must have a name"),
        ("\x1b[31m", "1:2", r"grid.\x1b[31m: write"),
    ],
)
def test_what_is_no_axis_is_refused_in_one_line(name, text, said):
    with pytest.raises(InputError) as refused:
        axis(name, text)
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", "range.b: write LOW:HIGH, LOW:HIGH:log or LOW:HIGH:int; got '1'"),
        ("1:2:3", "range.b: write LOW:HIGH"),
        ("1:2:log:log", "range.b: write LOW:HIGH"),
        ("2:1", "low must not exceed high"),
        ("1:1", "low must be below high"),
        ("0:1:log", "low must be above 0"),
        ("0.5:3:int", "the ends of a range of whole numbers must be whole"),
        (3, "range.b: write LOW:HIGH"),
    ],
)
def test_what_is_no_range_is_refused_in_one_line(text, said):
    with pytest.raises(InputError) as refused:
        drawn_from("b", text)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["0:0.5", "1:1000:log", "2:9:int", "1:1000:log:int", "0.123456789012345:0.2"])
def test_a_range_is_filled_from_end_to_end(text):
    part = drawn_from("b", text)
    values = [part.at(share) for share in (0.0, 0.3, 0.5, np.nextafter(1.0, 0.0))]
    assert values == sorted(values) and float(part.low) == values[0] and values[-1] == pytest.approx(float(part.high))
    assert all(isinstance(v, int) is part.whole for v in values)
    assert drawn_from(*part.tree()) == part


def test_whole_numbers_are_equally_likely_at_the_ends_too():
    part = drawn_from("k", "2:5:int")
    counts = np.bincount([part.at(share) for share in (np.arange(4000) + 0.5) / 4000])
    assert counts.tolist() == [0, 0, 1000, 1000, 1000, 1000]


# ------------------------------------------------------------------------------------------- grids


def test_the_last_axis_of_a_grid_is_the_fastest():
    found = design_of_texts(["update=death_birth,imitation", "game.benefit=1:3:3"])
    whole = [dict(zip(found.axes, v)) for v in itertools.product(("death_birth", "imitation"), (1, 2, 3))]
    assert list(found.parameters()) == whole == [found[i] for i in range(len(found))] and found[-1] == whole[-1]
    assert found.axes == ("update", "game.benefit")
    with pytest.raises(IndexError):
        found[6]


def test_a_grid_of_a_billion_cells_is_not_made():
    found = design_of_texts([f"x{i}=1:1000:1000" for i in range(3)])
    assert len(found) == 10**9 and found[123456789] == {"x0": 124, "x1": 457, "x2": 790}


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (["b=1,2", "b=3"], "grid.b: a parameter may vary once; it stands there twice"),
        (["kin.relatedness=1,2", "kin__relatedness=3"], "may vary once"),
        (["b"], "grid: write NAME=LOW:HIGH:NUMBER"),
        (["=1:2:3"], "grid: write NAME=LOW:HIGH:NUMBER"),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(grid, said):
    with pytest.raises(InputError) as refused:
        design_of_texts(grid)
    assert said in str(refused.value)


def test_a_design_of_nothing_is_one_cell():
    assert list(design()) == [{}]


# ----------------------------------------------------------------------------------------- samples

RANGES = {"kin.relatedness": "0:0.5", "game.benefit": "1:100:log", "size": "10:99:int"}


def test_each_slice_of_a_latin_hypercube_is_visited_once():
    found = list(design(ranges=RANGES, kind="latin", points=50, seed=3))
    assert len(found) == 50
    assert sorted(int(p["kin.relatedness"] * 100) for p in found) == list(range(50))
    assert len({int(25 * np.log10(p["game.benefit"])) for p in found}) == 50
    assert all(isinstance(p["size"], int) and 10 <= p["size"] <= 99 for p in found)


def test_a_sample_of_sobol_is_even_and_follows_from_its_seed():
    one, two, other = (design(ranges=RANGES, kind="sobol", points=64, seed=seed) for seed in (1, 1, 2))
    assert list(one) == list(two) and list(one) != list(other)
    cells = {(int(p["kin.relatedness"] * 16), int(4 * np.log10(p["game.benefit"]))) for p in one}
    assert len(cells) == 64


@pytest.mark.parametrize(
    ("kind", "seen"), [("latin", "aac44de528a2"), ("sobol", "83277232f6cd"), ("saltelli", "d32767151907")]
)
def test_a_sample_is_the_same_as_it_was(kind, seen):
    cells = list(design(ranges=RANGES, kind=kind, points=16, seed=7))
    assert hashlib.sha256(canonical(cells).encode()).hexdigest()[:12] == seen


def test_a_grid_beside_a_sample_has_the_whole_sample_at_each_of_its_points():
    found = design({"update": "death_birth,imitation"}, {"b": "1:8"}, kind="latin", points=5)
    cells = list(found)
    assert len(cells) == 10 and found.axes == ("update", "b")
    assert [c["b"] for c in cells[:5]] == [c["b"] for c in cells[5:]]
    assert [c["update"] for c in cells] == ["death_birth"] * 5 + ["imitation"] * 5


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "sobol", "points": 100}, "points must be a power of two for sobol: 64 or 128; got 100"),
        ({"kind": "latin", "points": 0}, "points must be a whole number in [1, 1,048,576]; got 0"),
        ({"kind": "latin", "points": 2.0}, "points must be a whole number"),
        ({"kind": "random", "points": 4}, "ranges must be filled by latin, sobol, saltelli; got 'random'"),
        ({"kind": "saltelli", "points": 4, "grid": {"c": "1,2"}}, "there can be no grid beside it"),
        ({"kind": "latin", "points": 4, "grid": {"b": "1,2"}}, "latin.b: a parameter may vary once"),
        ({"kind": "latin", "ranges": {}}, "latin: no ranges"),
        ({"ranges": {}, "points": 4}, "points: only a sample has a number of points"),
    ],
)
def test_what_is_no_sample_is_refused_in_one_line(more, said):
    with pytest.raises(InputError) as refused:
        design(**({"ranges": {"b": "1:8"}} | more))
    assert said in str(refused.value)


# ------------------------------------------------------------------------------- kept and read again


@pytest.mark.parametrize("kind", ["grid", "latin", "sobol", "saltelli"])
def test_a_design_can_be_kept_and_made_again(kind):
    if kind == "grid":
        made = design({"kin.relatedness": "0:0.5:11", "update": ["death_birth", "imitation"], "size": 3})
    else:
        made = design(ranges=RANGES, kind=kind, points=8, seed=5)
    tree = json.loads(json.dumps(made.tree()))
    again = design_of(tree)
    assert again == made and list(again) == list(made) and again.tree() == made.tree() and len(canonical(tree)) < 400


def test_a_sample_that_comes_out_differently_is_not_taken_for_the_one_that_was_kept():
    tree = design(ranges=RANGES, kind="sobol", points=8).tree() | {"fingerprint": "0" * 16}
    with pytest.raises(SweepError, match="comes out differently with the installed scipy"):
        list(design_of(tree))


@pytest.mark.parametrize("tree", [{}, {"kind": "grid", "grid": 3}, {"kind": "latin", "grid": [], "ranges": [["b"]]}])
def test_what_is_no_design_is_refused(tree):
    with pytest.raises(InputError):
        design_of(tree)


def test_a_design_stands_in_a_file():
    table = tomllib.loads("""
        replicates = 10
        points = 4
        [grid]
        kin.relatedness = "0:0.5:3"
        "game.benefit" = [1, 2.5]
        [latin]
        size = "10:20:int"
    """)
    found = design_of_table(table, seed=1)
    assert found.axes == ("kin.relatedness", "game.benefit", "size") and len(found) == 24
    assert found == design({"kin.relatedness": "0:0.5:3", "game.benefit": "1,2.5"}, {"size": "10:20:int"},
                           kind="latin", points=4, seed=1)  # fmt: skip


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"grid": {"b": "8:1:3"}}, "sweep.grid.b: low must not exceed high"),
        ({"grid": {"kin": {"relatedness": "x:1:3"}}}, "sweep.grid.kin.relatedness: write"),
        ({"grid": {"kin": {"r": "1"}, "kin.r": "2"}}, "sweep.grid.kin.r: a parameter may vary once"),
        ({"grid": 3}, "sweep.grid must be a table of names and values; got 3"),
        ({"latin": {"b": "3"}, "points": 4}, "sweep.latin.b: write LOW:HIGH"),
        ({"latin": {"b": "1:3"}}, "sweep.points must be a whole number"),
        ({"sobol": {"b": "1:3"}, "latin": {"b": "1:3"}}, "there can be one sample; got latin and sobol"),
        ({"sobol": {"b": "1:3"}, "points": 3}, "sweep.points must be a power of two for sobol: 2 or 4; got 3"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(table, said):
    with pytest.raises(InputError) as refused:
        design_of_table(table)
    assert said in str(refused.value)


# ------------------------------------------------------------------------------------------ shards


def test_every_cell_is_in_one_shard():
    cells = list(design_of_texts(["b=1:500:500"]))
    parts = [list(Shard(i, 4).chosen(iter(cells), hash_of)) for i in (1, 2, 3, 4)]
    assert sorted(c["b"] for part in parts for c in part) == list(range(1, 501))
    assert all(80 < len(part) < 170 for part in parts)


def test_a_shard_is_written_as_a_fraction():
    assert shard_of("2/8") == Shard(2, 8)
    for text in ("", "2", "0/8", "9/8", "-1/8", "2/8/3", "1.0/2", "²/8", "1/" + "9" * 30):
        with pytest.raises(InputError, match="shard must be PART/PARTS"):
            shard_of(text)


# ------------------------------------------------------------------------------------- sensitivity


def ishigami(p):
    return np.sin(p["x"]) + 7 * np.sin(p["y"]) ** 2 + 0.1 * p["z"] ** 4 * np.sin(p["x"])


THREE = design(ranges=dict.fromkeys("xyz", "-3.14159265:3.14159265"), kind="saltelli", points=1024, seed=2)


def test_indices_of_a_function_whose_indices_are_known():
    found = analyse(THREE, np.array([ishigami(p) for p in THREE]))
    assert [i.name for i in found] == ["x", "y", "z"]
    for one, first, total in zip(found, (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)):
        assert one.first.low - 0.02 < first < one.first.high + 0.02 and abs(one.first.value - first) < 0.05
        assert one.total.low - 0.02 < total < one.total.high + 0.02 and abs(one.total.value - total) < 0.05


def test_the_same_values_have_the_same_intervals():
    values = np.array([ishigami(p) for p in THREE])
    assert analyse(THREE, values) == analyse(THREE, values)


def test_the_arrangement_is_the_one_that_salib_reads():
    from SALib.sample import sobol

    ours = design(ranges={"x": "0:1", "y": "0:1", "z": "0:1"}, kind="saltelli", points=4, seed=9)
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(9, spawn_key=(200,))))
    problem = {"num_vars": 3, "names": list("xyz"), "bounds": [[0, 1]] * 3}
    theirs = sobol.sample(problem, 4, calc_second_order=False, seed=random)
    assert np.allclose([list(p.values()) for p in ours], theirs, rtol=0, atol=1e-11)


def test_indices_are_refused_where_there_are_none():
    values = np.array([ishigami(p) for p in THREE])
    for other, given, said in [
        (design({"x": "1,2"}), values[:2], "indices need a saltelli design; this one is grid"),
        (THREE, values[:7], "a value for each of 5,120 parameter sets; got 7"),
        (THREE, np.where(values > 9, np.nan, values), "of 5,120 have no value"),
        (THREE, np.ones(5120), "the measure is 1 everywhere"),
    ]:
        with pytest.raises(InputError, match=said):
            analyse(other, given)


def test_indices_name_the_extra_that_they_need(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.analyze", None)
    with pytest.raises(MissingExtra, match=r"pip install 'coop-abm\[sensitivity\]'"):
        analyse(THREE, np.arange(5120.0))
