"""Pools of concurrent.futures do what this very process does, until they break."""

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from coop_abm.core.errors import CallFailed, InputError, SweepError
from coop_abm.sweeps.executor import Inline, Loss
from coop_abm.sweeps.futures import Futures
from coop_abm.sweeps.parcels import Parcel
from tests.sweeps.deeds import Deeds, done, tasks, values

KINDS = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
}


@pytest.fixture(params=KINDS)
def pool(request):
    with KINDS[request.param]() as pool:
        yield pool


def test_outcomes_are_those_of_this_very_process(pool):
    work, given = Deeds(), [*tasks(runs=3), *tasks("raise", at=2), *tasks("sys.exit", number=2)]
    executor = Futures(pool)
    assert executor.slots == 4
    assert done(executor, work, given) == done(Inline(), work, given)
    assert done(executor, work, tasks("interrupt", number=1)) == [Loss("KeyboardInterrupt: ", final=True)]
    with pytest.raises(CallFailed):
        done(executor, work, tasks("no money", number=2))


def test_the_pool_stays_open(pool):
    executor = Futures(pool, slots=1)
    done(executor, Deeds(), tasks())
    executor.close()
    executor.close()
    assert pool.submit(int, "3").result() == 3


def test_a_broken_pool_stops_the_sweep_in_one_line():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        executor = Futures(pool)
        with pytest.raises(SweepError, match=r"a process of it died.*what was done is kept"):
            done(executor, Deeds(), tasks("kill", number=3, at=1))
        executor.start(Deeds())
        with pytest.raises(SweepError, match="what was done is kept"):
            executor.submit(tasks()[0])
    with ThreadPoolExecutor(1) as closed:
        pass
    with pytest.raises(SweepError, match="after shutdown"):
        done(Futures(closed), Deeds(), tasks())


def test_work_is_pickled_once_and_read_once():
    parcel = Parcel(Deeds(b"x"))
    first, second = pickle.loads(pickle.dumps(parcel)), pickle.loads(pickle.dumps(parcel))
    assert first is second
    assert pickle.loads(pickle.dumps(first)) is first
    assert pickle.loads(pickle.dumps(Parcel(Deeds(b"y")))).work.ballast == b"y"


def test_work_that_cannot_be_pickled_is_refused_in_one_line():
    given = Deeds(lambda: 0)
    with KINDS["processes"]() as pool, pytest.raises(InputError, match="it is a lambda"):
        done(Futures(pool), given, tasks())
    with ThreadPoolExecutor(1) as pool:
        assert values(done(Futures(pool), given, tasks(number=1))[0]) == [0]


def test_slots_are_a_whole_number():
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="slots"):
        Futures(pool, slots=0)
