"""The transport of every provider, through litellm.

litellm writes the request in the provider's language and reads the answer back. Everything else is kept
from it: it tries once, follows nothing, and what an answer means is judged here, from the bytes, as
for the slim transport. A few providers that it reaches by other ways than its HTTP clients (SDKs of
their own) pass no gate: for them the deadline and the verdict on its exceptions hold, size and single
sending do not.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import warnings
from typing import Any

from coop_abm.core.errors import CallFailed
from coop_abm.llm.completion import MALFORMED, count, read_completion
from coop_abm.llm.gate import NO_KEY, Call, Gate, current
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.redaction import one_line, redacted, secrets, without
from coop_abm.llm.slim import response_format
from coop_abm.llm.verdict import Answer, failure_in
from coop_abm.llm.wire import Wire

#: Loggers that may be handed requests with their headers, or addresses with a key in them.
_TALKATIVE = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai", "openai._base_client", "aiohttp.client")
_FREE = {"litellm_provider": "ollama_chat", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
logger = logging.getLogger(__name__)
_loading = threading.Lock()


class LiteLLM:
    """Sends requests to any provider that litellm reaches by its model string (see `transport.Transport`).

    Keys are taken from the environment by litellm, each for its provider. ``ollama/...`` is spoken to as
    ``ollama_chat/...``, so that Ollama applies the model's own chat template.

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
        self.deadline, self.stand_in = deadline, stand_in
        self._wire = Wire(deadline=deadline, largest=largest, concurrency=concurrency)
        self._litellm: Any = None
        self._past: set[str] = set()

    async def send(self, request: Request) -> Reply:
        """The reply to one request."""
        if self._litellm is None:  # takes seconds: not on the loop, and before the deadline runs
            try:
                self._litellm = await asyncio.to_thread(_load)
            except (ImportError, TypeError, AttributeError) as error:
                why = f"the installed litellm does not fit: {one_line(str(error))}; install litellm>=1.106,<2"
                raise CallFailed("refused", why, sent=False) from None
        if request.model.startswith("stand-in/") and self.stand_in is None:
            raise CallFailed("refused", "model stand-in/... needs a running stand-in server; there is none", sent=False)
        result = await self._call(request)
        if isinstance(result, CallFailed):
            raise result
        return result

    async def close(self) -> None:
        """Close all connections."""
        await self._wire.close()

    async def _call(self, request: Request) -> Reply | CallFailed:
        """Ask litellm once. What it raises is looked at and dropped here, with its frames."""
        stand_in = request.model.startswith("stand-in/")
        call = Call(self._wire, request.model.partition("/")[0], request.draw if stand_in else None)
        token = current.set(call)
        try:
            async with asyncio.timeout(self.deadline):
                response = await self._litellm.acompletion(**self._arguments(request))
        except TimeoutError:
            if not isinstance(call.last, Answer):
                return CallFailed("timeout", f"no whole answer within {self.deadline:g} s", again=True)
            response = None
        except Exception as error:  # noqa: BLE001 - a hundred providers' code; whatever it raises ends here
            if call.last is None:
                return _unsent(error, self._litellm)
            response = None
        finally:
            current.reset(token)
        if isinstance(call.last, CallFailed):
            return call.last
        if call.last is not None and (failure := failure_in(call.last, call.hidden())) is not None:
            return failure
        if call.last is None and call.provider not in self._past:
            self._past.add(call.provider)
            logger.warning("litellm reaches %s past the gate: nothing limits size and tries there", call.provider)
        return _reply(response, call)

    def _arguments(self, request: Request) -> dict[str, Any]:
        """What `litellm.acompletion` is asked. A setting that a model does not take is an error, not left out."""
        model, base, key = self._place(request)
        provider = model.partition("/")[0]
        told: dict[str, Any] = {
            "model": model,
            "messages": [{"role": role, "content": text} for role, text in request.messages],
            "max_tokens": request.max_tokens,
            "timeout": self.deadline,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": False,
            "caching": False,
            "no-log": True,
            "api_base": base,
            "api_key": key,
            "temperature": request.temperature,
            "top_p": request.top_p,
        }
        told = {name: value for name, value in told.items() if value is not None}
        if request.schema and (base or _takes_schema(self._litellm, model, provider)):
            told["response_format"] = response_format(request.schema)
        return told

    def _place(self, request: Request) -> tuple[str, str | None, str | None]:
        """(model string of litellm, base address, key); None leaves the last two to litellm."""
        provider, slash, name = request.model.partition("/")
        if provider == "stand-in":
            return f"hosted_vllm/{name}", self.stand_in, NO_KEY  # OpenAI's language, with a third less work
        if provider in ("ollama", "ollama_chat"):
            # A model that its price table lacks makes litellm ask the server about it, after each call.
            self._litellm.model_cost.setdefault(f"ollama_chat/{name}", _FREE)
            base = request.endpoint.rstrip("/").removesuffix("/v1")  # the native interface has no such path
            return f"ollama_chat/{name}", base or None, None
        if not request.endpoint:
            return request.model, None, None
        if not slash:
            return f"openai/{request.model}", request.endpoint, NO_KEY
        return request.model, request.endpoint, None if self._has_key(request.model, provider) else NO_KEY

    def _has_key(self, model: str, provider: str) -> bool:
        """Is there a key of this very provider, so that litellm need not look for another?"""
        if os.environ.get(f"{provider.upper()}_API_KEY"):
            return True
        found = self._litellm.get_llm_provider(model)[2]  # of those whose variable has a name of its own
        return provider != "hosted_vllm" and bool(found)


