"""The stand-in's HTTP: what it answers to each route, late or wrongly where that was asked for.

Every answer says what gives it: the header ``Server``, the ``system_fingerprint`` of a completion and
``owned_by`` of a model all name the stand-in, which is no language model.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, OrderedDict
from typing import Any, NamedTuple

from aiohttp import web

from coop_abm.core.errors import InputError, quoted
from coop_abm.llm.reading import NotOurs
from coop_abm.llm.stand_in_faults import FAULTS, Spoilt, error_body, json_response
from coop_abm.llm.stand_in_players import Asked, Unknown, everybody, player

SERVER = "coop-abm stand-in"
FINGERPRINT = "coop-abm stand-in, not a language model"
LARGEST = 4 << 20  # bytes of a request
#: Requests of which it is remembered how often they came, where faults are served.
REMEMBERED = 100_000


class Conduct(NamedTuple):
    """How the stand-in behaves.

    strategy    : what every model plays; empty: each what its name says
    latency     : seconds before an answer; each waits `latency` plus or minus up to `jitter` seconds
    fault_rate  : probability that an answer goes wrong, in one of the ways `faults`, all equally likely
    retry_after : seconds that a refusal for too many requests asks to wait
    pause       : seconds between two bytes of a drip
    seed        : of jitter and faults
    """

    strategy: str = ""
    latency: float = 0.0
    jitter: float = 0.0
    fault_rate: float = 0.0
    faults: tuple[str, ...] = ()
    retry_after: float = 1.0
    pause: float = 0.05
    seed: int = 0


class Refused(Exception):
    """A request that is answered with an error of its own making: status, message, kind, code, parameter."""

    def __init__(self, status: int, message: str, code: str, parameter: str | None = None):
        super().__init__(message)
        self.status, self.message, self.code, self.parameter = status, message, code, parameter


class Tally:
    """What was asked and what came of it.

    outcome : how many requests ended in each way: answered, refused (unknown model, foreign prompt), a
              fault by its name, gone (who asked did not wait), broken (a fault of the stand-in's own, never wanted)
    """

    def __init__(self) -> None:
        self.requests, self.in_flight, self.most_in_flight = 0, 0, 0
        self.outcome: Counter[str] = Counter()
        self.model: Counter[str] = Counter()

    def as_json(self) -> dict[str, Any]:
        """The counts as a JSON value."""
        return {
            "server": FINGERPRINT,
            "requests": self.requests,
            "by_outcome": dict(self.outcome),
            "by_model": dict(self.model),
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
        }


def tokens(text: str) -> int:
    """How many tokens a text is billed as: one for every four characters begun."""
    return (len(text) + 3) // 4


def completion(model: str, identity: str, asked: Asked, text: str) -> dict[str, Any]:
    """A chat completion as JSON value; it has no time, so that equal questions have equal answers."""
    read, written = sum(tokens(said) for _, said in asked.messages), tokens(text)
    return {
        "id": f"stand-in-{identity}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "system_fingerprint": FINGERPRINT,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _asked(body: bytes, draw: str | None) -> tuple[str, Asked]:
    """Model and question out of a request. *Raises* Refused."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):  # also what is no UTF-8
        raise Refused(400, "the request must be JSON", "invalid_json") from None
    if not isinstance(told, dict) or not isinstance(told.get("model"), str):
        raise Refused(400, "model must be given, as text", "invalid_model", "model")
    given = told.get("messages")
    if not isinstance(given, list) or not given or not all(_is_message(message) for message in given):
        raise Refused(400, "messages must be a list of role and content, both text", "invalid_messages", "messages")
    if told.get("stream") or told.get("n", 1) != 1:
        raise Refused(400, "stream and n: the stand-in gives one whole answer at a time", "unsupported", "stream")
    try:
        chance = None if draw is None else float(draw)
    except ValueError:
        chance = -1.0
    if chance is not None and not 0 <= chance < 1:
        raise Refused(400, f"X-Coop-Draw must lie in [0, 1); got {quoted(draw)}", "invalid_draw")
    return told["model"], Asked(tuple((message["role"], message["content"]) for message in given), chance)


def _is_message(given: object) -> bool:
    return isinstance(given, dict) and isinstance(given.get("role"), str) and isinstance(given.get("content"), str)


class Desk:
    """Answers requests, and counts them."""

    def __init__(self, conduct: Conduct):
        self.conduct, self.tally = conduct, Tally()
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions"""
        tally, outcome = self.tally, "gone"
        tally.requests += 1
        tally.in_flight += 1
        tally.most_in_flight = max(tally.most_in_flight, tally.in_flight)
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            body = await request.read()
            draw = request.headers.get("X-Coop-Draw")
            outcome = "broken"
            late, fault = self._luck(body, draw)
            answer = self._answer(body, draw)
            response = None if fault else json_response(json.dumps(answer).encode())
            outcome = "gone"  # unless it is waited for
            if late > 0:  # what the answer took is part of its latency
                await asyncio.sleep(begun + late - clock())
            outcome = fault or "answered"
            if response is not None:
                return response
            return await FAULTS[fault](Spoilt(request, answer, self.conduct.retry_after, self.conduct.pause))
        except Refused as refusal:
            outcome = "refused"
            body = error_body(refusal.message, "invalid_request_error", refusal.code, refusal.parameter)
            return json_response(body, refusal.status)
        except web.HTTPException:  # too large a body
            outcome = "refused"
            raise
        finally:
            tally.in_flight -= 1
            tally.outcome[outcome] += 1

    def _answer(self, body: bytes, draw: str | None) -> dict[str, Any]:
        model, asked = _asked(body, draw)
        try:
            play = player(self.conduct.strategy or model)
            self.tally.model[model] += 1
            identity = hashlib.sha256(body + repr(draw).encode()).hexdigest()[:24]
            return completion(model, identity, asked, play(asked))
        except NotOurs as error:
            message = f"messages must be a prompt that coop_abm made; {error}"
            raise Refused(400, message, "foreign_prompt", "messages") from None
        except Unknown as error:
            raise Refused(404, f"model {error}", "model_not_found", "model") from None
        except InputError as error:
            raise Refused(400, f"model: {error}", "invalid_knob", "model") from None

    def _luck(self, body: bytes, draw: str | None) -> tuple[float, str]:
        """Seconds to wait, and a fault or nothing: of the seed, the request and how often it came before.

        So a run meets the same luck in whatever order its requests arrive, and a request that is tried again has a
        new chance.
        """
        conduct = self.conduct
        if not conduct.fault_rate and not conduct.jitter:
            return conduct.latency, ""
        digest = hashlib.sha256(body + repr(draw).encode()).digest()
        times = self._seen.pop(digest, 0)
        self._seen[digest] = times + 1
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        luck = hashlib.sha256(digest + f"{conduct.seed},{times}".encode()).digest()
        happens, which, late = (int.from_bytes(luck[at : at + 6]) / 2**48 for at in (0, 6, 12))
        fault = conduct.faults[int(which * len(conduct.faults))] if happens < conduct.fault_rate else ""
        return max(0.0, conduct.latency + conduct.jitter * (2 * late - 1)), fault

    async def models(self, request: web.Request) -> web.Response:
        """GET /v1/models"""
        known = [{"id": f"stand-in/{n}", "object": "model", "created": 0, "owned_by": FINGERPRINT} for n in everybody()]
        return json_response(json.dumps({"object": "list", "data": known}).encode())

    async def stats(self, request: web.Request) -> web.Response:
        """GET /stats"""
        return json_response(json.dumps(self.tally.as_json()).encode())

    async def reset(self, request: web.Request) -> web.Response:
        """POST /stats/reset: counts from now on; what is in flight stays counted as that."""
        in_flight = self.tally.in_flight
        self.tally.__init__()  # type: ignore[misc]
        self.tally.in_flight = self.tally.most_in_flight = in_flight
        return await self.stats(request)

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(client_max_size=LARGEST)
        application.add_routes(
            [
                web.post("/v1/chat/completions", self.complete),
                web.get("/v1/models", self.models),
                web.get("/stats", self.stats),
                web.post("/stats/reset", self.reset),
            ]
        )
        application.on_response_prepare.append(_sign)
        return application


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    """Say in every answer, errors of the framework among them, what gave it."""
    response.headers["Server"] = SERVER
