"""The world of a tab is the world of the seed, whatever the page does meanwhile."""

import threading
import time

import numpy as np
import pytest

import coop_abm
from coop_abm import lab
from coop_abm.dashboard.frames import NOBODY, World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.session import LARGEST, Session
from coop_abm.engine.measures import frozen
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

DEADLINE = 60


class Watcher:
    """A browser that draws at once."""

    def __init__(self, scenario, seed=0, *, draws=True, make=lab.start, **options):
        self.frames, self.draws = [], draws
        self.session = Session(scenario, seed, make, on_frame=self.seen, **options)
        self.session.open()
        self.until(lambda: self.session.status.world is not None or self.session.status.error)
        if draws:
            self.session.credit(2, first=True)

    def seen(self, world, now):
        self.frames.append((world.number, now))
        if self.draws:
            self.session.credit(1)

    def until(self, so):
        end = time.monotonic() + DEADLINE
        while not so():
            assert time.monotonic() < end, (self.session.status, self.session.frame)
            time.sleep(0.005)

    def run(self, steps):
        self.session.advance(steps)
        self.until(lambda: self.session.frame.time >= steps or self.session.frame.fixed)
        return self.session.points[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_shows_is_what_the_command_line_writes(name):
    expected = coop_abm.run(name, steps=20, seed=11).frame
    names = [column for column in expected.columns if column.startswith("share_")]
    with Watcher(named(name), 11) as tab:
        points = tab.run(20)
        rows = expected[["time", *names]].to_numpy()[: len(points)]
        assert np.array_equal(np.array(points), rows)
        assert tab.session.frame.cooperators == expected["cooperators"][len(points) - 1]


def test_what_leaves_the_thread_cannot_be_changed_and_does_not_change():
    running = lab.start(named("all_five"), 0)
    copy = frozen(running.snapshot())
    before = copy.strategy.copy()
    for _ in range(5):
        running.step()
    assert (copy.strategy == before).all() and not np.shares_memory(copy.strategy, running.snapshot().strategy)
    with pytest.raises(ValueError, match="read-only"):
        copy.strategy[0, 0] = 1
    with Watcher(named("network")) as tab, pytest.raises(ValueError, match="read-only"):
        tab.session.frame.state[0] = 1


def test_two_tabs_do_not_know_of_each_other():
    with Watcher(named("network"), 1) as one, Watcher(named("network"), 2) as two:
        two.session.change("game.benefit", 2.5)
        assert one.run(15) != two.run(15)
        assert one.session.status.world.scenario.game.benefit == 5
        alone = coop_abm.run("network", steps=15, seed=1).frame["cooperators"]
        assert [p[1] for p in one.session.points[0]] == alone.tolist()


def test_reset_is_the_same_start_and_a_new_seed_another():
    with Watcher(named("network"), 3) as tab:
        start = tab.session.frame.state
        tab.run(10)
        tab.session.reset()
        tab.until(lambda: tab.session.frame.time == 0)
        assert (tab.session.frame.state == start).all()
        assert len(tab.session.points[1]) == 11  # the run before, for the grey curve
        tab.session.reseed(4)
        tab.until(lambda: tab.session.status.world.seed == 4)
        assert (tab.session.frame.state != start).any()


def test_a_change_that_cannot_be_had_says_why_and_the_world_goes_on():
    with Watcher(named("network")) as tab:
        tab.run(5)
        for path, value, words in (
            ("kin.relatedness", 9, "in [0, 1]; got 9"),
            ("size", 101, "torus"),
            ("size", "x", "whole"),
        ):
            tab.session.change(path, value)
            tab.until(lambda words=words: words in tab.session.status.error)
            assert tab.session.status.error_at == path
            assert tab.session.frame.time == 5
        tab.session.change("game.benefit", 3.0)
        tab.until(lambda: tab.session.status.world.scenario.game.benefit == 3.0 and not tab.session.status.doing)
        assert tab.session.status.error == "" and tab.session.status.world.scenario.size == 100


def test_a_first_world_that_is_too_large_says_so_and_the_fallback_is_shown():
    with Watcher(replace(named("kin"), {"size": LARGEST + 1}), fallback=named("kin")) as tab:
        tab.until(lambda: tab.session.status.world is not None)
        assert "at most 100,000" in tab.session.status.error
        assert tab.session.status.world.scenario == named("kin")
        tab.run(3)


def test_a_fixed_world_says_so_and_stops_play():
    with Watcher(replace(named("kin"), {"size": 8})) as tab:
        tab.session.set_speed(0)
        tab.session.play(True)
        tab.until(lambda: tab.session.frame.fixed)
        tab.until(lambda: not tab.session.status.playing)
        at = tab.session.frame.time
        tab.session.advance(5)
        tab.session.play(True)
        tab.until(lambda: not tab.session.status.playing)
        assert tab.session.frame.time == at


def test_play_stops_when_nobody_looks():
    with Watcher(replace(named("network"), {"size": 400}), draws=False, patience=0.3) as tab:
        tab.session.credit(2, first=True)
        tab.session.set_speed(100)
        tab.session.play(True)
        tab.until(lambda: not tab.session.status.playing)
        assert "nobody was looking" in tab.session.status.said
        assert len(tab.frames) == 2 and tab.session.frame.time < 100


def test_frames_are_sent_only_while_there_is_room_for_them():
    with Watcher(named("network"), draws=False) as tab:
        tab.session.advance(30)
        tab.until(lambda: tab.session.frame.time == 30)
        assert tab.frames == []
        tab.session.credit(2, first=True)
        tab.until(lambda: tab.frames)
        assert tab.frames[-1][1].time == 30


def test_closing_ends_the_thread():
    tab = Watcher(named("network"))
    tab.session.play(True)
    worker = tab.session._thread
    tab.session.close()
    worker.join(DEADLINE)
    assert not worker.is_alive()


def test_a_model_of_the_users_own_is_run_and_its_faults_are_told_briefly():
    class Model:
        def __init__(self, scenario, rng):
            self.inner, self.time = lab.start(scenario, rng), 0

        def step(self):
            self.time += 1
            if self.time == 4:
                raise RuntimeError("a secret in the message")
            self.inner.step()

        def snapshot(self):
            return self.inner.snapshot()

    with Watcher(named("network"), make=lambda scenario, seed: Model(scenario, rng=seed)) as tab:
        tab.session.advance(10)
        tab.until(lambda: tab.session.status.error)
        assert "RuntimeError" in tab.session.status.error and "secret" not in tab.session.status.error
        tab.session.reset()
        tab.until(lambda: not tab.session.status.error and not tab.session.status.doing)
        assert tab.session.frame.time == 0


def test_empty_places_of_groups_are_nobody():
    running = lab.start(named("group"), 1)
    with Watcher(named("group"), 1) as tab:
        world = tab.session.status.world
    for step in range(40):
        running.step()
        now = running.snapshot()
        seen = frame(now, world, step)
        living = int(now.alive.sum())
        assert np.count_nonzero(seen.state != NOBODY) == living
        for g in range(4):
            seats = seen.state[3 * g : 3 * g + 3]
            mates = now.strategy[0][(now.alive[0] == 1) & (now.group[0] == g)]
            assert sorted(seats[seats != NOBODY]) == sorted(mates)


def test_long_runs_keep_a_bounded_curve():
    with Watcher(replace(named("network"), {"update.intensity": 0, "size": 400, "players.0.share": 0.5})) as tab:
        tab.session.advance(5000)
        tab.until(lambda: tab.session.frame.time >= 5000 or tab.session.frame.fixed)
        points = tab.session.points[0]
        assert len(points) <= 2000 and points[0][0] == 0
        assert threading.active_count() < 40


def test_of_diploid_individuals_both_alleles_are_shown():
    scenario = replace(named("families"), {"size": 40})
    going = lab.start(scenario, 4)
    now = frozen(going.snapshot())
    repertoire = scenario.repertoire()
    places = layout(scenario, scenario.answers(4), 4)
    shown = frame(now, World(0, scenario, 4, places, repertoire.names, (1, 0), False), 0)
    assert shown.state.reshape(40, 2)[:, 0].tolist() == now.strategy[0].tolist()
    assert shown.state.reshape(40, 2)[:, 1].tolist() == now.second[0].tolist()
    assert shown.cooperators == (shown.state == 0).mean()
