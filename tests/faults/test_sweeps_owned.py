"""One process writes to a store; whoever else wants to is told at once who that is, unless the owner is gone."""

import os
import platform
import re
import signal
import sys
import time

import pytest

from coop_abm.sweeps.store import Store
from tests.cli.terminal import in_process
from tests.faults.patients import LOG, SECONDS
from tests.faults.sweeping import (
    PATIENT,
    WORLD,
    command,
    digest_of,
    ended,
    executions,
    ran,
    runs_begin,
    say,
    started,
    untouched,
)  # fmt: skip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals to groups")


def refusal(store, owner):
    return f"coop-abm: store '{store}' is in use by process {owner} on {platform.node()}"


def test_a_second_writer_is_told_who_has_the_store(monkeypatch, capsys, tmp_path):
    store, sweep = tmp_path / "store.sqlite", {"grid": "game.benefit=2,3", "replicates": 2}
    with Store(store):
        end = ran(command(WORLD, store, "--workers", "0", **sweep))
        assert (end.returncode, end.stdout, end.stderr) == (1, "", refusal(store, os.getpid()) + "\n")
    (tmp_path / "store.sqlite.lock").write_text("process 1 on a host that is no more")  # as a power cut leaves it
    assert in_process(monkeypatch, capsys, *command(WORLD, store, "--workers", "0", **sweep)[3:]).code == 0
    assert digest_of(store) == untouched(WORLD, tmp_path / "whole.sqlite", **sweep)


@pytest.mark.validate
def test_a_hundred_second_writers_are_told_and_nothing_is_done_twice(tmp_path, capsys):
    store, log = tmp_path / "store.sqlite", tmp_path / "log"
    sweep = {"grid": "x=0:99:100", "replicates": 100}
    line = command(PATIENT, store, "--workers", "0", **sweep)
    owner = started(line, env={LOG: str(log), SECONDS: "0.5"})
    assert runs_begin(owner, log, 1)
    told, slowest = 0, 0.0
    while told < 100:
        others = [started(command(PATIENT, store, "--workers", "0", **sweep), env={LOG: str(log)}) for _ in range(4)]
        for each in others:
            end = ended(each)
            assert (end.returncode, end.stderr) == (1, refusal(store, owner.pid) + "\n")
            told += 1
    began = time.monotonic()
    with pytest.raises(Exception, match=re.escape(f"is in use by process {owner.pid} on ")):
        Store(store)
    slowest = time.monotonic() - began
    os.killpg(owner.pid, signal.SIGKILL)
    ended(owner)
    begun = executions(log)
    assert len(begun) == len(set(begun))
    say(capsys, "S6 two writers", {"refused": told, "seconds_from_asking_to_answer": f"{slowest:.4f}"})


@pytest.mark.validate
def test_of_those_who_begin_at_once_one_goes_on_and_a_killed_owner_leaves_nothing_in_the_way(tmp_path, capsys):
    sweep, total = {"grid": "x=0:4:5", "replicates": 4}, {"at_once": 0, "told": 0, "killed_owners": 0, "equal": 0}
    whole = untouched(PATIENT, tmp_path / "whole.sqlite", **sweep)
    for number in range(10):
        store, log = tmp_path / f"{number}.sqlite", tmp_path / f"{number}.log"
        line, env = command(PATIENT, store, "--workers", "0", **sweep), {LOG: str(log), SECONDS: "0.5"}
        both = [started(line, env=env), started(line, env=env)]
        assert runs_begin(both[0], log, 1) or runs_begin(both[1], log, 1)
        time.sleep(0.2)
        first = next(each for each in both if each.poll() is None)
        other = both[both[0] is first]
        end = ended(other) if number % 2 else None  # every other time the second may be waiting at the very moment
        os.killpg(first.pid, signal.SIGKILL)
        ended(first)
        end = end or ended(other)
        total["at_once"] += 2
        total["killed_owners"] += 1
        if end.returncode:
            assert end.returncode == 1 and "is in use by process " in end.stderr, end
            total["told"] += 1
        assert ran(line, env={LOG: str(log)}).returncode == 0
        begun = executions(log)
        assert len(set(begun)) == 20 and len(begun) <= 21
        total["equal"] += digest_of(store) == whole
    assert total["equal"] == 10
    say(capsys, "S6 two who begin at once", total)
