"""Mesa's ``batch_run`` over flat knobs gives the same rows in one process and in two."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import coop_abm

SCRIPT = """
import json
import sys

from mesa.batchrunner import batch_run

from coop_abm import CoopModel

if __name__ == "__main__":
    rows = batch_run(
        CoopModel,
        {"scenario": "network", "game__benefit": [3, 6], "size": 36, "clock": ["event", "round"]},
        rng=[1, 2],
        number_processes=int(sys.argv[1]),
        data_collection_period=2,
        max_steps=4,
        display_progress=False,
    )
    rows.sort(key=lambda row: (row["RunId"], row["Step"]))
    json.dump(rows, sys.stdout)
"""


@pytest.mark.slow
def test_one_process_and_two_give_the_same_rows_which_are_those_of_run(tmp_path):
    """In processes of their own: batch_run changes how the whole process starts others."""
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    one, two = (
        subprocess.run(
            [sys.executable, str(script), processes], capture_output=True, text=True, timeout=300, check=True
        ).stdout
        for processes in ("1", "2")
    )
    assert one == two
    rows = json.loads(one)
    assert len(rows) == 2 * 2 * 2 * 3
    for row in rows:
        changed = {name: row[name] for name in ("game__benefit", "size", "clock")}
        frame = coop_abm.run("network", steps=int(row["Step"]), seed=row["rng"], **changed).frame
        for name, value in frame.iloc[-1].drop("time").items():
            assert row[name] == value or (row[name] != row[name] and value != value)
