"""Room for frames, where a frame is drawn in more than one picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable


class Credits:
    """A frame has been drawn once every picture has drawn its part of it.

    Parameters
    ----------
    grant : told of each frame that is drawn everywhere

    >>> granted = []
    >>> room = Credits(granted.append)
    >>> room.expect(("first", "second"))
    >>> room.drawn("first"), room.drawn("first"), room.drawn("second"), granted
    (None, None, None, [1])
    """

    def __init__(self, grant: Callable[[int], None]):
        self._grant, self._lock = grant, threading.Lock()
        self._sides: tuple[str, ...] = ("first",)
        self._counts: dict[str, int] = {}

    def expect(self, sides: Iterable[str]) -> None:
        """Frames go to these pictures from now on."""
        with self._lock:
            if tuple(sides) != self._sides:
                self._sides, self._counts = tuple(sides), {}

    def drawn(self, side: str) -> None:
        """This picture has drawn a frame."""
        with self._lock:
            self._counts[side] = self._counts.get(side, 0) + 1
            whole = min(self._counts.get(name, 0) for name in self._sides)
            for name in self._sides:
                self._counts[name] = self._counts.get(name, 0) - whole
        if whole:
            self._grant(whole)

    def forget(self) -> None:
        """What was drawn so far no longer counts: the browser has granted room anew."""
        with self._lock:
            self._counts = {}
