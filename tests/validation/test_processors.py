"""One machine made to look like others: features of the processor off, other threads, other hash seeds.

Worlds on both clocks are run in processes of their own, each with its own cache of compiled kernels. Histories
(who holds what, and when) must be identical; floating-point summaries are compared bit for bit and listed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.validation.rows import exact

ROOT = Path(__file__).parents[2]
SEED = "7"

#: What a process prints: a digest of each world's history, and of its floats.
SCRIPT = """
import hashlib, json, sys
import numpy as np
from coop_abm import run
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

def digest(*arrays):
    seen = hashlib.sha256()
    for array in arrays:
        seen.update(np.ascontiguousarray(array).tobytes())
    return seen.hexdigest()[:16]

WORLDS = {
    "all_five": dict(scenario="all_five", steps=60, replicates=3),
    "stern_judging": dict(scenario="stern_judging", steps=60, replicates=3),
    "nowak_may": dict(scenario="nowak_may", steps=40, size=2500),
    "scale_free": dict(scenario="scale_free", steps=60),
    "network": dict(scenario="network", steps=60),
    "kin": dict(scenario="kin", steps=60),
    "group": dict(scenario="group", steps=60),
    "families": dict(scenario="families", steps=30, size=200),
}
seed, only, found = int(sys.argv[1]), sys.argv[2:], {}
for name, options in WORLDS.items():
    if only and name not in only:
        continue
    frame = run(seed=seed, **options).frame
    shares = [column for column in frame if column.startswith("share_") or column in ("cooperators", "individuals")]
    found[name] = {"history": digest(*(frame[column].to_numpy() for column in shares)),
                   "floats": digest(frame.to_numpy())}
for name in () if only else ("network", "kin", "group"):
    rho = fixation(replace(named(name), {"size": {"network": 36}.get(name, named(name).size)}), runs=300, seed=seed)
    found[f"fixation of {name}"] = {"history": digest(np.array([rho.counted])), "floats": digest(np.array(rho[:2]))}
value = expectation(named("network")).value
found["exact ratio"] = {"history": digest(np.round(np.array([value]), 9)), "floats": digest(np.array([value]))}
print(json.dumps(found))
"""

#: Features that numpy chooses between while it runs; numpy says which this machine has.
FEATURES = "import json; from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__; \
print(json.dumps([f for f in __cpu_dispatch__ if __cpu_features__.get(f)]))"

#: What decides on how many cores replicates run, and the libraries below.
THREADS = ("PYTHON_CPU_COUNT", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")

MACHINES = {
    "numpy without its features": {"NPY_DISABLE_CPU_FEATURES": "{features}"},
    "numba for a generic processor": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    "OpenBLAS as on Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS as on Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "one thread": dict.fromkeys(THREADS, "1"),
    "two threads": dict.fromkeys(THREADS, "2"),
    "hash seed 1": {"PYTHONHASHSEED": "1"},
    "hash seed 4242": {"PYTHONHASHSEED": "4242"},
}  # fmt: skip


def said_by(script, *arguments, **settings):
    """What a fresh process prints, as JSON, under these settings of its environment."""
    before = {k: v for k, v in os.environ.items() if not k.startswith(("NPY_", "NUMBA_", "OPENBLAS_", "OMP_"))}
    found = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=1500,
        env=before | {"PYTHONHASHSEED": "0", "COOP_ABM_ENGINE": "compiled"} | settings,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]
    return json.loads(found.stdout.splitlines()[-1])


@pytest.mark.validate
def test_histories_are_the_same_on_other_processors(holds, exhibit, tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("numpy's and OpenBLAS's switches are those of Linux on x86")
    here = said_by(SCRIPT, SEED)
    for machine, settings in MACHINES.items():
        changed = dict(settings)
        if "NPY_DISABLE_CPU_FEATURES" in changed:
            changed["NPY_DISABLE_CPU_FEATURES"] = " ".join(said_by(FEATURES))
        if "NUMBA_CPU_NAME" in changed:  # other machine code, which must not be mixed up with this machine's
            changed["COOP_ABM_CACHE_DIR"] = str(tmp_path)
        there = said_by(SCRIPT, SEED, **changed)
        assert there.keys() == here.keys()
        parted = {kind: [name for name in there if there[name][kind] != here[name][kind]] for kind in here["kin"]}
        floats = f"differ in {', '.join(parted['floats'])}" if parted["floats"] else "too"
        holds(
            exact(len(there) - len(parted["history"]), len(there), 0, n=f"{len(there)} worlds and numbers",
                  statistic="histories with the same bytes as on this machine as it is", reason="all of them",
                  null="all histories are the same"),
            id=f"D2.{machine.replace(' ', '_')}", source="reliability row D2", seed=SEED,
            claim=f"{machine}: same histories; float summaries {floats}",
        )  # fmt: skip
        exhibit("processors", structure=machine, unequal_histories=parted["history"], unequal_floats=parted["floats"])


@pytest.mark.validate
def test_another_seed_is_another_digest():
    """The control: a digest does see a history that differs, and is the same for the same."""
    first, again, other = (said_by(SCRIPT, seed, "kin")["kin"]["history"] for seed in ("7", "7", "8"))
    assert first == again != other
