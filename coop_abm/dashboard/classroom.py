"""Class mode: one address that others can reach, one token for the teacher, one code for each world.

The token is spent by the first browser that shows it, which gets a cookie instead. A code is short, so that it can be
read out; so whoever guesses is slowed down: so many wrong codes a minute from one address, and from all together.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

import segno

from coop_abm.dashboard.offers import CLASS, Offer
from coop_abm.dashboard.room import Room, spelled

#: No 0 O, 1 I L: letters that are mistaken for each other. 31^6 codes.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 6
#: Wrong codes a minute from one address, and from all.
WRONG_OF_ONE, WRONG_OF_ALL = 10, 100
MINUTE = 60.0
#: Addresses of which wrong codes are counted at a time.
MOST_ADDRESSES = 1000


def new_code() -> str:
    """A code that nobody can know."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def plain(code: str) -> str:
    """A code as it is compared, whatever was typed around it."""
    return "".join(letter for letter in code[:40].upper() if letter in ALPHABET)


def same(one: str, other: str) -> bool:
    """Are two secrets the same? In a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


class Limit:
    """So many wrong codes within a minute, for each address and for all."""

    def __init__(
        self, of_one: int = WRONG_OF_ONE, of_all: int = WRONG_OF_ALL, clock: Callable[[], float] = time.monotonic
    ):  # fmt: skip
        self._of_one, self._of_all, self._clock = of_one, of_all, clock
        self._lock = threading.Lock()
        self._by: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def allows(self, address: str) -> bool:
        """May this address try a code?"""
        with self._lock:
            self._forget()
            return len(self._by.get(address, ())) < self._of_one and len(self._all) < self._of_all

    def wrong(self, address: str) -> None:
        """This address tried a wrong one."""
        with self._lock:
            self._forget()
            now = self._clock()
            if address in self._by or len(self._by) < MOST_ADDRESSES:
                self._by.setdefault(address, deque()).append(now)
            self._all.append(now)

    def _forget(self) -> None:
        before = self._clock() - MINUTE
        for listed in [self._all, *self._by.values()]:
            while listed and listed[0] <= before:
                listed.popleft()
        self._by = {address: listed for address, listed in self._by.items() if listed}


class Classroom:
    """What class mode adds to a server.

    Parameters
    ----------
    address, port : where others reach it

    Attributes
    ----------
    token  : lets one browser in as the teacher's, once
    secret : what that browser shows from then on
    room   : the world that is on, or was last
    limit  : slows down those who guess
    """

    def __init__(self, address: str, port: int, *, seed: int = 0, offers: tuple[Offer, ...] = CLASS):
        self.address, self.port, self.offers, self._seed = address, port, offers, seed
        self.token: str | None = secrets.token_urlsafe(24)
        self.secret = secrets.token_urlsafe(24)
        self.limit = Limit()
        self._lock = threading.Lock()
        self.room = Room(1, new_code(), offers[0], seed)

    @property
    def host(self) -> str:
        """The Host header of an honest request."""
        return self.address if self.port == 80 else f"{self.address}:{self.port}"

    @property
    def cookie(self) -> str:
        """Name of the teacher's cookie; cookies do not know of ports."""
        return f"coop-teacher-{self.port}"

    @property
    def entrance(self) -> str:
        """The teacher's address, good for one browser."""
        return f"http://{self.host}/enter?token={self.token}"

    @property
    def joining(self) -> str:
        """Where the others go."""
        return f"http://{self.host}/join/{self.room.number}"

    @property
    def scanned(self) -> str:
        """Where a phone goes that reads the picture: there, with the code.

        The code comes after ``#``: browsers keep that to themselves, so it is in no log of what was asked for.
        """
        return f"{self.joining}#{spelled(self.room.code)}"

    @property
    def picture(self) -> str:
        """The QR code of it as the address of an SVG; black on white in the dark as well, or phones do not read it."""
        return str(
            segno.make(self.scanned, error="m", micro=False).svg_data_uri(border=4, light="white", omitsize=True)
        )

    def spend(self, token: str) -> bool:
        """Is this the teacher's token? It is spent by that."""
        with self._lock:
            right = self.token is not None and same(self.token, token)
            if right:
                self.token = None
            return right

    def renew(self) -> Room:
        """Another world with another code; the one before ends, and its code with it."""
        with self._lock:
            old = self.room
            self._seed += 1
            self.room = Room(old.number + 1, new_code(), old.offer, self._seed)
        old.end()
        return self.room

    def open_room(self, number: int) -> Room | None:
        """The world of this number, if its code still opens it."""
        room = self.room
        return room if room.number == number and room.phase != "over" else None


#: The class of this process, if its server was started with one. A process has one server, as Solara has.
present: Classroom | None = None
