"""What users give becomes an executor, or a line that says what can be given."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from coop_abm.core.errors import InputError, MissingExtra
from coop_abm.sweeps.dask import Dask
from coop_abm.sweeps.executor import Inline
from coop_abm.sweeps.futures import Futures
from coop_abm.sweeps.places import executor_for
from coop_abm.sweeps.workers import Workers, usable_cores


def test_numbers_of_processes_and_time_limits():
    assert isinstance(executor_for(), Inline)
    assert isinstance(executor_for(1), Inline)
    assert isinstance(executor_for(time_limit=5), Workers)  # this process cannot stop itself
    assert isinstance(executor_for(2), Workers)
    assert executor_for(None, 3).slots == 3
    assert executor_for(None, None).slots == usable_cores()


def test_what_is_an_executor_already_stays_as_it_is():
    workers = Workers(2)
    assert executor_for(workers) is workers
    with ThreadPoolExecutor(3) as pool:
        executor = executor_for(pool)
        assert isinstance(executor, Futures)
        assert executor.slots == 6


def test_addresses_are_for_dask():
    assert isinstance(executor_for("tcp://127.0.0.1:8786"), Dask)
    assert executor_for("local", 3).slots == 6


@pytest.mark.parametrize("given", [0, -1, True, 1.5, "fast", object(), [2]])
def test_anything_else_is_refused_in_one_line(given):
    with pytest.raises(InputError, match="must be") as caught:
        executor_for(given)
    assert "\n" not in str(caught.value)


def test_a_time_limit_is_refused_where_none_is_known():
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="a time limit cannot be set for a pool"):
        executor_for(pool, time_limit=3)
    with pytest.raises(InputError, match="a time limit cannot be set"):
        executor_for(Workers(1), time_limit=3)


def test_without_distributed_the_install_line_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"pip install coop-abm\[distributed\]"):
        executor_for("local")
