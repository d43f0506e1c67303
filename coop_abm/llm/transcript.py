"""Reading the journal as a record: what a run asked and got, and which rows were damaged."""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from coop_abm.core.database import TROUBLE
from coop_abm.core.errors import JournalError, quoted
from coop_abm.llm import rows
from coop_abm.llm.accounts import checksum
from coop_abm.llm.budget import Cost, money
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.store import Store

#: Stages of one turn in the order in which they come; others follow, by name.
STAGES = ("plan", "critique", "revise", "talk", "act")

_ORDER = (
    "c.round, c.turn, CASE c.stage "
    + " ".join(f"WHEN '{stage}' THEN {place}" for place, stage in enumerate(STAGES))
    + f' ELSE {len(STAGES)} END, c.stage, c."row", c.attempt, c.replicate, c.id'
)


class Try(NamedTuple):
    """One try of a call.

    number  : from 0
    state   : intent (written down, not sent yet), sent (under way), done, failed, or unknown (its process ended before
              anything came back; it may have been paid)
    kind, status : of a failure, as in `CallFailed`
    at      : when it was sent, seconds since 1970
    latency : seconds; None if nothing came back
    money   : what it cost, or may have cost at most
    """

    number: int
    state: str
    kind: str
    status: int
    at: float
    latency: float | None
    money: float


class Call(NamedTuple):
    """One call of a run, with all that is known of it.

    state   : of its last try; done if there is a reply
    reply   : None if there is none
    reading : what was read out of the reply, as JSON; empty if nothing was noted
    money   : of all its tries
    """

    key: str
    request: Request
    state: str
    reply: Reply | None
    reading: str
    money: float
    tries: tuple[Try, ...]


class Run(NamedTuple):
    """A run that is in the journal.

    started : seconds since 1970
    models  : (model as asked, endpoint) -> id that the provider gave
    calls   : how many it asked for
    """

    name: str
    digest: str
    seed: int
    started: float
    models: Mapping[tuple[str, str], str]
    calls: int


class Account(NamedTuple):
    """A budget that is in the journal, and what is spent or set aside under it."""

    name: str
    calls: int
    tokens: int
    money: float


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Store, sqlite3.Connection]]:
    store = Store(path, read_only=True)
    try:
        with store.trouble():
            store.base.row_factory = sqlite3.Row
            yield store, store.base
    finally:
        store.close()


def runs(path: Path) -> list[Run]:
    """Every run in the journal, oldest first."""
    with _opened(path) as (_, base):
        return [
            Run(
                run["name"], run["digest"], int(run["seed"]), run["started"],
                {(m["asked"], m["endpoint"]): m["returned"]
                 for m in base.execute("SELECT * FROM models WHERE run = ?", (run["id"],))},
                base.execute("SELECT count(*) FROM links WHERE run = ?", (run["id"],)).fetchone()[0],
            )
            for run in base.execute("SELECT * FROM runs ORDER BY id").fetchall()
        ]  # fmt: skip


def accounts(path: Path) -> list[Account]:
    """Every budget in the journal, oldest first."""
    with _opened(path) as (_, base):
        return [
            Account(row["name"], row["calls"], row["tokens"], money(row["money"]))
            for row in base.execute("SELECT * FROM budgets ORDER BY id")
        ]


def calls(path: Path, run: str) -> Iterator[Call]:
    """The calls of a run, one at a time: by round, turn, stage, row, attempt and replicate.

    Raises
    ------
    JournalError
        if there is no such run, or a row was damaged
    """
    with _opened(path) as (_, base):
        found = base.execute("SELECT id FROM runs WHERE name = ?", (rows.name_of(run),)).fetchone()
        if found is None:
            raise JournalError(f"journal {quoted(str(path), 200)} holds no run {quoted(run)}")
        reader = _Reader(base, path)
        # Only numbers are sorted, so that a long run does not have to fit into memory.
        for row in base.execute(
            f"SELECT l.call, l.reading FROM links l JOIN calls c ON c.id = l.call WHERE l.run = ? ORDER BY {_ORDER}",
            (found["id"],),
        ):
            yield reader.call(row["call"], rows.text_of(row["reading"] or ""))


def called(path: Path, run: str, keys: Iterable[str]) -> Iterator[Call]:
    """The calls of these keys, in their order, as the run read them; what is not there is left out.

    Raises
    ------
    JournalError
        if a row was damaged
    """
    with _opened(path) as (_, base):
        reader = _Reader(base, path)
        for key in keys:
            row = base.execute(
                "SELECT c.id, l.reading FROM calls c LEFT JOIN links l ON l.call = c.id AND l.run = "
                "(SELECT id FROM runs WHERE name = ?) WHERE c.key = ?",
                (rows.name_of(run), bytes.fromhex(key)),
            ).fetchone()
            if row is not None:
                yield reader.call(row["id"], rows.text_of(row["reading"] or ""))


