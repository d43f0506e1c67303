"""No paid call unaccounted: processes that are killed, stopped, or run out of disk in the middle of buying (row L2)."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from coop_abm.core.errors import JournalError
from coop_abm.core.locks import Lock, is_held
from coop_abm.llm import transcript
from coop_abm.llm.budget import Caps
from coop_abm.llm.journal import Journal
from coop_abm.llm.sessions import Session, lock_of
from tests.llm import buying
from tests.llm.buying import Shop, client, requests

BUYER = Path(buying.__file__)
ROOT = BUYER.parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of Unix")


def start(folder, *options):
    """A process that buys."""
    command = [sys.executable, str(BUYER), str(folder / "journal"), str(folder / "count"), *map(str, options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def sold(folder):
    """Keys of all requests that reached the shop."""
    count = folder / "count"
    return count.read_text().split() if count.exists() else []


def tries(folder):
    """How many tries are in each state, and keys of calls with a reply."""
    base = sqlite3.connect(folder / "journal")
    try:
        states = Counter(dict(base.execute("SELECT state, count(*) FROM tries GROUP BY state").fetchall()))
        done = base.execute("SELECT call, count(*) FROM tries WHERE state = 'done' GROUP BY call").fetchall()
        replies = {key.hex() for (key,) in base.execute("SELECT key FROM calls JOIN replies ON call = id")}
        return states, max((number for _, number in done), default=0), replies
    finally:
        base.close()


# ----------------------------------------------------------------------------------------------- row L2


def kill_again_and_again(folder, kills, *, calls, concurrency, batch, seed):
    """Kill buyers at random moments until there were so many kills; then let one finish.

    Returns what reached the shop, the states of all tries, and the kills that hit a buyer with calls in flight.
    """
    dice = random.Random(seed)
    options = ("--calls", calls, "--batch", batch, "--concurrency", concurrency, "--wait", 0.01, "--fail", 0.05)
    hit, recorded = 0, set()
    for _ in range(kills):
        before = len(sold(folder))
        process = start(folder, *options)
        until = time.monotonic() + 60
        while len(sold(folder)) == before and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.05))
        hit += process.poll() is None
        process.kill()
        process.communicate()
        assert recorded.isdisjoint(sold(folder)[before:]), "a good reply was bought again"
        assert recorded <= tries(folder)[2], "a recorded reply is gone"
        recorded = tries(folder)[2]
        assert_each_was_written_down(folder)
    before = len(sold(folder))
    process = start(folder, *options)
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    assert json.loads(said.splitlines()[-1])["replayed"] == len(recorded)
    assert recorded.isdisjoint(sold(folder)[before:])
    return hit


def assert_each_was_written_down(folder):
    """No key reached the shop more often than it has tries in the books."""
    base = sqlite3.connect(folder / "journal")
    try:
        written = {
            key.hex(): number
            for key, number in base.execute("SELECT key, count(*) FROM tries JOIN calls ON id = call GROUP BY key")
        }
    finally:
        base.close()
    assert all(number <= written.get(key, 0) for key, number in Counter(sold(folder)).items())


def check_invariants(folder, hit, *, calls, concurrency):
    states, most_done, replies = tries(folder)
    reached = sold(folder)
    figures = {"kills": hit, "reached the shop": len(reached), **states, "bound": concurrency * hit}
    assert len(reached) <= states["done"] + states["unknown"] + states["failed"], figures
    assert states["unknown"] <= concurrency * hit, figures
    assert states["intent"] == states["sent"] == 0, figures  # after a clean exit all is settled
    assert most_done == 1 and states["done"] == len(replies) == calls, figures
    with Journal(folder / "journal", read_only=True) as book:
        assert book.verify() == []
    # A run that has all it wants sends nothing, and leaves nothing unknown.
    process = start(folder, "--calls", calls, "--batch", 50)
    tally = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    assert (tally["sent"], tally["unknown"], tally["replayed"]) == (0, 0, calls) and sold(folder) == reached
    return figures


@posix
def test_no_paid_call_is_unaccounted_when_its_process_is_killed(tmp_path):
    hit = kill_again_and_again(tmp_path, 10, calls=500, concurrency=8, batch=50, seed=1)
    assert hit >= 8, "the fault did not fire"
    figures = check_invariants(tmp_path, hit, calls=500, concurrency=8)
    assert figures["unknown"] > 0, "no kill came in the middle of a call"


@posix
@pytest.mark.validate
def test_no_paid_call_is_unaccounted_over_a_hundred_kills(tmp_path):
    total = Counter()
    kinds = [(1, 10, 300), (4, 20, 1000), (16, 100, 3000), (64, 100, 8000)]
    for seed, (concurrency, batch, calls) in enumerate(kinds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        hit = kill_again_and_again(folder, 25, calls=calls, concurrency=concurrency, batch=batch, seed=seed)
        figures = check_invariants(folder, hit, calls=calls, concurrency=concurrency)
        print(f"L2: concurrency {concurrency}, batches of {batch}: {figures}")
        total.update(figures)
    print(f"L2 in all: {dict(total)}; done twice 0, good replies bought again 0")
    assert total["kills"] >= 95 and total["unknown"] > 0


@posix
def test_calls_of_a_process_that_was_killed_are_taken_over_by_one_that_waits_for_them(tmp_path):
    process = start(tmp_path, "--calls", 4, "--batch", 4, "--wait", 60)
    while not sold(tmp_path):
        time.sleep(0.002)
    shop = Shop()
    with client(tmp_path / "journal", shop, run="second") as buyer:
        worker = threading.Thread(target=lambda: (time.sleep(0.3), process.kill()))
        worker.start()
        assert len(buyer.ask(requests(4))) == 4  # waits for the first call while its buyer lives
        worker.join()
        assert buyer.tally[:5] == (4, 4, 0, 1, 0)  # sent, done, failed, unknown, replayed
    process.communicate()
    first, *others = transcript.calls(tmp_path / "journal", "second")
    assert [one.state for one in first.tries] == ["unknown", "done"]  # only the first had been sent, alone
    assert [[one.state for one in call.tries] for call in others] == [["done"]] * 3


@posix
def test_a_killed_process_keeps_its_unknown_calls_charged_and_gives_the_rest_back(tmp_path):
    process = start(tmp_path, "--calls", 30, "--batch", 30, "--wait", 0.5, "--concurrency", 5)
    while len(sold(tmp_path)) < 6:  # the first alone, then five at once
        time.sleep(0.002)
    process.kill()
    process.communicate()
    with client(tmp_path / "journal", Shop(), caps=Caps(calls=7)) as buyer:
        assert len(buyer.ask(requests(1, start=500))) == 1  # one done, five unknown, and this one
        assert buyer.tally.unknown == 5
    states, _, _ = tries(tmp_path)
    assert states == {"done": 2, "unknown": 5}


def test_processes_that_want_the_same_calls_buy_each_of_them_once(tmp_path):
    started = [
        start(tmp_path, "--calls", 120, "--batch", batch, "--wait", 0.005, "--run", f"run {batch}", "--budget", "one")
        for batch in (10, 30, 40)
    ]
    tallies = [json.loads(process.communicate(timeout=60)[0].splitlines()[-1]) for process in started]
    reached = sold(tmp_path)
    assert len(reached) == len(set(reached)) == 120
    assert sum(tally["done"] for tally in tallies) == 120
    assert [tally["done"] + tally["replayed"] for tally in tallies] == [120] * 3
    assert sum(tally["done"] > 0 for tally in tallies) > 1, "only one of them bought anything"


@posix
def test_a_stopped_process_is_alive_and_waited_for(tmp_path):
    process = start(tmp_path, "--calls", 1, "--batch", 1, "--wait", 0.2)
    while not sold(tmp_path):
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    worker = threading.Thread(target=lambda: (time.sleep(0.6), process.send_signal(signal.SIGCONT)))
    worker.start()
    shop = Shop()
    with client(tmp_path / "journal", shop, run="second") as buyer:
        assert not buyer.ask(requests(1))[0].fresh and shop.sold == []
    worker.join()
    process.communicate()


# ------------------------------------------------------------------------------------------------ disk


@posix
def test_buying_stops_before_the_room_is_gone(tmp_path):
    """A limit on the size of files is seen before anything is bought, like a disk that is nearly full."""
    command = f"ulimit -f 8192; exec {sys.executable} {BUYER} {tmp_path}/journal {tmp_path}/count --calls 40"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 3 and sold(tmp_path) == []
    assert "MiB more" in done.stderr and "nothing was sent: free some space" in done.stderr
    assert "journal '" in done.stderr and "Traceback" not in done.stderr


@posix
def test_when_the_disk_is_full_all_of_a_sudden_what_was_acknowledged_stays(tmp_path):
    first = start(tmp_path, "--calls", 40)
    first.communicate(timeout=60)
    assert first.returncode == 0
    used = (tmp_path / "journal").stat().st_size
    process = start(tmp_path, "--calls", 400, "--wait", 0.002, "--limit", used + 8192)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 3 and complaint.startswith("JournalError: journal '") and complaint.count("\n") == 1
    reached = len(sold(tmp_path))
    with client(tmp_path / "journal", mode="replay") as reader:
        assert len(reader.ask(requests(40))) == 40
    process = start(tmp_path, "--calls", 400, "--wait", 0.002)  # with room again the same command goes on
    tally = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    states, most_done, _ = tries(tmp_path)
    assert 0 < tally["unknown"] <= 8 and reached - 40 <= tally["unknown"] + tally["replayed"]
    assert states["done"] == 400 and most_done == 1 and len(sold(tmp_path)) <= states.total()


def test_a_journal_that_has_run_out_of_pages_says_so(tmp_path):
    with client(tmp_path / "journal", Shop()) as buyer:
        buyer.ask(requests(5))
        store = buyer._ledger.store
        pages = store.base.execute("PRAGMA page_count").fetchone()[0]
        store.base.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match=r"has room for 0\.0 MiB more"):
            buyer.ask(requests(10))
        assert len(buyer.ask(requests(5))) == 5  # what is there can be read


# -------------------------------------------------------------------------------------------- sessions


def test_a_lock_is_held_until_it_is_released(tmp_path):
    path = tmp_path / "a.lock"
    lock, other = Lock(path), Lock(path)
    assert not is_held(path)
    assert lock.acquire() and is_held(path) and not other.acquire()
    lock.release()
    assert not is_held(path) and other.acquire()
    other.release(remove=True)
    assert not path.exists()


def test_a_session_that_ends_leaves_nothing(tmp_path):
    session = Session(tmp_path)
    session.hold()
    assert is_held(lock_of(tmp_path, session.name))
    session.end()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_keep_the_lock_of_its_parent_alive(tmp_path):
    """A worker that outlives a killed parent must not make it look alive."""
    session = Session(tmp_path)
    session.hold()
    ends, begins = os.pipe()
    if (child := os.fork()) == 0:
        os.close(begins)
        os.read(ends, 1)
        os._exit(0)
    os.close(ends)
    session.end()
    path = lock_of(tmp_path, session.name)
    assert not is_held(path)
    again = Lock(path)
    assert again.acquire()  # though the child still lives
    os.close(begins)
    os.waitpid(child, 0)
    again.release(remove=True)


def test_looking_into_the_journal_does_not_lose_what_is_written_later(tmp_path):
    """Closing a file gives up all locks that its process holds on it, and the next to leave would take the log away."""
    path = tmp_path / "journal"
    with client(path, Shop()) as buyer:
        buyer.ask(requests(5))
        assert len(list(transcript.calls(path, "run"))) == 5
        with client(path, mode="replay") as reader, pytest.raises(JournalError):
            reader.ask(requests(6))
        assert start(tmp_path, "--calls", 5, "--batch", 5).communicate(timeout=60)[1] == ""
        assert Path(f"{path}-wal").exists(), "another process took the log away from under us"
        buyer.ask(requests(20))
        assert start(tmp_path, "--calls", 20, "--batch", 20).communicate(timeout=60)[1] == ""
        buyer.ask(requests(40))
    with client(path, mode="replay") as reader:
        assert len(reader.ask(requests(40))) == 40
    assert sold(tmp_path) == []  # the others found all that they wanted
