"""Calls that were begun and not brought to an end: by an interrupt, a failure, or a process that is no more."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from coop_abm.core.errors import JournalError
from coop_abm.core.locks import is_held
from coop_abm.llm import rows
from coop_abm.llm.accounts import Books
from coop_abm.llm.budget import NOTHING, Cost
from coop_abm.llm.ledger import Released
from coop_abm.llm.sessions import lock_of

#: Each try that is marked as sent may have been.
ALL = 2**31


def let_go(books: Books, gone: Mapping[int, int], owner: int) -> Released:
    """Give up those of the calls that this session still owns.

    A try that was never sent disappears, with what was set aside for it, and so does a call without any try. One that
    was sent is unknown from now on, and keeps its worst case: it may have been paid.

    gone : number of the last try of each call that really went out, `ALL` where nobody can say
    """
    base, accounts = books
    unknown, cost = 0, NOTHING
    for call, last in gone.items():
        if base.execute("UPDATE calls SET owner = NULL WHERE id = ? AND owner = ?", (call, owner)).rowcount == 0:
            continue  # it was done after all
        for number, state, budget, *held in base.execute(
            "SELECT number, state, budget, calls, tokens, money FROM tries "
            "WHERE call = ? AND state IN ('intent', 'sent')",
            (call,),
        ).fetchall():
            if state == "sent" and number <= last:
                base.execute("UPDATE tries SET state = 'unknown' WHERE call = ? AND number = ?", (call, number))
                unknown, cost = unknown + 1, cost.plus(Cost(*held))
                continue
            accounts.move(budget, Cost(*held), NOTHING)
            base.execute("DELETE FROM tries WHERE call = ? AND number = ?", (call, number))
        if base.execute("SELECT 1 FROM tries WHERE call = ?", (call,)).fetchone() is None:
            base.execute("DELETE FROM links WHERE call = ?", (call,))
            base.execute("DELETE FROM calls WHERE id = ?", (call,))
    return Released(unknown, cost)


def owners(base: sqlite3.Connection) -> set[int]:
    """Every session that owns a call."""
    return {row[0] for row in base.execute("SELECT DISTINCT owner FROM calls WHERE owner IS NOT NULL")}


def is_over(base: sqlite3.Connection, owner: int, folder: Path) -> bool:
    """Has the process of this session ended?"""
    row = base.execute("SELECT name FROM sessions WHERE id = ?", (owner,)).fetchone()
    return row is None or not is_held(lock_of(folder, row[0]), JournalError)


def clear(books: Books, sessions: Iterable[int], folder: Path) -> int:
    """Let go of all that those of these sessions own that are over; returns how many tries became unknown."""
    unknown = 0
    for owner in sessions:
        if not is_over(books.base, owner, folder):
            continue
        calls = [row[0] for row in books.base.execute("SELECT id FROM calls WHERE owner = ?", (owner,)).fetchall()]
        unknown += let_go(books, dict.fromkeys(calls, ALL), owner).unknown
        row = books.base.execute("SELECT name FROM sessions WHERE id = ?", (owner,)).fetchone()
        if row is not None:
            with contextlib.suppress(OSError):
                lock_of(folder, row[0]).unlink(missing_ok=True)
    return unknown


def discard_damaged(books: Books) -> int:
    """Take away every reply that does not match its checksum; its try counts as failed, and as paid for.

    A call that is marked as done and has no reply is treated alike. Returns how many there were.
    """
    damaged = []
    for call, key, *columns in books.base.execute(
        "SELECT c.id, c.key, r.checksum, r.text, r.model, r.finish, r.input_tokens, r.output_tokens, r.reasoning, "
        "r.latency, r.raw FROM tries t JOIN calls c ON c.id = t.call LEFT JOIN replies r ON r.call = c.id "
        "WHERE t.state = 'done'"
    ):
        if columns[0] is None or rows.reply_of(key, columns) is None:
            damaged.append(call)
    for call in damaged:
        books.base.execute("DELETE FROM replies WHERE call = ?", (call,))
        books.base.execute(
            "UPDATE tries SET state = 'failed', kind = 'damaged' WHERE call = ? AND state = 'done'", (call,)
        )
    return len(damaged)
