"""A chat completion as OpenAI and its likes write it, read strictly.

A body that is none was paid for all the same: it becomes a reply with ``finish="malformed"``, with
its text in `raw` and whatever tokens it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from coop_abm.llm.messages import Reply
from coop_abm.llm.redaction import redacted, secrets, without

MALFORMED = "malformed"
#: An empty text is no fault of the body if the answer ended for one of these.
_CUT_SHORT = frozenset({"length", "content_filter"})


def read_completion(body: bytes, latency: float, hidden: Iterable[str] | None = None) -> Reply:
    """The reply in the body of an answer with status 2xx.

    Parameters
    ----------
    latency : seconds from sending to the last byte
    hidden  : what must not be shown (see `redaction.secrets`)
    """
    hidden = secrets() if hidden is None else tuple(hidden)
    raw = redacted(body.decode("utf-8", "replace"), hidden)
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, numbers or nesting beyond bounds
        return Reply("", "", MALFORMED, None, None, "", latency, raw)
    told = told if isinstance(told, dict) else {}
    usage = told.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    text, finish, reasoning = _said(told)
    return Reply(
        text=_clean(text, hidden),
        model=_clean(_text(told.get("model")), hidden),
        finish=_clean(finish, hidden),
        input_tokens=count(usage.get("prompt_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        reasoning=_clean(reasoning, hidden),
        latency=latency,
        raw=raw,
    )


def _said(told: dict[str, Any]) -> tuple[str, str, str]:
    """(text, why it ended, reasoning)."""
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return "", MALFORMED, ""
    finish = _text(choice.get("finish_reason"))
    reasoning = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    content, refusal = message.get("content"), message.get("refusal")
    if isinstance(content, str):
        return content, finish, reasoning
    if content is None and isinstance(refusal, str) and refusal:
        return refusal, "refusal", reasoning
    if content is None and finish in _CUT_SHORT:
        return "", finish, reasoning
    return "", MALFORMED, reasoning


def count(number: object) -> int | None:
    """A number of tokens; None if it is none."""
    return number if type(number) is int and 0 <= number < 2**53 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str, hidden: Iterable[str]) -> str:
    """The text as it came, but for keys, and for halves of characters that cannot be written to a file."""
    text = without(text, hidden)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
