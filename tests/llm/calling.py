"""What the tests of the transports share: requests, both transports, and what each fault must come to."""

from __future__ import annotations

from typing import Any, NamedTuple

from coop_abm.core.errors import CallFailed
from coop_abm.llm.loop import run
from coop_abm.llm.messages import Address, Reply, Request
from coop_abm.llm.transport import open_transport

SCHEMA = '{"type": "object", "properties": {"action": {"enum": ["action_a", "action_b"]}}}'


def request(model: str = "openai/m", endpoint: str = "", *, row: int = 0, schema: str = "", **changes: Any) -> Request:
    """A small question."""
    asked = Request(
        model=model,
        messages=(("system", "You play a game."), ("user", "Which action do you take?")),
        schema=schema,
        temperature=None,
        top_p=None,
        max_tokens=20,
        endpoint=endpoint,
        address=Address("digest", 1, 0, 0, 0, "act", row),
        draw=0.25,
    )
    return asked._replace(**changes)


def ask(name: str, asked: Request, **settings: Any) -> Reply | CallFailed:
    """What one request over a transport of its own comes to."""
    made = open_transport(name, **settings)

    async def once() -> Reply | CallFailed:
        try:
            return await made.send(asked)
        except CallFailed as failed:
            return failed
        finally:
            await made.close()

    return run(once())


#: How litellm is asked: model, and whether its address ends with /v1.
DIALECTS = {
    "hosted_vllm/m": True,
    "ollama/m": False,
    "ollama_chat/m": True,
    "anthropic/claude-3-haiku-20240307": False,
    "gemini/gemini-2.5-flash": False,
}


class Failure(NamedTuple):
    """What a `CallFailed` says."""

    kind: str
    status: int = 0
    retry_after: float | None = None
    sent: bool = True
    again: bool = False


class Read(NamedTuple):
    """What a `Reply` says."""

    finish: str
    text: str = ""
    tokens: tuple[int | None, int | None] = (None, None)


def told(result: Reply | CallFailed) -> Failure | Read:
    """A result without what may differ from run to run."""
    if isinstance(result, CallFailed):
        return Failure(result.kind, result.status, result.retry_after, result.sent, result.again)
    return Read(result.finish, result.text, (result.input_tokens, result.output_tokens))


GOOD = '{"action": "action_a"}'
COUNTED = (11, 7)
NOTHING = Read("malformed")

#: What each fault of ``faulty.FAULTS`` must come to, over every transport.
EXPECTED: dict[str, Failure | Read] = {
    "ok": Read("stop", GOOD, COUNTED),
    "truncated": NOTHING,
    "text": NOTHING,
    "empty": NOTHING,
    "wrong_schema": NOTHING,
    "bad_utf8": NOTHING,
    "deep": NOTHING,
    "huge_number": NOTHING,
    "list": NOTHING,
    "null": NOTHING,
    "echo_text": NOTHING,
    "list_content": Read("malformed", "", COUNTED),
    "no_choices": Read("malformed", "", COUNTED),
    "null_content": Read("malformed", "", COUNTED),
    "no_usage": Read("stop", GOOD),
    "odd_text": Read("stop", f"{GOOD} \ufffd \x00 \u202e", COUNTED),
    "length": Read("length", GOOD, COUNTED),
    "reasoned": Read("stop", GOOD, COUNTED),
    "refusal": Read("refusal", "I cannot help with that.", COUNTED),
    "echo_content": Read("stop", f"{GOOD} ", COUNTED),
    "rate_limit": Failure("rate_limit", 429, again=True),
    "rate_limit_after": Failure("rate_limit", 429, 0.05, again=True),
    "rate_limit_long": Failure("rate_limit", 429, 3600.0, again=True),
    "rate_limit_date": Failure("rate_limit", 429, 90.0, again=True),
    "rate_limit_google": Failure("rate_limit", 429, 0.05, again=True),
    "quota": Failure("quota", 429),
    "quota_402": Failure("quota", 402),
    "quota_403": Failure("quota", 403),
    "quota_400": Failure("quota", 400),
    "server": Failure("server", 500, again=True),
    "unavailable": Failure("server", 503, again=True),
    "overloaded": Failure("server", 529, again=True),
    "echo_error": Failure("server", 500, again=True),
    "request_timeout": Failure("timeout", 408, again=True),
    "auth": Failure("auth", 401),
    "forbidden": Failure("auth", 403),
    "bad_request": Failure("refused", 400),
    "not_found": Failure("refused", 404),
    "unprocessable": Failure("refused", 422),
    "content_filter": Failure("content_filter", 400),
    "redirect": Failure("redirect", 307),
    "moved": Failure("redirect", 301),
    "cut_body": Failure("connection", again=True),
    "dropped": Failure("connection", again=True),
    "reset": Failure("connection", again=True),
    "garbage": Failure("connection", again=True),
    "hang": Failure("timeout", again=True),
    "drip": Failure("timeout", again=True),
    "huge": Failure("too_large"),
    "endless": Failure("too_large"),
}
#: Faults that only OpenAI's dialect can have.
OF_OPENAI = frozenset(
    {"list_content", "no_choices", "null_content", "no_usage", "length", "reasoned", "refusal", "odd_text",
     "bad_utf8", "huge_number", "echo_content"}
)  # fmt: skip
