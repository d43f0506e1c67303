"""Keys out of texts: whatever a provider echoes, no key reaches a log, an error or the journal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from urllib.parse import quote

from coop_abm.core.errors import quoted

#: What stands in the place of a key.
MASK = "***"

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)(S|_?\d+)?$", re.IGNORECASE)
_SHORTEST = 8
_LONGEST_LINE = 200
_PATTERNS = (
    re.compile(r"(?i)((?:authorization|x-api-key|api[-_]key|x-goog-api-key)[\"'\\]*\s*[:=]\s*[\"'\\]*)[^\s\"'\\,;}]+"
               r"(?:\s+[\w.~+/=-]{8,})?"),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{12,}"),
    re.compile(r"()\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*-]{6,}"),
    re.compile(r"()\bAIza[\w-]{20,}"),
)  # fmt: skip


def secrets(more: Iterable[str] = ()) -> tuple[str, ...]:
    """Everything that must not be shown, in each form that it may take, the longest first.

    Parameters
    ----------
    more : values beside those of environment variables whose name ends like that of a key
    """
    found = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    found.update(more)
    forms: set[str] = set()
    for value in found:
        if len(value) >= _SHORTEST:
            forms.update((value, json.dumps(value)[1:-1], quote(value, safe="")))
    return tuple(sorted(forms, key=len, reverse=True))


def without(text: str, hidden: Iterable[str]) -> str:
    """The text with a mask in the place of each of these."""
    for value in hidden:
        if value in text:
            text = text.replace(value, MASK)
    return text


def redacted(text: str, hidden: Iterable[str] | None = None) -> str:
    """The text without the secrets of the environment, and without whatever looks like a key.

    >>> redacted("Authorization: Bearer abc.def-123456")
    'Authorization: ***'
    """
    text = without(text, secrets() if hidden is None else hidden)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def one_line(text: str, hidden: Iterable[str] | None = None) -> str:
    """Text of a provider as one printable line of at most 200 characters, in quotation marks, without keys."""
    shown = quoted(" ".join(redacted(text, hidden).split()), 160)
    return shown if len(shown) <= _LONGEST_LINE else shown[: _LONGEST_LINE - 2] + "…'"
