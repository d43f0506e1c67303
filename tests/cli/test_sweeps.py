"""``coop-abm sweep`` and ``coop-abm store``: one file, the same command again, what can be made of it."""

from __future__ import annotations

import json

import pytest

from .terminal import assert_refused

SWEEP = (
    "sweep", "kin", "--clock", "event", "--size", "20", "--grid", "kin.relatedness=0:0.5:3", "--grid",
    "game.benefit=1,4", "--steps", "3", "--replicates", "2", "--measures", "cooperators", "--workers", "0",
)  # fmt: skip


def test_a_sweep_is_run_again_looked_at_exported_and_drawn(terminal, tmp_path):
    first = terminal(*SWEEP)
    assert (first.code, first.lines) == (0, []) and first.out.startswith("12 runs in sweep.sqlite: 12 done now")
    again = json.loads(terminal(*SWEEP, "--json").out)
    assert (again["runs"], again["done_now"], again["failed"]) == (12, 0, 0)
    assert "kin: 12 runs done, 0 failed, 6 cells" in terminal("store", "status", "sweep.sqlite").out
    assert terminal("store", "verify", "sweep.sqlite").out == "sound: 12 runs in 6 cells\n"
    assert terminal("store", "export", "sweep.sqlite", "--out", "rows", "--format", "both").code == 0
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    assert len(lines) == 13 and lines[0].startswith("key,game.benefit,kin.relatedness,iteration,seed,Step,cooperators")
    provenance = json.loads((tmp_path / "rows.json").read_text())
    assert provenance["identity"]["steps"] == 3
    drawn = terminal("store", "figure", "sweep.sqlite", "--out", "pictures")
    assert (drawn.code, drawn.lines) == (0, [])
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"sweep.cells.csv", "sweep.png", "sweep.svg"}


def test_a_run_that_fails_is_told_and_can_be_done_again(terminal, tmp_path):
    (tmp_path / "fragile.py").write_text(
        "import mesa\n\n\nclass Fragile(mesa.Model):\n"
        "    def __init__(self, load=1, rng=None):\n"
        "        super().__init__(rng=rng)\n"
        "        self.load = load\n"
        "        self.datacollector = mesa.DataCollector(model_reporters={'load': 'load'})\n\n"
        "    def step(self):\n"
        "        if self.load > 1:\n"
        "            raise ValueError('too heavy')\n"
        "        self.datacollector.collect(self)\n"
    )
    words = ("sweep", "fragile.py:Fragile", "--grid", "load=1,2", "--steps", "2", "--replicates", "3", "--workers", "0")
    ended = terminal(*words)
    assert ended.code == 1 and "3 runs failed; the last one: ValueError: too heavy" in ended.out
    told = terminal("store", "status", "sweep.sqlite", "--failed", "1").out
    assert "3 runs done, 3 failed, 2 cells" in told and "failed: load = 2, replicate 0, seed " in told
    assert terminal("store", "retry", "sweep.sqlite").out.startswith("forgotten: 3 failed runs, 0 damaged runs")
    assert terminal(*words).code == 1
    assert terminal(*words, "--max-failures", "1").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sweep", "kin", "--grid", "kin.relatedness"), "grid: write NAME="),
        (("sweep", "nobody"), "scenario"),
        (("sweep", "kin", "--replicates", "0"), "replicates must be a whole number in [1, 100,000,000]; got 0"),
        (("sweep", "kin", "--shard", "9/8", "--workers", "0"), "shard must be PART/PARTS"),
        (("store", "status", "none.sqlite"), "store: 'none.sqlite' is no file"),
        (("store", "figure", "none.sqlite", "--kind", "pie"), "kind must be phase, response or sobol; got 'pie'"),
        (("store", "export", "none.sqlite", "--format", "xls"), "format must be csv, parquet or both; got 'xls'"),
    ],
)
def test_bad_input_is_one_line(terminal, words, said):
    assert_refused(terminal(*words), said)
