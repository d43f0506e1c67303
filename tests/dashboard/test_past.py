"""What is kept of the past is what was seen, and never more than there is room for."""

import numpy as np
import pytest

from coop_abm.dashboard.frames import NOBODY, Frame
from coop_abm.dashboard.past import Past


def moment(time, state):
    return Frame(time, np.array(state, np.uint8), 0.5, (0.5, 0.5), "")


def same(one, other):
    return one._replace(state=0) == other._replace(state=0) and np.array_equal(one.state, other.state)


@pytest.mark.parametrize("values", [2, 3, 7, NOBODY])
@pytest.mark.parametrize("size", [1, 8, 13, 400])
def test_a_frame_comes_back_as_it_was(values, size):
    rng = np.random.default_rng(size)
    seen = [moment(time, rng.integers(0, values + (values == NOBODY), size)) for time in range(5)]
    past = Past()
    for frame in seen:
        past.append(frame)
    assert all(same(past.at(frame.time), frame) for frame in seen)
    assert all(same(one, other) for one, other in zip(past.frames(), seen, strict=True))
    assert past.at(5) is None and past.at(-1) is None
    with pytest.raises(ValueError, match="read-only"):
        past.at(0).state[0] = 1


def test_the_oldest_are_dropped_by_number_and_by_room():
    few = Past(frames=10)
    for time in range(25):
        few.append(moment(time, [time % 2]))
    assert (few.first, few.last, len(few)) == (15, 24, 10)
    small = Past(room=5_000)
    for time in range(100):
        small.append(moment(time, np.random.default_rng(time).integers(0, 200, 1_000)))
        assert small.taken <= 5_000
    assert small.last == 99 and 2 <= len(small) <= 5
    tiny = Past(room=1)
    for time in range(3):
        tiny.append(moment(time, [0, 1]))
    assert (len(tiny), tiny.last) == (1, 2)


def test_two_strategies_take_a_bit_each():
    past = Past()
    past.append(moment(0, np.arange(80_000) % 2))
    assert past.taken < 10_500


def test_going_back_forgets_what_came_after():
    past = Past()
    for time in range(10):
        past.append(moment(time, [0]))
    past.append(moment(4, [1]))
    assert past.last == 4 and past.at(4).state.tolist() == [1] and len(past) == 5
    past.forget_after(2)
    assert past.last == 2 and past.taken == sum(400 + 1 for _ in range(3))