def _takes_schema(litellm: Any, model: str, provider: str) -> bool:
    """Can the model be held to a JSON schema, as far as litellm knows?"""
    if provider in ("ollama_chat", "hosted_vllm"):
        return True  # the server decides, and asking litellm would ask the server
    known = litellm.get_supported_openai_params(model=model) or []
    return "response_format" in known and litellm.supports_response_schema(model=model)


def _reply(response: Any, call: Call) -> Reply:
    """The reply in an answer with status 2xx; litellm may have failed to read it, then `response` is None."""
    hidden = call.hidden()
    body = call.last.body if isinstance(call.last, Answer) else b""
    plain = read_completion(body, call.latency, hidden)
    if call.last_path.endswith("/chat/completions") and plain.finish != MALFORMED:
        return plain
    choice = next(iter(getattr(response, "choices", None) or ()), None)
    message = getattr(choice, "message", None)
    text = getattr(message, "content", None)
    if not isinstance(text, str) or (call.last_path.endswith("/chat/completions") and not text):
        return plain._replace(text="", finish=MALFORMED)
    usage = getattr(response, "usage", None)
    taken, given = count(getattr(usage, "prompt_tokens", None)), count(getattr(usage, "completion_tokens", None))
    # litellm writes 0 where the provider said nothing; no prompt is empty.
    return Reply(
        text=without(text, hidden),
        model=_model_in(body) or str(response.model or ""),
        finish=str(getattr(choice, "finish_reason", None) or ""),
        input_tokens=taken or None,
        output_tokens=given if taken else None,
        reasoning=without(str(getattr(message, "reasoning_content", None) or ""), hidden),
        latency=call.latency,
        raw=plain.raw or redacted(response.model_dump_json(), hidden),
    )


def _model_in(body: bytes) -> str:
    """The model's name as the provider wrote it; litellm's has prefixes of its own."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    name = told.get("model", told.get("modelVersion")) if isinstance(told, dict) else None
    return name if isinstance(name, str) else ""


def _unsent(error: Exception, litellm: Any) -> CallFailed:
    """A call that ended before anything went through the gate: litellm refused it, or knows another way out."""
    status = getattr(error, "status_code", 0)
    passing = status in (408, 429) or (isinstance(status, int) and status >= 500)
    why = f"litellm: {one_line(str(error).partition('Traceback (most recent')[0])}"
    if passing and not isinstance(error, litellm.APIConnectionError):  # which it also makes of any error of its own
        met = failure_in(Answer(status, {}, str(error).encode("utf-8", "replace")))
        if met is not None:
            return CallFailed(met.kind, why, status=status, again=met.again)
    return CallFailed("auth" if status in (401, 403) else "refused", why, sent=passing)


class _Redacting(logging.Filter):
    """Takes keys out of what a library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        hidden = secrets()
        record.msg, record.args = redacted(record.getMessage(), hidden), None
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_info, record.exc_text = None, redacted(text, hidden)
        return True


def _load() -> Any:
    """litellm, imported without asking the network for prices, and silenced. Safe to call from any thread."""
    with _loading:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        os.environ.setdefault("LITELLM_MODE", "PRODUCTION")  # else it reads a .env file into the environment
        import httpx
        import litellm
        from litellm.caching.llm_caching_handler import LLMClientCache
        from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

        if isinstance(getattr(litellm.aclient_session, "_transport", None), Gate):
            return litellm
        litellm.suppress_debug_info = True
        litellm.num_retries = litellm.model_fallbacks = litellm.cache = None
        for name in ("input_callback", "success_callback", "failure_callback", "service_callback", "callbacks"):
            setattr(litellm, name, [])
        gate = Gate()
        guarded = AsyncHTTPHandler(transport=gate, follow_redirects=False)

        class Clients(LLMClientCache):
            """Hands the guarded client to calls of ours, whatever provider asks for one."""

            def get_cache(self, key: str, **options: Any) -> Any:
                if current.get() is not None and str(key).startswith("async_httpx_client"):
                    return guarded
                return super().get_cache(key, **options)

        litellm.in_memory_llm_clients_cache = Clients()
        # The SDK of OpenAI, which litellm uses for all who speak like it, takes this one.
        litellm.aclient_session = httpx.AsyncClient(transport=gate, follow_redirects=False, trust_env=False)
        warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
        # A call that is cancelled while litellm prepares it leaves one of its coroutines behind.
        warnings.filterwarnings("ignore", "coroutine .*completion.* was never awaited", RuntimeWarning)
        for name in _TALKATIVE:
            logging.getLogger(name).addFilter(_Redacting())
        return litellm
