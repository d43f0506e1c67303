"""The world of a tab is the world of the seed, whatever the page does meanwhile."""

import threading
import time

import numpy as np
import pytest

import coop_abm
from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.dashboard.frames import NOBODY, World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.session import LARGEST, Other, Session
from coop_abm.engine.measures import frozen
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

from .serving import DEADLINE

#: A world on the round clock that does not come to an end.
STERN = replace(named("stern_judging"), {"update.intensity": 0, "size": 400})


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


def gone_on(name, seed, steps, back, changes=None):
    """The frames of a run that went back: (those seen first, those seen again)."""
    with Watcher(replace(named(name), changes or {}), seed) as tab:
        tab.run(steps)
        last = tab.session.frame.time
        back = min(back, last // 2)
        seen = {now.time: now for now in tab.session.past.frames()}
        tab.session.look_back(back)
        tab.until(lambda: tab.frames[-1][1].time == back)
        assert np.array_equal(tab.frames[-1][1].state, seen[back].state)
        assert tab.session.status.shown == back and tab.session.frame.time == last  # only looked at so far
        curve = tab.session.points[0]
        tab.session.go_on()
        tab.until(lambda: tab.session.status.shown is None and not tab.session.status.doing)
        assert tab.session.frame.time == back and tab.session.past.last == back
        assert tab.session.points[0][-1][0] == back and len(tab.session.points[1]) == len(curve)
        tab.session.advance(last - back)
        tab.until(lambda: tab.session.frame.time == last)
        again = {now.time: now for now in tab.session.past.frames()}
        assert tab.session.points[0] == curve
        return seen, again


@pytest.mark.parametrize("name", ["network", "group", "stern_judging", "direct", "families", "all_five"])
@pytest.mark.parametrize("clock", ["event", "round"])
def test_gone_back_the_future_is_the_one_that_was_seen(name, clock):
    try:
        replace(named(name), {"clock": clock})
        lab.start(replace(named(name), {"clock": clock}), 2)
    except InputError as error:
        pytest.skip(str(error))
    seen, again = gone_on(name, 2, 130, 37, {"clock": clock})
    assert len(seen) == len(again) > 10
    assert all(np.array_equal(seen[t].state, again[t].state) and seen[t].shares == again[t].shares for t in seen)


def test_left_arrow_looks_back_and_right_arrow_comes_forward_and_then_steps():
    with Watcher(named("network"), 1) as tab:
        tab.session.earlier()
        assert tab.session.status.shown is None  # there is nothing before the start
        tab.run(5)
        tab.session.earlier()
        tab.session.earlier()
        assert tab.session.status.shown == 3
        tab.session.later()
        tab.session.later()
        assert tab.session.status.shown is None and tab.session.frame.time == 5
        tab.session.later()
        tab.until(lambda: tab.session.frame.time == 6)
        tab.session.look_back(-7)
        assert tab.session.status.shown == 0
        tab.session.advance(1)
        tab.until(lambda: tab.session.frame.time == 7)
        assert tab.session.status.shown is None


def test_what_was_changed_by_hand_is_not_lost_by_going_back():
    def flip(running, _world, _now):
        running.assign(3, 1 - int(running.strategy[3]))

    with Watcher(named("network"), 1) as tab:
        tab.run(60)
        before = tab.session.frame.state
        tab.session.perform(flip)
        tab.until(lambda: tab.session.frame.state.tobytes() != before.tobytes())
        changed = tab.session.frame.state
        assert (changed != before).sum() == 1 and tab.session.past.at(60).state.tobytes() == changed.tobytes()
        tab.session.advance(60)
        tab.until(lambda: tab.session.frame.time == 120)
        end, middle = tab.session.frame.state, tab.session.past.at(75).state
        tab.session.look_back(75)
        tab.session.go_on()
        tab.until(lambda: tab.session.frame.time == 75)
        assert tab.session.frame.state.tobytes() == middle.tobytes()
        tab.session.advance(45)
        tab.until(lambda: tab.session.frame.time == 120)
        assert tab.session.frame.state.tobytes() == end.tobytes()


def test_where_others_decide_one_can_look_back_but_not_go_on_from_there():
    class Model:
        def __init__(self, scenario, seed):
            self.inner = lab.start(scenario, seed)
            self.step, self.snapshot = self.inner.step, self.inner.snapshot

    with Watcher(named("network"), make=Model) as tab:
        tab.run(5)
        assert (
            tab.session.status.bound
            == "A model of your own cannot be saved or taken back: only worlds of coop_abm can."
        )
        tab.session.look_back(2)
        tab.until(lambda: tab.frames[-1][1].time == 2)
        tab.session.go_on()
        tab.until(lambda: tab.session.status.error)
        assert tab.session.status.error == tab.session.status.bound and tab.session.frame.time == 5


def test_a_saved_state_goes_on_to_the_byte_in_another_tab():
    files = []
    with Watcher(STERN, 5) as one:
        one.run(60)
        one.session.save_state(lambda world, time, body: files.append((world.seed, time, body)))
        one.until(lambda: files)
        one.session.advance(60)
        one.until(lambda: one.session.frame.time == 120)
        end, curve = one.session.frame.state, one.session.points[0]
    assert files[0][:2] == (5, 60)
    with Watcher(named("kin"), 1) as two:
        two.session.open_state(files[0][2])
        two.until(lambda: two.session.status.world.scenario == STERN)
        assert two.session.status.world.seed == 5 and two.session.frame.time == 60
        two.session.advance(60)
        two.until(lambda: two.session.frame.time == 120)
        assert two.session.frame.state.tobytes() == end.tobytes() and two.session.points[0] == curve
        two.session.open_state(b"nothing")
        two.until(lambda: two.session.status.error)
        assert "no saved state" in two.session.status.error and two.session.frame.time == 120
        two.session.reset()
        two.until(lambda: two.session.frame.time == 0)
        assert two.session.status.world.scenario == STERN


def test_a_change_can_wait_for_reset():
    with Watcher(named("network"), 1) as tab:
        tab.run(4)
        tab.session.apply_live(False)
        tab.session.change("game.benefit", 3.0)
        status = tab.session.status
        assert status.stale and status.wanted.game.benefit == 3 and status.world.scenario.game.benefit == 5
        tab.session.change("kin.relatedness", 9)
        assert tab.session.status.stale and "in [0, 1]" in tab.session.status.error
        tab.session.advance(2)
        tab.until(lambda: tab.session.frame.time == 6)  # the old world goes on
        tab.session.change("game.benefit", 5.0)
        assert not tab.session.status.stale
        tab.session.change("game.benefit", 3.0)
        tab.session.reset()
        tab.until(lambda: tab.session.status.world.scenario.game.benefit == 3)
        assert not tab.session.status.stale and tab.session.frame.time == 0
        tab.session.change("game.benefit", 4.0)
        tab.session.apply_live(True)
        tab.until(lambda: tab.session.status.world.scenario.game.benefit == 4)


def test_what_takes_long_to_set_up_can_be_cancelled_and_the_world_before_goes_on():
    may_end, made = threading.Event(), []

    def slow(scenario, seed):
        made.append(scenario)
        if len(made) == 2:
            assert may_end.wait(DEADLINE)
        return lab.start(scenario, seed)

    with Watcher(named("network"), 1, make=slow) as tab:
        tab.run(3)
        tab.session.change("game.benefit", 3.0)
        tab.until(lambda: len(made) == 2)
        assert tab.session.status.doing
        tab.session.cancel()
        assert not tab.session.status.doing and tab.session.status.wanted == named("network")
        tab.session.advance(2)
        tab.until(lambda: tab.session.frame.time == 5)
        may_end.set()
        tab.session.change("game.benefit", 2.0)
        tab.until(lambda: tab.session.status.world.scenario.game.benefit == 2)
        assert [scenario.game.benefit for scenario in made] == [5, 3, 2]


def test_two_worlds_are_stepped_together_and_the_first_difference_is_named():
    scenario = replace(named("stern_judging"), {"execution_error": 0.0})
    with Watcher(scenario, 3) as tab:
        tab.session.compare(Other("execution_error", 0.05))
        tab.until(lambda: tab.session.beside is not None)
        tab.session.advance(30)
        tab.until(lambda: tab.session.frame.time == tab.session.beside.frame.time == 30)
        beside, parted = tab.session.beside, tab.session.status.parted
        columns = ["time", *(f"share_{name}" for name in tab.session.status.world.names)]
        alone = coop_abm.run(scenario, steps=30, seed=3).frame[columns].to_numpy()
        other = coop_abm.run(scenario, steps=30, seed=3, execution_error=0.05).frame[columns].to_numpy()
        assert np.array_equal(tab.session.points[0], alone) and np.array_equal(beside.points, other)
        ours, theirs = (strand.past for strand in tab.session._strands)
        differ = [t for t in range(31) if (ours.at(t).state != theirs.at(t).state).any()]
        assert parted == differ[0] > 0
        tab.session.look_back(parted)
        assert (tab.session.beside.frame.state == theirs.at(parted).state).all()
        tab.session.go_on()
        tab.until(lambda: tab.session.frame.time == parted)
        assert tab.session.status.parted == parted and tab.session.beside.frame.time == parted
        tab.session.compare(None)
        tab.until(lambda: tab.session.beside is None and not tab.session.status.doing)


def test_a_second_world_that_cannot_be_had_is_refused():
    with Watcher(named("network"), 3) as tab:
        for value, words in ((5.0, "in this world already"), (-1, "game.benefit must be")):
            tab.session.compare(Other("game.benefit", value))
            assert words in tab.session.status.error and tab.session.status.other is None
        tab.session.change("game.benefit", 3.0)
        assert tab.session.moved == Other("game.benefit", 5.0)


def test_play_leaves_no_gap_and_keeps_within_its_bounds():
    with Watcher(replace(named("network"), {"update.intensity": 0, "size": 2500})) as tab:
        tab.session.set_speed(0)
        tab.session.play(True)
        tab.until(lambda: tab.session.frame.time > 700 or tab.session.frame.fixed)
        tab.session.play(False)
        times = [p[0] for p in tab.session.points[0]]
        assert times == list(range(len(times))) and len(times) > 700
        steps, frames = tab.session.pace
        assert steps >= 1 and frames > 0


def test_the_speed_is_generations_in_each_frame():
    with Watcher(replace(named("network"), {"update.intensity": 0, "size": 2500}), draws=False) as tab:
        tab.session.set_speed(0, each=8)
        tab.session.credit(2, first=True)
        tab.until(lambda: len(tab.frames) == 1)
        tab.session.play(True)
        tab.until(lambda: len(tab.frames) == 2)
        assert tab.frames[1][1].time <= 8
        tab.session.set_speed(-1)
        assert (tab.session.status.speed, tab.session.status.each) == (0, 8)


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


def test_an_errand_that_comes_before_the_first_world_waits_for_it():
    """It was dropped where the worker looked for errands in the moment before the first world was put in."""
    session = Session(lab.world("network", size=100), 1, lab.start)
    ran = threading.Event()
    session.perform(lambda *_world: ran.set())
    session._run_errands()
    session.open()
    assert ran.wait(DEADLINE)
    session.close()
