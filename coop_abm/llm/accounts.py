"""The running totals of budgets in a journal, within one transaction: read once, written once."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import NamedTuple

from coop_abm.core.errors import JournalError
from coop_abm.llm.budget import NOTHING, Cost


class Accounts:
    """What every budget holds: what was spent under it and what is set aside.

    named : the journal, for messages

    The checksum of a row is verified before anything is added to it: a damaged total would let money through.
    """

    def __init__(self, base: sqlite3.Connection, named: str):
        self._base, self._named = base, named
        self._held: dict[int, Cost] = {}
        self._names: dict[int, str] = {}
        self._changed: set[int] = set()

    def number_of(self, name: str) -> int:
        """Number of the budget of this name, opened if there is none."""
        row = self._base.execute("SELECT id FROM budgets WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return row[0]
        return self._base.execute(
            "INSERT INTO budgets (name, calls, tokens, money, checksum) VALUES (?, 0, 0, 0, ?) RETURNING id",
            (name, checksum(name, NOTHING)),
        ).fetchone()[0]

    def held(self, budget: int) -> Cost:
        """What is spent and set aside.

        Raises
        ------
        JournalError
            if the row was damaged
        """
        if budget not in self._held:
            row = self._base.execute(
                "SELECT name, checksum, calls, tokens, money FROM budgets WHERE id = ?", (budget,)
            ).fetchone()
            if row is None or checksum(row[0], Cost(*row[2:])) != row[1]:
                raise JournalError(
                    f"{self._named} is damaged: row {budget} of budgets does not match its checksum; nothing was sent"
                )
            self._names[budget], self._held[budget] = row[0], Cost(*row[2:])
        return self._held[budget]

    def move(self, budget: int, before: Cost, after: Cost) -> None:
        """A try that held `before` now holds `after`."""
        if before != after:
            self._held[budget] = self.held(budget).less(before).plus(after)
            self._changed.add(budget)

    def write(self) -> None:
        """Write what changed."""
        for budget in self._changed:
            held = self._held[budget]
            self._base.execute(
                "UPDATE budgets SET calls = ?, tokens = ?, money = ?, checksum = ? WHERE id = ?",
                (*held, checksum(self._names[budget], held), budget),
            )


class Books(NamedTuple):
    """What is at hand within one transaction of the journal."""

    base: sqlite3.Connection
    accounts: Accounts


def checksum(name: str, held: Cost) -> bytes:
    """SHA-256 of a row of budgets."""
    return hashlib.sha256(repr((name, *held)).encode("utf-8", "surrogatepass")).digest()
