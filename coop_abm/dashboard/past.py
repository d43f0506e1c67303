"""The last generations of a world as the page saw them, kept small."""

from __future__ import annotations

import bisect
import threading
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from coop_abm.dashboard.frames import Frame

#: Frames that are kept at most, and the memory that they may take in bytes.
FRAMES, ROOM = 2000, 32 << 20
#: What a frame takes besides its arrays: its numbers, and the objects that hold them.
AROUND = 400


class Kept(NamedTuple):
    """A frame with its places packed.

    about  : the frame without its places
    places : how many there are
    bits   : 8 places in a byte, which is possible while everybody is strategy 0 or 1; otherwise a byte each, deflated
    body   : the places
    """

    about: Frame
    places: int
    bits: bool
    body: bytes

    @property
    def room(self) -> int:
        """Bytes that it takes."""
        return AROUND + len(self.body) + sum(part.nbytes for part in self.about if isinstance(part, np.ndarray))


class Past:
    """Frames in order of time, the oldest of which are dropped; one thread may append while others read.

    Parameters
    ----------
    frames : how many are kept at most
    room   : bytes that they may take; the last one is kept whatever it takes

    >>> past = Past(frames=2)
    >>> for time in range(3):
    ...     past.append(Frame(time, np.array([0, 1, 1], np.uint8), 1 / 3, (1 / 3, 2 / 3), ""))
    >>> past.first, past.last, past.at(2).state.tolist(), past.at(0)
    (1, 2, [0, 1, 1], None)
    """

    def __init__(self, frames: int = FRAMES, room: int = ROOM):
        self._most, self._room = frames, room
        self._lock = threading.Lock()
        self._kept: list[Kept] = []
        self._taken = 0

    def append(self, frame: Frame) -> None:
        """Keep this moment; what was kept of its time and of later ones is forgotten."""
        new = _packed(frame)
        with self._lock:
            self._cut(self._place(frame.time))
            self._kept.append(new)
            self._taken += new.room
            surplus = max(0, len(self._kept) - self._most)
            left = self._taken - sum(kept.room for kept in self._kept[:surplus])
            while left > self._room and surplus < len(self._kept) - 1:
                left -= self._kept[surplus].room
                surplus += 1
            del self._kept[:surplus]
            self._taken = left

    def at(self, time: int) -> Frame | None:
        """The frame of this time step; None if it is not kept (any more)."""
        with self._lock:
            place = self._place(time)
            found = self._kept[place] if place < len(self._kept) else None
        return _unpacked(found) if found is not None and found.about.time == time else None

    def frames(self) -> Iterator[Frame]:
        """All that is kept now, the oldest first."""
        with self._lock:
            now = list(self._kept)
        return map(_unpacked, now)

    def forget_after(self, time: int) -> None:
        """Forget everything that came after this time step."""
        with self._lock:
            self._cut(self._place(time + 1))

    @property
    def first(self) -> int | None:
        """The oldest time step that is kept; None before there is any."""
        with self._lock:
            return self._kept[0].about.time if self._kept else None

    @property
    def last(self) -> int | None:
        """The latest time step; None before there is any."""
        with self._lock:
            return self._kept[-1].about.time if self._kept else None

    @property
    def taken(self) -> int:
        """Bytes that it takes now."""
        with self._lock:
            return self._taken

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    def _place(self, time: int) -> int:
        return bisect.bisect_left(self._kept, time, key=lambda kept: kept.about.time)

    def _cut(self, place: int) -> None:
        self._taken -= sum(kept.room for kept in self._kept[place:])
        del self._kept[place:]


_NOWHERE = np.empty(0, np.uint8)


def _packed(frame: Frame) -> Kept:
    state = frame.state
    bits = int(state.max(initial=0)) <= 1
    body = np.packbits(state).tobytes() if bits else zlib.compress(state.tobytes(), 1)
    return Kept(frame._replace(state=_NOWHERE), len(state), bits, body)


def _unpacked(kept: Kept) -> Frame:
    if kept.bits:
        state = np.unpackbits(np.frombuffer(kept.body, np.uint8), count=kept.places)
    else:
        state = np.frombuffer(zlib.decompress(kept.body), np.uint8)
    state.setflags(write=False)
    return kept.about._replace(state=state)
