"""Runs are handed out once, kept once, and studies get what they asked for."""

import numpy as np
import pytest

from coop_abm.core.errors import BudgetExhausted, SweepError
from coop_abm.sweeps.coordinator import Coordinator
from coop_abm.sweeps.executor import Inline, Loss
from coop_abm.sweeps.memory import Memory
from coop_abm.sweeps.work import Task, failed, performed

from .toys import Coins


class Scrambled(Inline):
    """Several slots; tasks come back in another order, and some lose their worker."""

    slots = 3

    def __init__(self, lost=lambda task: False, final=False):
        super().__init__()
        self.tasks, self.lost, self.final, self.most = [], lost, final, 0

    def submit(self, task):
        self.tasks.append(task)
        self.most = max(self.most, len(self.tasks))

    def collect(self, timeout):
        task = self.tasks.pop(len(self.tasks) // 2)
        if self.lost(task):
            return [(task, Loss("worker died (signal 9)", self.final))]
        return [(task, performed(self._work, task))]


def kept(memory, work, parameters):
    return list(memory.outcomes(work.cell(parameters).hash))


def swept(asks, executor=None, memory=None, work=None, **more):
    work, memory = work or Coins(), memory or Memory()
    reports = []
    results = Coordinator(work, memory, executor or Inline(), measure="won", report=reports.append, **more).run(asks)
    return work, memory, results, reports[-1]


@pytest.mark.parametrize("together", [1, 7])
def test_every_run_is_done_once_whoever_does_it_in_whatever_order(tmp_path, together):
    asks = [({"chance": c}, 50) for c in (0.1, 0.5, 0.9)]
    plain, memory, _, _ = swept(asks)
    log = tmp_path / "log"
    work, other, _, last = swept(asks, Scrambled(), work=Coins(log=log, together=together))
    for parameters, _runs in asks:
        assert kept(memory, plain, parameters) == kept(other, work, parameters)
        assert [o.replicate for o in kept(other, work, parameters)] == list(range(50))
    assert sorted(log.read_text().split("\n")) == sorted(set(log.read_text().split("\n")) | {""})
    assert (last.done, last.asked, last.failed, last.found) == (150, 150, 0, 0)


def test_what_is_there_is_not_done_again_and_more_replicates_are_added(tmp_path):
    work, memory, _, _ = swept([({"chance": 0.5}, 10)])
    again = Coins(log=tmp_path / "log")
    _, _, _, last = swept([({"chance": 0.5}, 25)], memory=memory, work=again)
    assert len((tmp_path / "log").read_text().splitlines()) == 15
    assert (last.done, last.asked, last.found) == (25, 25, 10)
    swept([({"chance": 0.5}, 25)], memory=memory, work=again)
    assert len((tmp_path / "log").read_text().splitlines()) == 15
    assert [o.replicate for o in kept(memory, work, {"chance": 0.5})] == list(range(25))


@pytest.mark.parametrize(
    ("trouble", "cause"), [("raise", "ValueError: no such luck\\nreally"), ("exit", "SystemExit: 3")]
)
def test_a_run_that_raises_is_kept_as_failed_and_all_others_are_done(trouble, cause):
    work, memory, _, last = swept([({"trouble": trouble, "every": 10}, 40)], work=Coins(together=16))
    bad = [o for o in kept(memory, work, {"trouble": trouble, "every": 10}) if o.cause]
    assert [o.replicate for o in bad] == [0, 10, 20, 30] and {o.cause for o in bad} == {cause}
    assert (last.done, last.failed, last.cause) == (40, 4, cause)


def test_a_run_that_loses_its_worker_three_times_fails_and_its_neighbours_do_not():
    tried = []

    def poison(task):
        hit = task.first <= 6 < task.first + task.runs
        tried.append(task) if hit else None
        return hit

    work, memory, _, last = swept([({"chance": 0.5}, 30)], Scrambled(poison))
    outcomes = kept(memory, work, {"chance": 0.5})
    assert [o.replicate for o in outcomes] == list(range(30))
    assert [(o.replicate, o.cause) for o in outcomes if o.cause] == [(6, "worker died (signal 9), 3 times")]
    assert [task.tries for task in tried if task.runs == 1] == [0, 1, 2] and last.failed == 1


def test_what_ends_the_same_way_each_time_is_tried_once():
    work, memory, _, _ = swept([({"chance": 0.5}, 3)], Scrambled(lambda task: task.first == 1, final=True))
    assert [o.cause for o in kept(memory, work, {"chance": 0.5})] == ["", "worker died (signal 9)", ""]


def test_a_sweep_stops_at_too_many_failures_and_keeps_what_was_done():
    memory = Memory()
    with pytest.raises(
        SweepError, match=r"^3 runs failed, more than the 2 that are permitted; the last one: ValueError"
    ):
        swept([({"trouble": "raise", "every": 2}, 1000)], memory=memory, most_failures=2)
    assert [o.replicate for o in kept(memory, Coins(), {"trouble": "raise", "every": 2})] == [0, 1, 2, 3, 4]


def test_what_concerns_all_runs_stops_the_sweep():
    class Poor(Coins):
        def one(self, task, replicate):
            if replicate == 5:
                raise BudgetExhausted("no money left")
            return super().one(task, replicate)

    with pytest.raises(BudgetExhausted, match="no money left"):
        swept([({"chance": 0.5}, 10)], work=Poor())


def test_studies_are_sent_what_was_measured_and_may_want_more():
    def study(chance):
        (few,) = yield [({"chance": chance}, 10)]
        (many, other) = yield [({"chance": chance}, 40), ({"chance": 0.5, "of": chance}, 5)]
        assert (many[:10] == few).all() and len(other) == 5
        return chance, many.mean()

    chances = [0.0, 0.3, 1.0]
    results = [swept(map(study, chances), executor)[2] for executor in (Inline(), Scrambled())]
    assert results[0] == results[1]
    assert [result[0] for result in results[0]] == chances
    assert results[0][0][1] == 0 and results[0][2][1] == 1


def test_two_studies_that_want_one_cell_share_its_runs(tmp_path):
    def study(runs):
        (values,) = yield [({"chance": 0.5}, runs)]
        return len(values)

    work = Coins(log=tmp_path / "log")
    _, _, results, _ = swept([study(20), ({"chance": 0.5}, 30), study(10)], Scrambled(), work=work)
    assert results == [20, 10]
    assert len((tmp_path / "log").read_text().splitlines()) == 30


def test_failed_runs_are_not_numbers_to_a_study():
    def study():
        (values,) = yield [({"trouble": "raise", "every": 3}, 6)]
        return values

    _, _, (values,), _ = swept([study()])
    assert np.isnan(values).tolist() == [True, False, False, True, False, False]


def test_cells_are_taken_from_the_stream_as_they_are_needed():
    pulled, ahead = [], []

    class Watching(Inline):
        def submit(self, task):
            ahead.append(len(pulled) - len(ahead))
            super().submit(task)

    def asks():
        for number in range(50):
            pulled.append(number)
            yield {"chance": 0.5, "cell": number}, 1

    swept(asks(), Watching())
    assert ahead == [1] * 50


def test_a_failed_outcome_names_the_seed():
    work = Coins(seed=9)
    assert failed(work, Task(work.cell({}), 4, 1), "gone") == (4, 9, (), "gone")
