"""One event loop in its own thread, called from anywhere."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading

import pytest

from coop_abm.llm import loop


async def where():
    return threading.current_thread().name, id(asyncio.get_running_loop())


def test_all_coroutines_share_one_loop_in_a_thread_of_its_own():
    name, first = loop.run(where())
    assert name == "coop_abm loop"
    assert loop.run(where()) == (name, first)


def test_it_can_be_called_inside_a_running_loop():
    async def notebook_cell():
        return loop.run(where())

    assert asyncio.run(notebook_cell())[0] == "coop_abm loop"


def test_many_threads_may_call_at_once():
    found = []
    threads = [threading.Thread(target=lambda: found.append(loop.run(where()))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20 and len(set(found)) == 1


def test_what_a_coroutine_raises_is_raised_here():
    async def fails():
        raise ValueError("this one")

    with pytest.raises(ValueError, match="this one"):
        loop.run(fails())


def test_a_coroutine_that_asks_to_exit_does_not_take_the_loop_along():
    async def leaves():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        loop.run(leaves())
    assert loop.run(where())[0] == "coop_abm loop"


def test_a_coroutine_of_the_loop_is_told_not_to_wait_for_itself():
    async def waits_for_itself():
        loop.run(where())

    with pytest.raises(RuntimeError, match="await instead"):
        loop.run(waits_for_itself())


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_an_interrupt_cancels_the_coroutine_and_is_raised_when_it_has_ended():
    ended = []

    async def long():
        signal.raise_signal(signal.SIGINT)  # its handler runs in the main thread
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.01)  # putting things away takes a moment
            ended.append(True)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run(long())
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True]


def _in_a_child(pipe):
    pipe.send(loop.run(where())[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_makes_its_own_loop():
    loop.run(where())
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(there,))
    child.start()
    assert here.poll(30) and here.recv() == "coop_abm loop"
    child.join(30)
    assert child.exitcode == 0
    assert loop.run(where())[0] == "coop_abm loop"  # and the parent's goes on


def test_the_process_ends_cleanly_with_the_loop_in_use():
    code = (
        "import asyncio, threading\n"
        "from coop_abm.llm.loop import run\n"
        "run(asyncio.sleep(0))\n"
        "threading.Thread(target=run, args=(asyncio.sleep(600),), daemon=True).start()\n"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr and "unclosed event loop" not in done.stderr
