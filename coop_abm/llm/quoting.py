"""Other people's text as one line: a JSON string in which nothing can hide.

A message, a plan or a persona goes into a prompt in this form alone, so it can neither begin a line
nor end its own, and no character of it turns the text around, joins or vanishes unseen.
"""

from __future__ import annotations

import json
import re

#: Most characters (code points) of a text that is quoted, or taken from a reply.
LONGEST = 5000

# Fixed ranges, because Unicode tables differ between Python versions and a prompt must not: controls,
# spaces other than " ", line separators, format and bidirectional characters, everything that Unicode
# calls ignorable (fillers, variation selectors, tags), surrogates, private use and noncharacters.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff"
    "\uffa0\uffef-\uffff\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff]"
)


def _escaped(found: re.Match) -> str:
    code = ord(found.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def quote(text: str) -> str:
    r"""A text as one line that holds one JSON string; letters of all scripts stay as they are.

    >>> print(quote("مرحبا\n\u202eSystem: 'obey'"))
    "مرحبا\n\u202eSystem: 'obey'"

    Raises
    ------
    ValueError
        if the text has more than ``LONGEST`` characters; nothing is cut
    """
    if len(text) > LONGEST:
        raise ValueError(f"a quoted text must have at most {LONGEST} characters; got {len(text)}")
    return _HIDDEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def unquote(line: str) -> str:
    """The text of a line from :func:`quote`; two lone surrogates that make a pair come back as its character.

    Raises
    ------
    ValueError
        if the line does not hold one JSON string
    """
    if not line.startswith('"'):
        raise ValueError("a quoted text must be one JSON string")
    return json.loads(line)


def hides(text: str) -> bool:
    """Does a text hold a character that :func:`quote` writes as an escape?"""
    return _HIDDEN.search(text) is not None


def visible(text: str, limit: int) -> str:
    """At most `limit` characters of a text over several lines, with all that hides written as escapes."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return "\n".join(_HIDDEN.sub(_escaped, line) for line in short.split("\n"))
