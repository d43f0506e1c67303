"""The gate through which litellm sends: one request for one call, and only where it should go.

litellm knows how each provider is spoken to, but also tries again behind one's back (its own HTTP
client does, when a connection breaks), follows redirects, reads without bounds, and sends OpenAI's
key to other providers that have none. So its HTTP clients are given this transport: it lets a request
out over our own wire, once, and keeps the answer for our own verdict.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextvars import ContextVar

import httpx

from coop_abm.core.errors import CallFailed
from coop_abm.llm.redaction import secrets
from coop_abm.llm.verdict import Answer
from coop_abm.llm.wire import Wire

#: Stands where litellm wants a key and there is none; it is taken out again before anything is sent.
NO_KEY = "no-key-is-needed"

_CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
#: Of the connection, or of the body as it was on the wire.
_STALE = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
_OPENAIS_OWN = frozenset({"openai", "text-completion-openai"})


class Call:
    """One call of a transport: what it may send, and what it led to.

    Attributes
    ----------
    asked     : addresses that a request was sent to
    last      : the answer to the last one, or why there is none; None before
    last_path : the path that it was sent to
    latency   : seconds from sending it to the last byte of the answer
    known     : credentials that were in it
    """

    def __init__(self, wire: Wire, provider: str, draw: float | None):
        self.wire, self.provider, self.draw = wire, provider, draw
        self.asked: set[str] = set()
        self.last: Answer | CallFailed | None = None
        self.last_path = ""
        self.latency = 0.0
        self.known: set[str] = set()

    def hidden(self) -> tuple[str, ...]:
        """What must not be shown of it."""
        return secrets(self.known)


#: The call in whose name the code that runs now sends.
current: ContextVar[Call | None] = ContextVar("coop_abm_call", default=None)


class Gate(httpx.AsyncBaseTransport):
    """Lets requests of the current call out; what is sent in nobody's name goes its usual way."""

    def __init__(self) -> None:
        self._usual: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whole.

        Raises
        ------
        httpx.ReadError
            if it is no reply, or the request may not go out; `Call.last` says why
        """
        call = current.get()
        if call is None:
            self._usual = self._usual or httpx.AsyncHTTPTransport()
            return await self._usual.handle_async_request(request)
        url = str(request.url)
        if url in call.asked:
            raise httpx.ReadError("a request is sent once", request=request)
        body = await request.aread()
        headers = _permitted(call, request.headers)
        call.known.update(_credentials(request))
        call.last_path = request.url.path
        if _is_anothers(call, headers.values()):
            variable = f"{call.provider.upper()}_API_KEY"
            call.last = CallFailed("auth", f"{variable} is not set in the environment", sent=False)
        else:
            call.asked.add(url)
            started = time.monotonic()
            call.last = await call.wire.post(url, body, headers)
            call.latency = time.monotonic() - started
        if isinstance(call.last, CallFailed) or not _is_readable(call.last, call.last_path):
            # The verdict is ours; litellm would take half a second to complain of a page of HTML.
            raise httpx.ReadError("no reply", request=request)
        kept = [(name, value) for name, value in call.last.headers.items() if name not in _STALE]
        return httpx.Response(call.last.status, headers=kept, content=call.last.body, request=request)

    async def aclose(self) -> None:
        """Nothing: clients come and go, the wire belongs to the transport that made the call."""


def _permitted(call: Call, given: httpx.Headers) -> dict[str, str]:
    """The headers that go out: to the stand-in no credentials and the draw, elsewhere no key that is none."""
    headers = {"content-type": "application/json", **given}
    headers = {name: value for name, value in headers.items() if name not in ("accept-encoding", "content-length")}
    if call.draw is not None:
        own = {"content-type", "accept", "user-agent"}
        headers = {name: value for name, value in headers.items() if name in own}
        headers["X-Coop-Draw"] = repr(call.draw)
    return {name: value for name, value in headers.items() if NO_KEY not in value}


def _is_readable(answer: Answer, path: str) -> bool:
    """Is it a JSON object with status 2xx, and if it should be a chat completion, one with a message?"""
    try:
        told = json.loads(answer.body) if 200 <= answer.status < 300 else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict) or not path.endswith("/chat/completions"):
        return isinstance(told, dict)
    choices = told.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict) and "message" in choices[0]


def _credentials(request: httpx.Request) -> Iterable[str]:
    given = [request.headers[name].split(" ")[-1] for name in _CREDENTIALS if name in request.headers]
    return [*given, *(value for name, value in request.url.params.items() if "key" in name or "token" in name)]


def _is_anothers(call: Call, values: Iterable[str]) -> bool:
    """Would OpenAI's key go to somebody else?"""
    key = os.environ.get("OPENAI_API_KEY", "")
    own = os.environ.get(f"{call.provider.upper()}_API_KEY", "")
    return bool(key) and call.provider not in _OPENAIS_OWN and key != own and any(key in value for value in values)
