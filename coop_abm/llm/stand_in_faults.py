"""What can go wrong with an answer, on demand: a table from the name of a fault to how it is served.

To add a fault, write how it is served and give it one line in :data:`FAULTS`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web


class Spoilt(NamedTuple):
    """An answer that is to go wrong.

    request     : whose it is
    completion  : what would have been answered, as JSON value
    retry_after : seconds that a refusal asks to wait
    pause       : seconds between two bytes of a drip
    """

    request: web.Request
    completion: dict[str, Any]
    retry_after: float
    pause: float


Fault = Callable[[Spoilt], Awaitable[web.StreamResponse]]


def error_body(message: str, kind: str, code: str, parameter: str | None = None) -> bytes:
    """An error as OpenAI words it: JSON with message, type, param and code."""
    error = {"message": message, "type": kind, "param": parameter, "code": code}
    return json.dumps({"error": error}, ensure_ascii=False).encode()


def json_response(body: bytes, status: int = 200, **headers: str) -> web.Response:
    """A body of JSON text as it is."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def _whole(spoilt: Spoilt) -> bytes:
    return json.dumps(spoilt.completion).encode()


async def _rate_limit(spoilt: Spoilt) -> web.StreamResponse:
    body = error_body("a fault on demand: too many requests", "rate_limit_error", "rate_limit_exceeded")
    return json_response(body, 429, **{"Retry-After": f"{spoilt.retry_after:g}"})


async def _server_error(spoilt: Spoilt) -> web.StreamResponse:
    return json_response(error_body("a fault on demand: server error", "server_error", "server_error"), 500)


async def _overloaded(spoilt: Spoilt) -> web.StreamResponse:
    return json_response(error_body("a fault on demand: overloaded", "server_error", "overloaded"), 503)


async def _cut_json(spoilt: Spoilt) -> web.StreamResponse:
    body = _whole(spoilt)
    return json_response(body[: len(body) // 2])


async def _text(spoilt: Spoilt) -> web.StreamResponse:
    return web.Response(text="a fault on demand: this is no JSON")


async def _empty(spoilt: Spoilt) -> web.StreamResponse:
    return json_response(b"")


async def _no_usage(spoilt: Spoilt) -> web.StreamResponse:
    return json_response(json.dumps({k: v for k, v in spoilt.completion.items() if k != "usage"}).encode())


async def _wrong_model(spoilt: Spoilt) -> web.StreamResponse:
    return json_response(json.dumps(spoilt.completion | {"model": "somebody-else"}).encode())


async def _dropped(spoilt: Spoilt) -> web.StreamResponse:
    if spoilt.request.transport is not None:  # it may have gone by itself
        spoilt.request.transport.abort()
    return web.Response(status=500)  # nobody hears it


async def _hang(spoilt: Spoilt) -> web.StreamResponse:
    return await asyncio.get_running_loop().create_future()  # until who asked has gone, or the server stops


async def _drip(spoilt: Spoilt) -> web.StreamResponse:
    body = _whole(spoilt)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(spoilt.request)
    for at in range(len(body)):
        await response.write(body[at : at + 1])
        await asyncio.sleep(spoilt.pause)
    await response.write_eof()
    return response


FAULTS: dict[str, Fault] = {
    "rate_limit": _rate_limit,
    "server_error": _server_error,
    "overloaded": _overloaded,
    "cut_json": _cut_json,
    "text": _text,
    "empty": _empty,
    "no_usage": _no_usage,
    "wrong_model": _wrong_model,
    "dropped": _dropped,
    "hang": _hang,
    "drip": _drip,
}
