"""A provider with which everything goes wrong, on raw sockets, on this machine.

:class:`Faulty` listens on 127.0.0.1 and answers each request with one of `FAULTS` (or well, ``ok``). It counts the
requests on its own side, so that a test can hold its count against ours. It speaks four dialects, told apart by the
path: OpenAI's (``/chat/completions``), Ollama's own (``/api/chat``), Anthropic's (``/messages``) and Google's
(``:generateContent``).

A fault is a name, a list of names served in turn (the last one for good), or a function from the
number of the request to a name; :func:`mix` makes a random one.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any, NamedTuple

GOOD = '{"action": "action_a"}'
HTML = "<html><body>" + "<p>The upstream is down.</p>\n" * 7000 + "</body></html>"


class Seen(NamedTuple):
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: Any

    @property
    def key(self) -> str:
        """The credentials in it, whatever the header."""
        names = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
        return next((self.headers[name] for name in names if name in self.headers), "")


class Faulty:
    """The server, in a thread of its own; a context manager.

    Attributes
    ----------
    base, root : addresses with and without ``/v1``
    seen       : all requests whose last byte arrived, in order
    sent       : bytes that were written to clients
    elsewhere  : where a redirect leads
    pause      : seconds between two bytes of a drip
    """

    def __init__(
        self, fault: str | Sequence[str] | Callable[[int], str] = "ok", *, elsewhere: str = "", latency: float = 0.0
    ):
        self.fault, self.elsewhere, self.latency = fault, elsewhere, latency
        self.pause = 0.12
        self.seen: list[Seen] = []
        self.sent = 0
        self._loop = asyncio.new_event_loop()
        self._calls: set[asyncio.Task] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty server", daemon=True)

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self.seen)

    def __enter__(self) -> Faulty:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        self.root = f"http://127.0.0.1:{self.port}"
        self.base = f"{self.root}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> int:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1 << 22)
        return self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        self._server.close()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            while (seen := await _read(reader)) is not None:
                number = len(self.seen)
                self.seen.append(seen)
                if self.latency:
                    await asyncio.sleep(self.latency)
                if not await self._answer(writer, seen, self._choose(number)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            self._calls.discard(task)
            writer.close()

    def _choose(self, number: int) -> str:
        if callable(self.fault):
            return self.fault(number)
        return self.fault if isinstance(self.fault, str) else self.fault[min(number, len(self.fault) - 1)]

    async def _answer(self, writer: asyncio.StreamWriter, seen: Seen, fault: str) -> bool:
        """Do as the fault says; is the connection still good for another request?"""
        if fault in STATUSES:
            status, headers, error = STATUSES[fault]
            body = error if isinstance(error, str) else json.dumps(error)
            echo = f"{seen.key} in {json.dumps(seen.headers)}"
            body = body.replace("ECHO", json.dumps(echo)[1:-1])
            now = 2_000_000_000  # by its own clock, which is wrong
            dates = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 90, usegmt=True)}
            extra = dates if fault == "rate_limit_date" else {}
            place = {"Location": f"{self.elsewhere}{seen.path}"} if 300 <= status < 400 else {}
            return await self._whole(writer, body.encode(), status, {**headers, **extra, **place})
        good = _good(seen)
        if fault in BODIES:
            return await self._whole(writer, BODIES[fault](seen, good))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(good)}\r\n\r\n".encode()
        if fault == "cut_body":
            await self._write(writer, head + good[: len(good) // 2])
        elif fault == "garbage":
            await self._write(writer, b"\x00\x01 this is no HTTP at all\r\n\r\n")
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)  # close now and throw away: the other side gets RST
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif fault == "hang":
            await asyncio.sleep(3600)
        elif fault == "drip":
            for byte in head + good:
                await self._write(writer, bytes([byte]))
                await asyncio.sleep(self.pause)
        elif fault in ("huge", "endless"):
            await self._write(writer, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            length = b"Content-Length: 52428800\r\n\r\n" if fault == "huge" else b"Connection: close\r\n\r\n"
            await self._write(writer, length)
            rest = 52428800 if fault == "huge" else 1 << 62
            while rest > 0:
                rest -= await self._write(writer, b" " * min(rest, 1 << 16))
        else:
            assert fault == "dropped", fault
        return False

    async def _whole(
        self, writer: asyncio.StreamWriter, body: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> bool:
        told = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        await self._write(writer, f"HTTP/1.1 {status} So it goes\r\n{lines}\r\n".encode() + body)
        return True

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> int:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)
        return len(data)


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    if "chunked" in headers.get("transfer-encoding", ""):
        pieces = []
        while size := int(await reader.readline(), 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
        await reader.readline()
        body = b"".join(pieces)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(head[0].split(" ")[1], headers, json.loads(body) if body else None)


# -------------------------------------------------------------------------------- what it says


def _good(seen: Seen, text: str = GOOD) -> bytes:
    """A whole, honest answer in the dialect of the request."""
    model = seen.body.get("model", "") if isinstance(seen.body, dict) else ""
    told: dict[str, Any]
    if seen.path.endswith("/messages"):
        tools = [
            {"type": "tool_use", "id": "toolu_1", "name": t["name"], "input": json.loads(GOOD)}
            for t in seen.body.get("tools", ())
        ]  # litellm asks Anthropic for JSON as for a tool
        told = {"id": "msg_1", "type": "message", "role": "assistant", "model": model,
                "stop_reason": "tool_use" if tools else "end_turn",
                "content": tools or [{"type": "text", "text": text}],
                "usage": {"input_tokens": 11, "output_tokens": 7}}  # fmt: skip
    elif seen.path.endswith(":generateContent"):
        told = {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18},
                "modelVersion": "gemini-2.5-flash"}  # fmt: skip
    elif seen.path.startswith("/api/"):
        told = {"model": model, "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop",
                "message": {"role": "assistant", "content": text},
                "prompt_eval_count": 11, "eval_count": 7}  # fmt: skip
    else:
        told = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}  # fmt: skip
    return json.dumps(told).encode()


def _changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Seen, bytes], bytes]:
    """A good answer of OpenAI's dialect with one thing changed."""

    def body(_: Seen, good: bytes) -> bytes:
        told = json.loads(good)
        change(told)
        return json.dumps(told).encode()

    return body