def keys_holding(path: Path, run: str, words: str, most: int) -> list[str]:
    """Keys of the calls of a run in whose prompt, reply or reasoning these words stand, whatever their case (in ASCII).

    Parameters
    ----------
    most : keys that are returned at most
    """
    part = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    like = "LIKE ? ESCAPE '\\'"
    with _opened(path) as (_, base):
        marks = [row["hash"].hex() for row in base.execute(f"SELECT hash FROM texts WHERE text {like}", (part,))]
        found = base.execute(
            "SELECT c.key FROM links l JOIN calls c ON c.id = l.call LEFT JOIN replies r ON r.call = c.id "
            f"WHERE l.run = (SELECT id FROM runs WHERE name = ?) AND (r.text {like} OR r.reasoning {like} OR EXISTS "
            "(SELECT 1 FROM json_each(c.messages) m "
            "WHERE json_extract(m.value, '$[1]') IN (SELECT value FROM json_each(?)))) LIMIT ?",
            (rows.name_of(run), part, part, json.dumps(marks), most),
        )
        return [row["key"].hex() for row in found]


def earliest(path: Path, run: str, most: int) -> list[str]:
    """Keys of the calls of a run that were made first."""
    with _opened(path) as (_, base):
        found = base.execute(
            "SELECT c.key FROM links l JOIN calls c ON c.id = l.call JOIN tries t ON t.call = c.id "
            "WHERE l.run = (SELECT id FROM runs WHERE name = ?) GROUP BY c.id ORDER BY max(t.at), c.id LIMIT ?",
            (rows.name_of(run), most),
        )
        return [row["key"].hex() for row in found]


def damaged(path: Path) -> list[str]:
    """Every damaged row, in words; empty if all is well."""
    found = []
    with _opened(path) as (_, base):
        reader = _Reader(base, path)
        try:
            for row in base.execute("SELECT id, hash, text FROM texts"):
                if rows.hash_of(rows.text_of(row["text"])) != row["hash"]:
                    found.append(f"row {row['id']} of texts does not match its hash")
            for row in base.execute("SELECT id FROM calls ORDER BY id"):
                try:
                    reader.call(row["id"], "")
                except JournalError as error:
                    found.append(str(error).partition(": ")[2] or str(error))
            found += _damaged_totals(base)
            found += [f"SQLite: {row[0]}" for row in base.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        except TROUBLE as error:
            found.append(f"SQLite: {quoted(str(error), 200)[1:-1]}")
    return found


def _damaged_totals(base: sqlite3.Connection) -> Iterator[str]:
    for row in base.execute("SELECT * FROM budgets"):
        held = Cost(row["calls"], row["tokens"], row["money"])
        if checksum(row["name"], held) != row["checksum"]:
            yield f"row {row['id']} of budgets does not match its checksum"
        summed = base.execute(
            "SELECT total(calls), total(tokens), coalesce(sum(money), 0) FROM tries WHERE budget = ?", (row["id"],)
        ).fetchone()
        if tuple(map(int, summed)) != tuple(held):
            yield f"row {row['id']} of budgets is not the sum of its tries"


class _Reader:
    """Puts calls together from their rows, and refuses a damaged one."""

    def __init__(self, base: sqlite3.Connection, path: Path):
        self._base, self._path = base, path
        self._text = functools.lru_cache(maxsize=256)(self._look_up_text)  # system messages come again and again
        self._terms = functools.lru_cache(maxsize=64)(self._look_up_terms)

    def call(self, number: int, reading: str) -> Call:
        """The call of this number."""
        row = self._base.execute("SELECT * FROM calls WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise self._damaged(f"call {number} is missing")
        try:
            messages = [(role, self._text(mark)) for role, mark in json.loads(row["messages"])]
            request = rows.request_of(row, self._terms(row["terms"]), messages)
            whole = bytes.fromhex(request.key) == row["key"]
        except (ValueError, TypeError, KeyError):  # what a flipped bit can make of JSON, numbers and text
            whole = False
        if not whole:
            raise self._damaged(f"the question of call {number} does not match its key")
        columns = self._base.execute(
            "SELECT checksum, text, model, finish, input_tokens, output_tokens, reasoning, latency, raw "
            "FROM replies WHERE call = ?",
            (number,),
        ).fetchone()
        reply = None
        if columns is not None and (reply := rows.reply_of(row["key"], tuple(columns))) is None:
            raise self._damaged(f"the reply of call {number} does not match its checksum")
        try:
            tries = tuple(
                Try(t["number"], t["state"], t["kind"], t["status"], t["at"], t["latency"], money(t["money"]))
                for t in self._base.execute("SELECT * FROM tries WHERE call = ? ORDER BY number", (number,))
            )
        except TypeError:
            raise self._damaged(f"the tries of call {number} are no longer what they were") from None
        state = tries[-1].state if tries else "missing"
        if (reply is not None) != (state == "done"):
            raise self._damaged(f"call {number} says {state}, and its reply is {'there' if reply else 'missing'}")
        return Call(row["key"].hex(), request, state, reply, reading, sum(t.money for t in tries), tries)

    def _look_up_text(self, mark: str) -> str:
        row = self._base.execute("SELECT text FROM texts WHERE hash = ?", (bytes.fromhex(mark),)).fetchone()
        if row is None:
            raise ValueError(mark)
        return rows.text_of(row["text"])

    def _look_up_terms(self, number: int) -> sqlite3.Row:
        row = self._base.execute("SELECT * FROM terms WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        return row

    def _damaged(self, what: str) -> JournalError:
        return JournalError(f"journal {quoted(str(self._path), 200)} is damaged: {what}; it was not used")
