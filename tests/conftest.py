"""Which engine the suite runs on, which tests need asking for, and no way out to the internet.

``--engine plain`` runs every kernel in the interpreter, ``--engine compiled`` (the default) through
numba; a backend is right when the ordinary tests pass on it. ``--validate`` adds the long tests that hold
simulations against theory, and writes their table and figures to ``docs/validation/``. A test process that
opens a connection to another machine fails.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

# Workers share the cores already: algebra on more threads than cores took ten times as long. Workers inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: For other processes alone: whoever looks for doctests in it would make the clock of this one jump.
collect_ignore = ["faults/jumping"]


def pytest_addoption(parser):
    group = parser.getgroup("coop_abm")
    group.addoption("--engine", choices=("compiled", "plain"), default="compiled", help="which engine runs kernels")
    group.addoption(
        "--merge-rows", action="store_true", help="a partial --validate run replaces its own rows of docs/validation"
    )
    group.addoption("--validate", action="store_true", help="also run the tests marked validate (minutes)")


def pytest_xdist_auto_num_workers(config):
    """Two more than cores: many tests wait for a browser, a server or a process that they started."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config):
    config.addinivalue_line("markers", "validate: holds simulations against theory; needs --validate")
    # pyproject.toml replaces pytest's own list; without this a folder left by hypothesis stops the run.
    config.addinivalue_line("norecursedirs", ".*")
    chosen = config.getoption("--engine")
    os.environ["COOP_ABM_ENGINE"] = chosen  # for the processes that tests start
    # pytest may have imported the package already, so the environment alone would come too late.
    from coop_abm.core.kernel import engine

    whole_run = engine(chosen)
    whole_run.__enter__()
    config.add_cleanup(lambda: whole_run.__exit__(None, None, None))
    if config.getoption("--validate") and not hasattr(config, "workerinput"):  # not in a worker of pytest-xdist
        from tests.validation.collecting import Collecting

        config.pluginmanager.register(Collecting(config), "coop_abm_validation")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--validate"):
        return
    unasked = pytest.mark.skip(reason="needs --validate")
    for item in items:
        if "validate" in item.keywords:
            item.add_marker(unasked)


# ------------------------------------------------------------------------------- no way out


def _stay_home():
    """Guard this process, and every Python process that a test starts (see the module)."""
    folder = str(Path(__file__).parent / "guard")
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([folder, *(path for path in before if path and path != folder)])
    started_with = sys.modules.get("sitecustomize")
    if hasattr(started_with, "reached_out"):  # a worker of this very run
        return started_with
    spec = importlib.util.spec_from_file_location("coop_abm_tests_guard", Path(folder) / "sitecustomize.py")
    guard = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(guard)
    return guard


_guard = _stay_home()


@pytest.fixture(autouse=True)
def nobody_reaches_out():
    """Fails the test that tried to talk to another machine, even where the refusal was swallowed."""
    known = _guard.reached_out
    known.clear()
    yield known
    assert not known, f"this test tried to talk to {', '.join(known)}"
