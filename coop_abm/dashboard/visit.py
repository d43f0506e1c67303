"""What one browser tab holds on to while its reader goes from page to page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from coop_abm.opened import Opened

logger = logging.getLogger(__name__)

Kept = TypeVar("Kept")


class Visit:
    """One tab. Pages keep here what should outlive them; it ends with the tab.

    Attributes
    ----------
    opened : what the command line asked for
    model  : a Mesa model class that worlds of the Lab are made with, or None
    query  : what stands behind the question mark of the present address, "" for nothing
    """

    def __init__(self, opened: Opened, model: Any = None):
        self.opened, self.model, self.query = opened, model, ""
        self._kept: dict[str, Any] = {}
        self._push: Callable[[str], None] = lambda address: None
        self._courier: Any = None
        self._ended = False

    # --------------------------------------------------------------------------------- what pages use

    def keep(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What the page of this name made the first time it asked; its ``close()`` is called with the tab."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def kept(self, name: str) -> Any:
        """What the page of this name keeps; None where it was not on show yet."""
        return self._kept.get(name)

    def go(self, address: str) -> None:
        """Go to another page of this tab: ``visit.go("/lab?scenario=kin&seed=3")``."""
        self._push(address)

    def give(self, name: str, content: bytes | str, kind: str = "application/octet-stream") -> None:
        """Let the browser save a file: the file is made in the browser, nothing is written by the server."""
        body = content.encode() if isinstance(content, str) else content
        if self._courier is not None:
            self._courier.send({"method": "save", "args": [name, kind]}, buffers=[body])

    # ------------------------------------------------------------------------------- what the frame uses

    def here(self, query: str | None, push: Callable[[str], None]) -> None:
        """The tab shows this address now."""
        self.query, self._push = query or "", push

    def employ(self, courier: Any) -> None:
        """The widget that carries files to the browser."""
        self._courier = courier

    def open(self) -> Callable[[], None]:
        """Begin; the function that is returned ends everything with the tab."""
        return self.close

    def close(self) -> None:
        """End whatever was kept."""
        self._ended = True
        for name, kept in self._kept.items():
            closes = getattr(kept, "close", None)
            if closes is None:
                continue
            try:
                closes()
            except Exception:  # the others have to be closed as well
                logger.exception("%s did not close", name)

    @property
    def ended(self) -> bool:
        """Is the tab gone?"""
        return self._ended