def _message(**changes: Any) -> Callable[[Seen, bytes], bytes]:
    return _changed(lambda told: told["choices"][0]["message"].update(changes))


#: Answers with status 200: fault -> body.
BODIES: dict[str, Callable[[Seen, bytes], bytes]] = {
    "ok": lambda _, good: good,
    "truncated": lambda _, good: good[: len(good) * 2 // 3],
    "text": lambda *_: b"I would rather not answer in JSON.",
    "empty": lambda *_: b"",
    "wrong_schema": lambda *_: b'{"answer": {"action": "action_a"}}',
    "bad_utf8": lambda _, good: good.replace(b"assistant", b"assist\xff\xfeant"),
    "list_content": _message(content=[{"type": "text", "text": GOOD}]),
    "no_choices": _changed(lambda told: told.update(choices=[])),
    "null_content": _message(content=None),
    "no_usage": _changed(lambda told: told.pop("usage")),
    "odd_text": lambda seen, _: _good(seen, GOOD + " \ud800 \x00 \u202e"),
    "length": _changed(lambda told: told["choices"][0].update(finish_reason="length")),
    "reasoned": _message(reasoning_content="It cooperated, so I do."),
    "refusal": _message(content=None, refusal="I cannot help with that."),
    "deep": lambda *_: b"[" * 200_000,
    "huge_number": lambda _, good: good.replace(b'"prompt_tokens": 11', b'"prompt_tokens": ' + b"9" * 5000),
    "list": lambda *_: b"[]",
    "null": lambda *_: b"null",
    "echo_content": lambda seen, _: _good(seen, f"{GOOD} {seen.key}"),
    "echo_text": lambda seen, _: f"not JSON, but {json.dumps(seen.headers)}".encode(),
}  # fmt: skip


def _error(message: str, code: str | None = None, kind: str = "error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


#: Answers with another status: fault -> (status, headers, body); ECHO becomes the headers of the request.
STATUSES: dict[str, tuple[int, dict[str, str], Any]] = {
    "rate_limit": (429, {}, _error("Rate limit reached for requests", "rate_limit_exceeded")),
    "rate_limit_after": (429, {"Retry-After": "0.05"}, _error("Slow down", "rate_limit_exceeded")),
    "rate_limit_long": (429, {"Retry-After": "3600"}, _error("Come back later", "rate_limit_exceeded")),
    "rate_limit_date": (429, {}, _error("Come back at that time", "rate_limit_exceeded")),
    "rate_limit_google": (429, {}, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "details": [{"@type": "RetryInfo", "retryDelay": "0.05s"}]}}),
    "quota": (429, {"Retry-After": "2"}, _error("You exceeded your current quota, please check your plan and "
        "billing details.", "insufficient_quota", "insufficient_quota")),
    "quota_402": (402, {}, _error("Insufficient Balance")),
    "quota_403": (403, {}, _error("This API method requires billing to be enabled.")),
    "quota_400": (400, {}, _error("Your credit balance is too low to access the API.", None, "invalid_request_error")),
    "server": (500, {}, HTML),
    "unavailable": (503, {}, _error("The server is overloaded")),
    "overloaded": (529, {}, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "auth": (401, {}, _error("Incorrect API key provided: ECHO", "invalid_api_key")),
    "forbidden": (403, {}, _error("You are not allowed to sample from this model")),
    "bad_request": (400, {}, _error("max_tokens is too large: 10\x1b[31m\n\nECHO")),
    "content_filter": (400, {}, _error("The response was filtered", "content_filter")),
    "not_found": (404, {}, _error("The model does not exist", "model_not_found")),
    "unprocessable": (422, {}, {"detail": "field required"}),
    "request_timeout": (408, {}, _error("Request timed out")),
    "redirect": (307, {}, ""),
    "moved": (301, {}, ""),
    "echo_error": (500, {}, _error("Failed for ECHO")),
}  # fmt: skip

#: Faults below HTTP.
BROKEN = ("cut_body", "dropped", "reset", "garbage")
#: Faults that only a deadline or a largest size ends.
LONG = ("hang", "drip", "huge", "endless")

FAULTS: tuple[str, ...] = (*(name for name in BODIES if name != "ok"), *STATUSES, *BROKEN, *LONG)


def mix(seed: int, share: float, faults: Sequence[str]) -> Callable[[int], str]:
    """A fault with probability `share`, drawn evenly from `faults`; drawn by the number of the request."""

    def choose(number: int) -> str:
        dice = random.Random(f"{seed} {number}")
        return dice.choice(list(faults)) if dice.random() < share else "ok"

    return choose
