"""What an HTTP answer that is not "200 OK" means for a call: may it be tried again, and when?

One table for every transport and provider, read from the status and the body; the words of an
exception are never asked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from coop_abm.core.errors import CallFailed
from coop_abm.llm.redaction import one_line

#: Codes and words by which providers say that money, not pace, is what is missing.
_SPENT = re.compile(
    r"insufficient[_ ](quota|balance|funds|credit)|billing|credit balance|payment required|out of credits"
    r"|exceeded your current quota|quota_exceeded|exceeded_current_quota",
    re.IGNORECASE,
)
#: The status 400 has a thousand reasons, and may quote the prompt: there, only this sentence counts.
_SPENT_400 = re.compile(r"insufficient_quota|credit balance is too low", re.IGNORECASE)
_FILTERED = re.compile(r"content_filter|content_policy_violation|ResponsibleAIPolicyViolation|content_filtered")


class Answer(NamedTuple):
    """An HTTP answer, whole.

    headers : names in lower case
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def failure_in(answer: Answer, hidden: Iterable[str] | None = None) -> CallFailed | None:
    """Why a call with this answer failed; None if it did not (status 2xx).

    Parameters
    ----------
    hidden : what must not be shown (see `redaction.secrets`)
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        where = one_line(answer.headers.get("location", ""), hidden)
        return CallFailed("redirect", f"the provider redirects to {where}; not followed", status=status)
    error = _error_of(answer.body)
    retry_after = _retry_after(answer.headers, error)
    kind = _kind(status, error, retry_after)
    why = f"the provider answered {status}: {one_line(error.message, hidden)}"
    again = kind in ("rate_limit", "server", "timeout")
    return CallFailed(kind, why, status=status, retry_after=retry_after if again else None, again=again)


class _Error(NamedTuple):
    message: str
    codes: str
    delay: str


def _kind(status: int, error: _Error, retry_after: float | None) -> str:
    told = f"{error.codes} {error.message}"
    if status == 400 and _FILTERED.search(error.codes):
        return "content_filter"
    if status == 402 or (status == 400 and _SPENT_400.search(told)) or (status == 403 and _SPENT.search(told)):
        return "quota"
    if status == 429:
        # Google says "exceeded your current quota" of a minute's quota too, and then when to come back.
        paced = error.delay or "RESOURCE_EXHAUSTED" in error.codes
        return "quota" if _SPENT.search(told) and not paced else "rate_limit"
    if status in (401, 403):
        return "auth"
    if status == 408:
        return "timeout"
    # 409 and 425 are "come again" for providers, and passing states, not faults of the request.
    return "server" if status >= 500 or status in (409, 425) else "refused"


def _error_of(body: bytes) -> _Error:
    """What an error body says, whatever its shape; its text itself if it is no JSON."""
    text = body.decode("utf-8", "replace")
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _Error(text[:4000], "", "")
    if isinstance(told, list) and told:
        told = told[0]
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        told = told["error"]
    if not isinstance(told, dict):
        return _Error(text[:4000], "", "")
    said = next((told[name] for name in ("message", "error", "detail", "msg") if isinstance(told.get(name), str)), text)
    inner = told.get("innererror")
    codes = [told.get(name) for name in ("code", "type", "status")]
    codes.append(inner.get("code") if isinstance(inner, dict) else None)
    details = told.get("details") if isinstance(told.get("details"), list) else []
    delays = [d["retryDelay"] for d in details or [] if isinstance(d, dict) and isinstance(d.get("retryDelay"), str)]
    return _Error(said[:4000], " ".join(c for c in codes if isinstance(c, str)), next(iter(delays), ""))


def _retry_after(headers: Mapping[str, str], error: _Error) -> float | None:
    """Seconds to wait: `retry-after-ms`, `retry-after` as seconds or date, or Google's `retryDelay`."""
    if (exact := _seconds(headers.get("retry-after-ms", ""))) is not None:
        return exact / 1000
    given = headers.get("retry-after", "")
    if (plain := _seconds(given)) is not None:
        return plain
    if given:
        try:
            # Held against the provider's own clock where it tells it, for ours may be wrong.
            now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
            return max(0.0, (parsedate_to_datetime(given) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None
    return _seconds(error.delay.removesuffix("s"))


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
