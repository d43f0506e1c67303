"""A sweep in which a language model plays, killed and gone on with: the same rows, and no reply is bought again."""

import os
import random
import signal
import sys
import time

import pytest

from coop_abm.llm.stand_in import StandIn
from coop_abm.policies.means import Means
from tests.faults.commands import scenario, stats
from tests.faults.sweeping import command, digest_of, ended, inline, ran, say, started, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals to groups")

CONCURRENCY = 8
SWEEP = {"grid": "game.benefit=2,3", "replicates": 1, "steps": 4}


def killed_and_resumed(folder, kills, workers, latency, sweep, seed=0, pause=1.0):
    """Kill the sweep so often, let it end, and return what was counted on both sides."""
    folder.mkdir(exist_ok=True)
    path, luck = str(scenario(folder, 'model = "stand-in/tft"')), random.Random(seed)
    store, journal = folder / "store.sqlite", folder / "journal.sqlite"
    with StandIn(latency=latency) as server:
        line = command(
            path, store, "--workers", str(workers), "--transport", "slim", "--journal", str(journal), "--stand-in",
            server.address, "--concurrency", str(CONCURRENCY), **sweep,
        )  # fmt: skip
        fired = 0
        while fired < kills:
            before = stats(server.address)["requests"]
            process = started(line)
            wait_until(process, lambda before=before: stats(server.address)["requests"] > before + 5)
            time.sleep(luck.uniform(0, pause))
            if process.poll() is not None:  # it was done before it could be killed
                assert ended(process).returncode == 0
                break
            os.killpg(process.pid, signal.SIGKILL)
            ended(process)
            fired += 1
        last = ran(line)
        assert last.returncode == 0, last.stderr
        seen = server.stats()["requests"]
        means = Means(transport="slim", journal=folder / "other.sqlite", stand_in=server.address)
        inline(path, folder / "whole.sqlite", means=means, **sweep)
        needed = server.stats()["requests"] - seen
        means = Means(transport="slim", journal=journal, mode="replay")
        inline(path, folder / "again.sqlite", means=means, **sweep)
        sent_by_replay = server.stats()["requests"] - seen - needed
    same = {digest_of(folder / name) for name in ("store.sqlite", "whole.sqlite", "again.sqlite")}
    return {
        "sweeps": 1, "kills": fired, "replies_needed": needed, "seen_by_the_server": seen,
        "bound": needed + CONCURRENCY * max(workers, 1) * fired, "sent_by_replay": sent_by_replay,
        "equal": int(len(same) == 1),
    }  # fmt: skip


def holds(counted):
    assert counted["kills"] > 0, "no kill fired"
    assert counted["equal"] == counted["sweeps"] and counted["sent_by_replay"] == 0
    assert counted["replies_needed"] <= counted["seen_by_the_server"] <= counted["bound"]


def test_a_sweep_that_asks_a_model_and_is_killed_buys_no_reply_twice(tmp_path):
    holds(killed_and_resumed(tmp_path, kills=1, workers=0, latency=0.05, sweep=SWEEP, pause=0.2))


@pytest.mark.validate
def test_many_kills_of_a_sweep_that_asks_a_model(tmp_path, capsys):
    total = {}
    sweep = {"grid": "game.benefit=2:5:4", "replicates": 4, "steps": 8}
    for number, workers in enumerate((0, 2, 4)):
        counted = killed_and_resumed(tmp_path / str(number), 7, workers, 0.1, sweep, seed=number)
        holds(counted)
        total = {name: total.get(name, 0) + value for name, value in counted.items()}
    say(capsys, "kill -9 of a sweep that a model plays", total)
