"""How fast Play goes: what the slider means, and what really happens."""

from __future__ import annotations

import collections
from typing import NamedTuple

#: Frames a second at most.
FRAMES = 60.0
#: The slider goes from -SLOWEST to FASTEST; its centre is one generation in each frame.
SLOWEST, FASTEST = 9, 10
#: Generations a second in the left half, from the centre outwards.
FEWER = (30.0, 20.0, 12.0, 8.0, 5.0, 3.0, 2.0, 1.0, 0.5)
#: Seconds over which what really happens is counted.
WINDOW = 2.0


class Speed(NamedTuple):
    """What was asked for.

    rate  : generations a second, 0 for as many as there are; read where `each` is 0
    each  : generations in each frame; 0 where `rate` says it
    """

    rate: float = 0.0
    each: int = 0

    def due(self, since: float) -> int:
        """Time steps that have fallen due in so many seconds since the last frame, at least 1."""
        if self.each:
            return self.each
        return max(1, round(self.rate * since)) if self.rate else 1_000_000

    @property
    def apart(self) -> float:
        """Seconds between two frames."""
        return max(1 / FRAMES, 1 / self.rate if self.rate and not self.each else 0.0)


def speed_at(place: int) -> Speed:
    """What the slider means at this place.

    >>> speed_at(0), speed_at(3), speed_at(-2), speed_at(FASTEST)
    (Speed(rate=0.0, each=1), Speed(rate=0.0, each=8), Speed(rate=20.0, each=0), Speed(rate=0.0, each=0))
    """
    if place >= FASTEST:
        return Speed()
    return Speed(each=2**place) if place >= 0 else Speed(rate=FEWER[min(-place, SLOWEST) - 1])


def place_of(speed: Speed) -> int:
    """Where the slider stands for this speed, as near as it can.

    >>> [place_of(speed_at(place)) for place in range(-SLOWEST, FASTEST + 1)] == list(range(-SLOWEST, FASTEST + 1))
    True
    """
    if speed.each:
        return min(speed.each.bit_length() - 1, FASTEST - 1)
    if speed.rate == 0:
        return FASTEST
    if speed.rate >= FRAMES:
        return min(round(speed.rate / FRAMES).bit_length() - 1, FASTEST - 1)
    return -1 - min(range(SLOWEST), key=lambda k: abs(FEWER[k] - speed.rate))


class Pace:
    """What really happens: time steps and frames of the last seconds."""

    def __init__(self) -> None:
        self._frames: collections.deque[tuple[float, int]] = collections.deque(maxlen=int(2 * FRAMES * WINDOW))

    def count(self, at: float, steps: int) -> None:
        """A frame with so many new time steps was handed out at this moment."""
        if self._frames and at - self._frames[-1][0] > WINDOW:
            self._frames.clear()
        self._frames.append((at, steps))
        while at - self._frames[0][0] > WINDOW:
            self._frames.popleft()

    def now(self) -> tuple[float, float]:
        """(time steps a frame, frames a second); (0, 0) before there are two frames."""
        if len(self._frames) < 2:
            return 0.0, 0.0
        later = len(self._frames) - 1
        took = self._frames[-1][0] - self._frames[0][0]
        steps = sum(steps for _at, steps in self._frames) - self._frames[0][1]
        return steps / later, later / took if took > 0 else 0.0


def words(pace: tuple[float, float], unit: str) -> str:
    """What really happens, in words.

    >>> words((8.0, 57.2), "generation")
    '×8 generations/frame, 57 fps'
    """
    steps, frames = pace
    if not frames:
        return ""
    many = f"{steps:,.0f}" if steps >= 10 or steps == round(steps) else f"{steps:.1f}"
    return f"×{many} {unit}{'' if many == '1' else 's'}/frame, {frames:.0f} fps"
