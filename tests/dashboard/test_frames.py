"""What the page is told of a moment is what the world is at that moment."""

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.dashboard import looks
from coop_abm.dashboard.frames import NOBODY, Frame, World, frame, inhabitants
from coop_abm.dashboard.layouts import WIDEST, layout
from coop_abm.dashboard.looks import Look
from coop_abm.dashboard.past import Past
from coop_abm.dashboard.views.looking import Looking
from coop_abm.dashboard.views.network import packed, short, strategies
from coop_abm.engine.measures import frozen
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named


def moments(name, steps=3, seed=5, **changes):
    """(world, snapshots, frames) of a few time steps."""
    scenario = replace(named(name), changes)
    running = lab.start(scenario, seed)
    rows = scenario.repertoire()
    world = World(
        1, scenario, seed, layout(scenario, scenario.answers(seed), seed), rows.names, tuple(rows.helper.tolist()), True
    )
    seen = [frozen(running.snapshot())]
    for _ in range(steps):
        running.step()
        seen.append(frozen(running.snapshot()))
    return world, seen, [frame(now, world, step) for step, now in enumerate(seen)]


@pytest.mark.parametrize("name", NAMED)
def test_everybody_alive_is_in_a_place_with_its_own_strategy(name):
    world, seen, frames = moments(name)
    for now, shown in zip(seen, frames, strict=True):
        rows = inhabitants(now, world)
        alive = np.flatnonzero(now.alive[0] == 1)
        assert sorted(set(rows[rows >= 0])) == alive.tolist()
        assert ((shown.state == NOBODY) == (rows < 0)).all()
        first = shown.state[::2] if now.second.shape[1] else shown.state[rows >= 0]
        held = now.strategy[0] if now.second.shape[1] else now.strategy[0][rows[rows >= 0]]
        assert (first == held).all()


@pytest.mark.parametrize("name", NAMED)
def test_only_colourings_and_views_that_mean_something_are_offered(name):
    world, seen, _frames = moments(name, steps=1)
    offered = {c["key"] for c in looks.colourings(world)}
    assert {"strategy", "payoff"} <= offered
    assert ("reputation" in offered) == world.scenario.indirect.enabled
    assert ("family" in offered) == (len(seen[0].family) > 0)
    shown = {v["key"]: v for v in looks.views(world)}
    assert list(shown) == ["network", "space_time", "payoffs", "histogram", "plane", "critical"]
    assert all(v["enabled"] or v["why"] for v in shown.values())
    assert shown["space_time"]["enabled"] == (len(world.layout.line) > 0)
    for colour in offered - {"strategy"}:
        found = looks.tones(colour, seen[-1], world, (0.0, 1.0))
        assert found.levels.shape == (len(world.layout.places),) and found.levels.dtype == np.uint8


def test_tones_of_payoffs_go_from_the_lowest_to_the_highest():
    world, seen, _ = moments("network")
    now = seen[-1]
    payoff = now.payoff[0]
    bounds = looks.wider(None, payoff)
    levels = looks.tones("payoff", now, world, bounds).levels
    assert levels[payoff.argmin()] == 0 and levels[payoff.argmax()] == 255
    assert (np.diff(levels[np.argsort(payoff)].astype(int)) >= 0).all() and len(np.unique(levels)) > 3
    assert looks.wider(bounds, np.array([99.0])) == (bounds[0], 99.0)
    assert (looks.scaled(np.array([2.0, 2.0]), 2.0, 2.0) == 128).all()


def test_members_of_a_group_have_one_tone_and_other_groups_have_others():
    world, seen, _ = moments("group")
    rows = inhabitants(seen[-1], world)
    levels = looks.tones("group", seen[-1], world, (0, 0)).levels[rows >= 0]
    groups = seen[-1].group[0][rows[rows >= 0]]
    assert len(np.unique(levels)) == len(np.unique(groups)) == len(np.unique(np.stack([levels, groups]), axis=1).T)


def test_bars_of_the_histogram_are_shares_of_the_population():
    world, seen, frames = moments("network")
    bounds = looks.wider(None, seen[-1].payoff[0])
    found = looks.histogram(seen[-1], frames[-1], world, bounds)
    for bars, share, mean, strategy in zip(found["bars"], frames[-1].shares, found["means"], (0, 1), strict=True):
        assert sum(bars) == pytest.approx(share, abs=1e-4)
        assert mean == pytest.approx(seen[-1].payoff[0][seen[-1].strategy[0] == strategy].mean())


def test_a_label_says_who_it_is_and_what_it_earned():
    world, seen, frames = moments("network")
    names = short(strategies(world))
    payoff = looks.figure(float(seen[-1].payoff[0][7]))
    words = names[frames[-1].state[7]]
    assert looks.label(7, frames[-1], world, seen[-1], names) == f"#7, {words}, payoff {payoff}"
    assert looks.label(7, frames[-1], world, None, names) == words  # of the past only the picture is kept
    assert looks.label(10_000, frames[-1], world, seen[-1], names) == ""
    assert looks.figure(-0.5) == "−0.5" and looks.figure(3.20001) == "3.2"


