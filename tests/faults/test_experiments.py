"""An experiment of worlds in stages that is killed goes on where it stopped, and no reply is bought twice."""

import os
import signal
import sys

import pytest

from coop_abm.llm.stand_in import StandIn
from coop_abm.policies.means import Means
from coop_abm.sweeps.store import Store
from tests.experiments.worlds import PairOptions, Pairs
from tests.faults.commands import stats
from tests.faults.sweeping import ended, ran, started, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals to groups")

REPLICATIONS, CONCURRENCY = 8, 4
#: The command line, with the experiment of the tests in the registry.
PROGRAM = (
    "from coop_abm import experiments; experiments.EXPERIMENTS['pairs'] = 'tests.experiments.worlds:Pairs'; "
    "from coop_abm.cli import main; main()"
)


def line(folder, server, *, workers):
    return [
        sys.executable, "-c", PROGRAM, "experiment", "pairs", "--out", str(folder / "out"), "--policy", "stand-in",
        "--replications", str(REPLICATIONS), "--journal", str(folder / "journal.sqlite"), "--stand-in",
        server.address, "--workers", str(workers), "--concurrency", str(CONCURRENCY),
    ]  # fmt: skip


def runs_of(file):
    with Store(file, read_only=True) as kept:
        return {(cell.parameters["cell"], o.replicate, str(o.tables)) for cell in kept.cells()
                for o in kept.outcomes(cell.hash)}  # fmt: skip


@pytest.mark.parametrize(("workers", "kills"), [(0, 1), pytest.param(2, 3, marks=pytest.mark.validate)])
def test_killed_it_ends_with_the_runs_of_one_that_was_never_disturbed(tmp_path, workers, kills):
    whole = Pairs(
        PairOptions(policy="stand-in", replications=REPLICATIONS), store=tmp_path / "whole.sqlite", workers=0,
        means=Means(journal=tmp_path / "other.sqlite", transport="slim"),
    ).measure()  # fmt: skip
    with StandIn(latency=0.02) as server:
        command = line(tmp_path, server, workers=workers)
        for kill in range(kills):
            before = stats(server.address)["requests"]
            process = started(command)
            wait_until(process, lambda before=before: stats(server.address)["requests"] > before + 30)
            assert process.poll() is None, "it was over before it could be killed"
            os.killpg(process.pid, signal.SIGKILL)
            ended(process)
            assert (tmp_path / "out" / "pairs.sqlite").exists(), kill
        last = ran(command)
        assert last.returncode == 0, last.stderr
        seen = server.stats()["requests"]
    assert runs_of(tmp_path / "out" / "pairs.sqlite") == runs_of(tmp_path / "whole.sqlite")
    # A reply that was on its way when the process was killed is asked for once more.
    assert whole.requests <= seen <= whole.requests + kills * CONCURRENCY * max(workers, 1)


def test_an_interrupt_shows_what_there_is_and_how_to_go_on(tmp_path):
    with StandIn(latency=0.05) as server:
        command = line(tmp_path, server, workers=0)
        process = started(command)
        wait_until(process, lambda: stats(server.address)["requests"] > 40)
        os.killpg(process.pid, signal.SIGINT)
        over = ended(process)
    assert over.returncode == 130, over.stderr
    assert "missing: " in over.stdout and "of 3 cells lack runs" in over.stdout
    assert "stopped; what was done is in " in over.stderr and "the same command goes on" in over.stderr
    assert "Traceback" not in over.stderr
