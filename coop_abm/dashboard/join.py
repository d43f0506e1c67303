"""The light page for those who take part: a form for the code, then their own seat and nothing else.

It is no page of Solara: one HTML file, one script, one style sheet, and a line that speaks small JSON. A code buys a
secret cookie for one seat; the cookie opens the line. Whatever is slow, or tells other browsers, is done in a thread.
"""

from __future__ import annotations

import asyncio
import json
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from coop_abm.dashboard.classroom import Classroom, new_code, plain, same
from coop_abm.dashboard.guard import Receive, Scope, Send, header, refuse, respond, security_headers
from coop_abm.dashboard.room import Person, Room

_FOLDER = Path(__file__).parent
_PATH = re.compile(r"/join/([1-9][0-9]{0,5})(/seat|/line)?")
#: Bytes of a message at most, and lines of one person.
_LONGEST, _LINES = 2000, 4
#: Seconds between two messages to one phone: what happens in between is told at once.
_PAUSE = 0.05
_SLOW_DOWN = "Too many wrong codes were tried. Wait a minute, then try again."
_OVER = "This code opens nothing. Ask for the code of the world that is on now."
_FULL = "No seat is free in this world."


class Joining:
    """The application behind ``/join/``."""

    def __init__(self, classroom: Classroom):
        self.classroom = classroom
        tokens = (_FOLDER / "views" / "style" / "10_tokens.css").read_bytes()
        self._files = {
            "/join/phone.css": ("text/css", tokens + (_FOLDER / "phone" / "phone.css").read_bytes()),
            "/join/phone.js": ("text/javascript", (_FOLDER / "phone" / "phone.js").read_bytes()),
        }
        self._page = (_FOLDER / "phone" / "phone.html").read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of an honest page."""
        matched = _PATH.fullmatch(scope["path"])
        if scope["type"] == "websocket":
            if matched and matched[2] == "/line":
                await self._line(scope, receive, send, int(matched[1]))
            else:
                await refuse(scope, send, 404, "Not found.")
        elif scope["method"] == "POST" and matched and matched[2] == "/seat":
            await self._seat(scope, receive, send, int(matched[1]))
        elif scope["method"] == "GET" and matched and matched[2] == "/seat":
            await _tell(scope, send, 200, "", seat=self._person(scope, int(matched[1])) is not None)
        elif scope["method"] == "GET" and scope["path"] in self._files:
            kind, body = self._files[scope["path"]]
            await respond(send, 200, body, {**_headers(scope), "content-type": f"{kind}; charset=utf-8"})
        elif scope["method"] == "GET" and matched and not matched[2]:
            await respond(send, 200, self._page, {**_headers(scope), "content-type": "text/html; charset=utf-8"})
        else:
            await refuse(scope, send, 404, "Not found.")

    # ------------------------------------------------------------------------------- a seat for a code

    async def _seat(self, scope: Scope, receive: Receive, send: Send, number: int) -> None:
        asked = await _body(receive)
        address, limit = (scope.get("client") or ("",))[0], self.classroom.limit
        room = self.classroom.open_room(number)
        if room is not None and self._person(scope, number) is not None:
            await _tell(scope, send, 200, "You have your seat.")
            return
        if not limit.allows(address):
            await _tell(scope, send, 429, _SLOW_DOWN)
            return
        code = plain(str(asked.get("code", "")))
        if not same(code, room.code if room is not None else new_code()) or room is None:
            limit.wrong(address)
            await _tell(scope, send, 403, _OVER)
            return
        person = await asyncio.to_thread(room.join, str(asked.get("name", ""))[:200])
        if person is None:
            await _tell(scope, send, 503, _FULL)
            return
        name = self._cookie(number)
        kept = f"{name}={person.secret}; Path=/join/{number}; HttpOnly; SameSite=Strict"
        await _tell(scope, send, 200, "You have a seat.", {"set-cookie": kept})

    def _cookie(self, number: int) -> str:
        return f"coop-seat-{self.classroom.port}-{number}"

    def _person(self, scope: Scope, number: int) -> Person | None:
        """Who has a seat in the world of this number, by the secret of this browser."""
        room = self.classroom.room
        return room.known(cookie(scope, self._cookie(number))) if room.number == number else None

    # ------------------------------------------------------------------------------- the line of a seat

    async def _line(self, scope: Scope, receive: Receive, send: Send, number: int) -> None:
        room, person = self.classroom.room, self._person(scope, number)
        if person is None:
            await refuse(scope, send, 403, _OVER)
            return
        if person.lines >= _LINES:
            await refuse(scope, send, 503, "This seat is open in too many windows.")
            return
        await receive()
        await send({"type": "websocket.accept"})
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():  # the server may be on its way out
                loop.call_soon_threadsafe(news.set)

        stop = room.listen(wake)
        news.set()
        await asyncio.to_thread(room.line, person, True)
        telling = asyncio.create_task(_telling(send, room, person, news))
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                said = message.get("text") or ""
                if len(said) > _LONGEST:
                    break
                await asyncio.to_thread(_hear, room, person, said)
        finally:
            stop()
            telling.cancel()
            await asyncio.to_thread(room.line, person, False)


def cookie(scope: Scope, name: str) -> str:
    """The value of a cookie; "" where there is none, or the header makes no sense."""
    try:
        found = SimpleCookie(header(scope, b"cookie") or "").get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def _telling(send: Send, room: Room, person: Person, news: asyncio.Event) -> None:
    """Tell a phone what is new, as often as it takes and no oftener."""
    last = ""
    while True:
        await news.wait()
        news.clear()
        gone = person.number not in room.people
        told = {"phase": "gone"} if gone else await asyncio.to_thread(room.phone, person)
        text = json.dumps(told)
        if text != last:
            await send({"type": "websocket.send", "text": text})
            last = text
        if gone:
            await send({"type": "websocket.close", "code": 1000})
            return
        await asyncio.sleep(_PAUSE)


def _hear(room: Room, person: Person, said: str) -> None:
    """What a phone says: a decision, a bet, goodbye. Anything else is not heard."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return
    if not isinstance(told, dict):
        return
    key, action = told.get("key"), told.get("action")
    if told.get("do") == "decide" and type(key) is int and type(action) is int:
        room.answer(person, key, action)
    elif told.get("do") == "bet":
        room.bet(person, str(told.get("bet"))[:20])
    elif told.get("do") == "leave":
        room.leave(person)


async def _body(receive: Receive) -> dict[str, Any]:
    """The JSON object of a request; empty where there is none, or it is too long."""
    whole = b""
    while True:
        message = await receive()
        whole += message.get("body", b"")
        if message["type"] != "http.request" or len(whole) > _LONGEST or not message.get("more_body"):
            break
    try:
        found = json.loads(whole) if len(whole) <= _LONGEST else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _headers(scope: Scope) -> dict[str, str]:
    """What keeps this page to itself: nothing but its own script, style and line."""
    host = header(scope, b"host") or ""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://{host}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return {**security_headers(host), "content-security-policy": policy, "cache-control": "no-cache"}


async def _tell(
    scope: Scope, send: Send, status: int, words: str, more: dict[str, str] | None = None, **about: Any
) -> None:  # fmt: skip
    told = {**_headers(scope), "content-type": "application/json", "cache-control": "no-store", **(more or {})}
    await respond(send, status, json.dumps({"said": words, **about}).encode(), told)