def test_neighbours_are_those_of_the_graph_also_across_the_border_of_a_torus():
    world, seen, frames = moments("network", size=36)
    assert sorted(looks.neighbours(0, seen[0])) == [1, 5, 6, 30]
    looking = Looking(lambda now: seen[now.time], Past)
    assert looking.chosen(3) == (-1, [])  # nothing is on show yet
    looking.seen(world, frames[0], [], None)
    assert looking.chosen(0) == (0, looks.neighbours(0, seen[0]).tolist()) and looking.row(35) == 35
    assert looking.row(36) is None and looking.chosen(None) == (-1, [])
    assert len(looks.neighbours(0, moments("well_mixed")[1][0])) == 0


def test_a_bit_a_place_is_enough_for_two_strategies():
    state = np.random.default_rng(0).integers(2, size=101).astype(np.uint8)
    count, body = packed(state)
    assert count == 101 and len(body) == 13
    assert (np.unpackbits(np.frombuffer(body, np.uint8), count=101, bitorder="little") == state).all()
    state[50] = NOBODY
    assert packed(state) == (0, state.tobytes())


def test_nothing_but_the_state_is_sent_unless_it_was_asked_for():
    world, seen, frames = moments("network")
    looking = Looking(lambda now: seen[now.time], Past)
    told, parts = looking.seen(world, frames[1], [], None)
    assert told == {"view": "network", "colour": "strategy", "parts": []} and parts == []
    looking.choose("histogram", "strategy", world)
    told, parts = looking.seen(world, frames[2], [], None)
    assert parts == [] and len(told["chart"]["bars"]) == 2
    looking.choose("payoffs", "strategy", world)
    told, parts = looking.seen(world, frames[3], [], None)
    assert told["tones"]["kind"] == "ramp" and len(parts[0]) == world.scenario.size and "chart" not in told


def test_what_a_world_lacks_is_not_shown_and_not_believed():
    world, seen, _frames = moments("well_mixed")
    looking = Looking(lambda now: seen[now.time], Past)
    for view, colour in (("space_time", "family"), ("nonsense", "<b>"), ("", "")):
        looking.choose(view, colour, world)
        assert looking.look == Look("network", "strategy")
    grid, *_ = moments("network")
    looking.choose("space_time", "payoff", grid)
    assert looking.look == Look("space_time", "payoff")
    assert looking.settled(world) == Look("network", "payoff")


def test_lines_of_the_space_time_picture_miss_no_generation():
    world, seen, frames = moments("network", steps=30)
    past = Past()
    looking = Looking(lambda now: seen[now.time], lambda: past)
    looking.choose("space_time", "strategy", world)
    times, rows = [], []
    for shown in frames:
        past.append(shown)
        if shown.time in (4, 5, 17, 30):  # all others were never painted
            told, parts = looking.seen(world, shown, [], None)
            new = np.frombuffer(parts[0], np.uint8).reshape(len(told["times"]), -1)
            keep = [k for k, t in enumerate(told["times"]) if not times or t > times[-1]]
            times += [told["times"][k] for k in keep]
            rows += [new[k] for k in keep]
    assert times == list(range(31))
    line = world.layout.line
    assert world.layout.line_words == "the cut along row 6 of 10" and line.tolist() == list(range(50, 60))
    assert all((row == frames[t].state[line]).all() for t, row in zip(times, rows, strict=True))


def test_lines_are_never_wider_than_a_picture():
    wide = moments("network", steps=0, size=2000, **{"network.graph": "ring"})[0]
    assert len(wide.layout.line) == WIDEST and "the first 400 of 2,000" in wide.layout.line_words
    other = moments("network", steps=0, **{"network.graph": "random_regular"})[0]
    assert (np.diff(other.layout.places[other.layout.line, 0]) >= 0).all()


def test_the_plane_is_a_path_and_the_simplex_has_the_whole_run():
    world, seen, frames = moments("network")
    looking = Looking(lambda now: seen[now.time], Past)
    looking.choose("plane", "strategy", world)
    for shown in frames:
        told, _ = looking.seen(world, shown, [], None)
    assert told["chart"]["height"] == "assortment" and [p[0] for p in told["chart"]["path"]] == [
        f.cooperators for f in frames
    ]
    world, seen, frames = moments("stern_judging")
    looking = Looking(lambda now: seen[now.time], Past)
    looking.choose("plane", "strategy", world)
    told, _ = looking.seen(world, frames[2], [(f.time, *f.shares) for f in frames], None)
    assert told["chart"]["points"] == [f.shares for f in frames[:3]] + [frames[2].shares]


def test_of_the_past_payoffs_are_not_invented():
    world, _seen, frames = moments("network")
    looking = Looking(lambda now: None, Past)
    looking.choose("payoffs", "strategy", world)
    told, parts = looking.seen(world, frames[0], [], 3)
    assert parts == [] and told["lacking"] == "payoff in the past is not kept"
    assert isinstance(frames[0], Frame)
