"""The named address of class mode: who is let in there, and as what.

The teacher shows the token once and has a cookie from then on; with it that address is like loopback. Without it
there is nothing but the pages to join at. Which of the two faces a request came to is read from the socket that took
it, not from what the request says.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import parse_qs

from coop_abm.core.errors import InputError, quoted
from coop_abm.dashboard.classroom import Classroom, same
from coop_abm.dashboard.guard import Receive, Scope, Send, refuse, respond
from coop_abm.dashboard.join import Joining, cookie

_ENTER = "/enter"


class Door:
    """What the guard asks about the named address, and an application that answers at it."""

    def __init__(self, classroom: Classroom):
        self.classroom, self.host = classroom, classroom.host
        self._joining = Joining(classroom)

    def faces(self, scope: Scope) -> bool:
        """Did this request come to the named address?"""
        server = scope.get("server")
        return server is None or server[0] == self.classroom.address

    def knows(self, scope: Scope) -> bool:
        """Is this the teacher's browser?"""
        return same(cookie(scope, self.classroom.cookie), self.classroom.secret)

    def answers(self, scope: Scope) -> bool:
        """Is this path one of class mode?"""
        return scope["path"] == _ENTER or scope["path"].startswith("/join/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an honest page."""
        if scope["path"] == _ENTER:
            await self._enter(scope, send)
        else:
            await self._joining(scope, receive, send)

    async def _enter(self, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket" or scope["method"] != "GET":
            await refuse(scope, send, 404, "Not found.")
            return
        away = {"location": "/play", "referrer-policy": "no-referrer", "cache-control": "no-store"}
        if self.knows(scope):
            await respond(send, 303, b"", away)
            return
        address = (scope.get("client") or ("",))[0]
        if not self.classroom.limit.allows(address):
            await refuse(scope, send, 429, "Too many wrong codes came from here. Wait a minute.")
            return
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not self.classroom.spend(given):
            self.classroom.limit.wrong(address)
            await refuse(scope, send, 403, "This address was used before, or is not right. Start class mode again.")
            return
        kept = f"{self.classroom.cookie}={self.classroom.secret}; Path=/; HttpOnly; SameSite=Strict"
        await respond(send, 303, b"", {**away, "set-cookie": kept})


def named_address(host: str | None = None) -> str:
    """The address that others of this network reach this machine at: the one that is named, or its own.

    Raises
    ------
    InputError
        if it is no single address, is this machine alone, or there is no network
    """
    if host is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect(("192.0.2.1", 9))  # sends nothing: only asks which way it would go
                host = str(asked.getsockname()[0])
            except OSError:
                raise InputError("host: this machine is in no network; name an address with --host") from None
    try:
        given = ipaddress.IPv4Address(host)
    except ValueError:
        raise InputError(f"host must be an address such as 192.168.1.5; got {quoted(host)}") from None
    if given.is_unspecified or given.is_multicast or host == "255.255.255.255":
        raise InputError(f"host must be one address of this machine; {host} means many")
    if host == "127.0.0.1":
        raise InputError("host must be an address that others reach; 127.0.0.1 is this machine alone")
    return host
