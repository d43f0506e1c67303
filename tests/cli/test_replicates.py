"""``coop-abm run --replicate R`` shows one run of a sweep."""

import json

import pandas

import coop_abm


def test_a_replicate_of_a_sweep_can_be_run_alone(terminal, tmp_path):
    knobs = ("--size", "12", "--network.graph", "random_regular")
    ended = terminal("run", "network", *knobs, "--steps", "3", "--seed", "5", "--replicate", "2", "--out", "r2")
    assert ended.code == 0
    mine = pandas.read_parquet(tmp_path / "r2" / "series.parquet")
    frame = coop_abm.run("network", steps=3, seed=5, replicate=2, size=12, network__graph="random_regular").frame
    assert mine.equals(frame)
    assert not frame.equals(coop_abm.run("network", steps=3, seed=5, size=12, network__graph="random_regular").frame)
    assert json.loads((tmp_path / "r2" / "provenance.json").read_text())["replicate"] == 2


def test_a_number_that_no_replicate_has_is_refused_in_one_line(terminal):
    ended = terminal("run", "kin", "--steps", "1", "--replicate", "-1")
    assert ended.code == 2
    assert ended.lines[-1].endswith("replicate must be a whole number in [0, 4,294,967,295]; got -1")
