"""How requests and replies become rows of the journal, and how a row shows that it was damaged.

Text is kept as text, so that anyone can read the file with SQLite. A lone surrogate, which models do send, is no
valid UTF-8; such a text is kept as bytes instead, and comes back as it was.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from coop_abm.core.errors import quoted
from coop_abm.llm.messages import Address, Reply, Request


def cell(text: str) -> str | bytes:
    """A text as it is kept."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(kept: Any) -> str:
    """A text as it was; what is no text any more comes back as something that no checksum will match."""
    if isinstance(kept, bytes):
        try:
            return kept.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return repr(kept)
    return kept if isinstance(kept, str) else repr(kept)


def name_of(text: str) -> str:
    """A name that can be kept as text: of a folder, say, that is no valid UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def hash_of(text: str) -> bytes:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def columns_of(key: str, reply: Reply) -> tuple:
    """A reply as a row: its checksum, then its fields in order."""
    text, model, finish, into, out, reasoning, latency, raw = reply
    latency = float(latency)
    mark = _checksum(bytes.fromhex(key), text, model, finish, into, out, reasoning, latency, raw)
    return mark, cell(text), cell(model), cell(finish), into, out, cell(reasoning), latency, cell(raw)


def reply_of(key: bytes, columns: Sequence[Any]) -> Reply | None:
    """The reply in a row; None if the row does not match its checksum."""
    mark, text, model, finish, into, out, reasoning, latency, raw = columns
    text, model, finish, reasoning, raw = map(text_of, (text, model, finish, reasoning, raw))
    if _checksum(key, text, model, finish, into, out, reasoning, latency, raw) != mark:
        return None
    return Reply(text, model, finish, into, out, reasoning, latency, raw)


def _checksum(key: bytes, text: str, model: str, finish: str, into, out, reasoning: str, latency, raw: str) -> bytes:
    # Lengths come first, so that nothing can pass from one text to its neighbour.
    head = repr((key, len(text), len(reasoning), len(raw), model, finish, into, out, latency))
    return hashlib.sha256(f"{head}{text}{reasoning}{raw}".encode("utf-8", "surrogatepass")).digest()


def request_of(call: sqlite3.Row, terms: sqlite3.Row, messages: Sequence[tuple[str, str]]) -> Request:
    """The request that was made, but for its draw, which is not kept."""
    address = Address(
        terms["digest"],
        int(terms["seed"]),
        call["replicate"],
        call["round"],
        call["turn"],
        call["stage"],
        call["row"],
        call["attempt"],
    )
    return Request(
        terms["model"], tuple(messages), text_of(terms["schema"]), terms["temperature"], terms["top_p"],
        terms["max_tokens"], terms["endpoint"], address, templates=terms["templates"],
    )  # fmt: skip


def listed(messages: Sequence[tuple[str, bytes]]) -> str:
    """(role, hash of the text) of every message, as JSON."""
    return json.dumps([(role, mark.hex()) for role, mark in messages])


def whereabouts(address: Address) -> str:
    """Which call this is, in words; counted from 0 as in the address."""
    again = ", repair" if address.attempt else ""
    return (
        f"round {address.round}, turn {address.turn}, {quoted(address.stage)[1:-1]} of row {address.row}, replicate "
        f"{address.replicate}, seed {address.seed}{again}"
    )
