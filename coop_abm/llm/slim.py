"""The slim transport: straight to any server that speaks as OpenAI does.

vLLM, Ollama, llama.cpp, the stand-in and many others answer `POST BASE/chat/completions`. For them this does
in a tenth of the time what litellm does; it knows no other language.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, NamedTuple

from coop_abm.core.errors import CallFailed, ScenarioError, quoted
from coop_abm.llm.completion import read_completion
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.verdict import failure_in
from coop_abm.llm.wire import Wire

_OPENAI = "https://api.openai.com/v1"
#: Providers that need no `endpoint`: the variables that may name their base address, and the usual one.
_BASES = {
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), _OPENAI),
    "ollama": (("OLLAMA_API_BASE",), "http://127.0.0.1:11434/v1"),
    "ollama_chat": (("OLLAMA_API_BASE",), "http://127.0.0.1:11434/v1"),
    "hosted_vllm": (("HOSTED_VLLM_API_BASE",), ""),
}
_KEYS = {"ollama_chat": "OLLAMA_API_KEY"}


class Route(NamedTuple):
    """Where a request goes.

    name     : the model's name there
    base     : address before ``/chat/completions``
    variable : environment variable with the key that belongs there; empty for none
    """

    name: str
    base: str
    variable: str


class Slim:
    """Sends requests to OpenAI-compatible servers (see `transport.Transport`).

    Keys are taken from the environment, ``PROVIDER_API_KEY`` for a model ``provider/...``, and go to
    no other provider; the stand-in never gets one.

    Parameters
    ----------
    deadline    : seconds for a whole call
    largest     : most bytes of an answer
    stand_in    : base address of a running stand-in server, for models ``stand-in/...``
    concurrency : most connections
    """

    def __init__(
        self, *, deadline: float = 120.0, largest: int = 4 << 20, stand_in: str | None = None, concurrency: int = 100
    ):
        self.stand_in = stand_in
        self._wire = Wire(deadline=deadline, largest=largest, concurrency=concurrency)

    async def send(self, request: Request) -> Reply:
        """The reply to one request."""
        try:
            route = route_of(request.model, request.endpoint, self.stand_in)
        except ScenarioError as error:
            raise CallFailed("refused", str(error), sent=False) from None
        result = await self._call(request, route)
        if isinstance(result, CallFailed):  # raised here, far from frames that hold headers or bodies
            raise result
        return result

    async def close(self) -> None:
        """Close all connections."""
        await self._wire.close()

    async def _call(self, request: Request, route: Route) -> Reply | CallFailed:
        if route.base == _OPENAI and not os.environ.get(route.variable):
            return CallFailed("auth", f"{route.variable} is not set in the environment", sent=False)
        url, started = f"{route.base}/chat/completions", time.monotonic()
        answer = await self._wire.post(url, _body(request, route), _headers(request, route))
        if isinstance(answer, CallFailed):
            return answer
        return failure_in(answer) or read_completion(answer.body, time.monotonic() - started)


def route_of(model: str, endpoint: str, stand_in: str | None) -> Route:
    """Where the slim transport sends requests to a model.

    Raises
    ------
    ScenarioError
        if it cannot reach that model
    """
    provider, slash, name = model.partition("/")
    if not slash:
        provider, name = "", model
    if provider == "stand-in":
        if stand_in is None:
            raise ScenarioError(f"model {quoted(model)} needs a running stand-in server; there is none")
        return Route(name, stand_in.rstrip("/"), "")
    variables, usual = _BASES.get(provider, ((), ""))
    base = endpoint or next((os.environ[v] for v in variables if os.environ.get(v)), usual)
    if not base:
        raise ScenarioError(
            f"model {quoted(model)} needs an endpoint over the transport slim, which knows only servers that "
            "speak as OpenAI does; give endpoint, or use the transport litellm"
        )
    base = base.rstrip("/")
    if provider in ("ollama", "ollama_chat") and not base.endswith("/v1"):
        base += "/v1"  # litellm speaks Ollama's own language, under the address of the server itself
    variable = _KEYS.get(provider, f"{provider.upper().replace('-', '_')}_API_KEY") if provider else ""
    return Route(name, base, variable)


def _headers(request: Request, route: Route) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if request.model.startswith("stand-in/"):
        headers["X-Coop-Draw"] = repr(request.draw)
    elif key := os.environ.get(route.variable, ""):
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _body(request: Request, route: Route) -> bytes:
    """The request as JSON; what is None is left to the provider."""
    # OpenAI's newer models refuse `max_tokens`, other servers do not know its successor.
    longest = "max_completion_tokens" if route.base == _OPENAI else "max_tokens"
    told: dict[str, Any] = {
        "model": route.name,
        "messages": [{"role": role, "content": text} for role, text in request.messages],
        longest: request.max_tokens,
    }
    if request.temperature is not None:
        told["temperature"] = request.temperature
    if request.top_p is not None:
        told["top_p"] = request.top_p
    if request.schema:
        told["response_format"] = response_format(request.schema)
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def response_format(schema: str) -> dict[str, Any]:
    """How OpenAI and its likes are asked for an answer of a JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": json.loads(schema)}}
