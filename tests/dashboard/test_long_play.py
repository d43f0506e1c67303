"""Play at its fastest: no gap in the curve, and what is kept does not grow."""

import itertools
import time

import pytest

from coop_abm.dashboard import past, strand
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

from .test_session import Watcher

WORLDS = {
    "network": replace(named("network"), {"update.intensity": 0, "size": 2500}),
    "stern_judging": replace(named("stern_judging"), {"update.intensity": 0, "size": 900}),
    "well_mixed": replace(named("well_mixed"), {"update.intensity": 0, "size": 5000}),
}


def played(scenario, enough):
    """Play until `enough(session, seconds)` says so; everything that was seen is looked at."""
    with Watcher(scenario, 3) as tab:
        session, began, seed = tab.session, time.monotonic(), 3
        session.set_speed(0)
        session.play(True)
        while not enough(session, time.monotonic() - began):
            time.sleep(0.2)
            times = [point[0] for point in session.points[0]]
            apart = [b - a for a, b in itertools.pairwise(times)]
            # One stride and no gap; the last point is the present, wherever in a stride that is.
            assert len(set(apart[:-1])) <= 1 and times[0] == 0
            assert not apart or 0 < apart[-1] <= apart[0]
            kept = session._strands[0].kept
            assert kept["points"] <= strand.POINTS + 1 and kept["frames"] <= past.FRAMES
            assert kept["bytes"] <= strand.ROOM and session.past.taken <= past.ROOM
            assert session.status.error == ""
            if session.frame.fixed:
                seed += 1
                session.reseed(seed)
                tab.until(lambda seed=seed: session.status.world.seed == seed and not session.status.doing)
                session.play(True)
        return session.frame.time


@pytest.mark.parametrize("name", WORLDS)
def test_a_while_of_play_leaves_no_gap(name):
    assert played(WORLDS[name], lambda session, seconds: session.frame.time > 300) > 300


@pytest.mark.validate
@pytest.mark.parametrize("name", WORLDS)
def test_five_minutes_of_play_leave_no_gap_and_take_no_more_room(name):
    played(WORLDS[name], lambda session, seconds: seconds > 300)
