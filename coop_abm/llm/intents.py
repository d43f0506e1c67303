"""Rows of calls and of their tries: what is known already, and what is written before anything is sent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from coop_abm.core.errors import JournalError
from coop_abm.llm import rows
from coop_abm.llm.budget import size_of
from coop_abm.llm.ledger import Claim
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.store import Store

#: Bytes that must stay free beside what a batch can take.
RESERVE = 32 << 20
#: Bytes that one call takes beside its texts, and per byte of its prompt and token of its answer: text and body, and
#: both once more in the log.
PER_CALL, PER_BYTE, PER_TOKEN = 16 << 10, 3, 48
#: Keys of one SELECT.
CHUNK = 500


class Known(NamedTuple):
    """A call that is in the journal.

    owner : session that is buying it, 0 if none is
    reply : None if there is none yet
    """

    key: str
    call: int
    owner: int
    reply: Reply | None


class Intents:
    """Reads and writes the rows of calls in an open journal."""

    def __init__(self, store: Store):
        self._store = store
        self._terms: dict[tuple, int] = {}

    def forget(self) -> None:
        """What was written last was undone."""
        self._terms.clear()

    def known(self, base: sqlite3.Connection, asked: Mapping[str, Request]) -> Iterator[Known]:
        """Those of the calls that are in the journal.

        Raises
        ------
        JournalError
            if a reply does not match its checksum
        """
        keys = [bytes.fromhex(key) for key in asked]
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            for key, call, owner, *columns in base.execute(
                "SELECT c.key, c.id, c.owner, r.checksum, r.text, r.model, r.finish, r.input_tokens, r.output_tokens, "
                "r.reasoning, r.latency, r.raw FROM calls c LEFT JOIN replies r ON r.call = c.id "
                f"WHERE c.key IN ({','.join('?' * len(chunk))})",
                chunk,
            ):
                reply, name = None, key.hex()
                if columns[0] is not None and (reply := rows.reply_of(key, columns)) is None:
                    raise JournalError(
                        f"{self._store.named} is damaged: the reply of call {call} "
                        f"({rows.whereabouts(asked[name].address)}) does not match its checksum; it was not used"
                    )
                yield Known(name, call, owner or 0, reply)

    def following(self, base: sqlite3.Connection) -> int:
        """Number of the next new call."""
        return (base.execute("SELECT max(id) FROM calls").fetchone()[0] or 0) + 1

    def next_try(self, base: sqlite3.Connection, call: int, request: Request) -> int:
        """Number of the next try of a call that was given up before.

        Raises
        ------
        JournalError
            if it was bought: then its reply was lost from the file, and must not be bought again unseen
        """
        number, done = base.execute(
            "SELECT max(number) + 1, total(state = 'done') FROM tries WHERE call = ?", (call,)
        ).fetchone()
        if number is None or done:
            raise JournalError(
                f"{self._store.named} is damaged: the reply of call {call} ({rows.whereabouts(request.address)}), or "
                "its tries, are missing; nothing was sent"
            )
        return number

    def check_room(self, requests: Sequence[Request]) -> None:
        """Refuse to buy what there may be no room to record.

        Raises
        ------
        JournalError
            if less than `RESERVE` and what the replies can take is free
        """
        wanted = RESERVE + sum(
            PER_CALL + PER_BYTE * sum(size_of(text) for _, text in request.messages) + PER_TOKEN * request.max_tokens
            for request in requests
        )
        if (room := self._store.room()) < wanted:
            raise JournalError(
                f"{self._store.named} has room for {room / 2**20:.1f} MiB more, and {wanted / 2**20:.1f} MiB must be "
                f"free before the next calls ({len(requests)}) are bought; nothing was sent: free some space"
            )

    def write(
        self,
        base: sqlite3.Connection,
        claims: Sequence[Claim],
        idle: Collection[str],
        owner: int,
        budget: int,
        now: float,
    ) -> None:
        """Write an intent for each claim; `idle`: keys of those that are calls already."""
        new = [claim for claim in claims if claim.key not in idle]
        marks = {text: rows.hash_of(text) for claim in new for _, text in claim.request.messages}
        base.executemany(
            "INSERT OR IGNORE INTO texts (hash, text) VALUES (?, ?)", [(m, rows.cell(t)) for t, m in marks.items()]
        )
        base.executemany(
            'INSERT INTO calls (id, key, owner, terms, messages, replicate, round, turn, stage, "row", attempt, '
            "price_input, price_output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    claim.call,
                    bytes.fromhex(claim.key),
                    owner,
                    self._terms_of(base, claim.request),
                    rows.listed([(role, marks[text]) for role, text in claim.request.messages]),
                    *claim.request.address[2:],
                    *claim.rate,
                )
                for claim in new
            ],
        )
        base.executemany(
            "UPDATE calls SET owner = ?, price_input = ?, price_output = ? WHERE id = ?",
            [(owner, *claim.rate, claim.call) for claim in claims if claim.key in idle],
        )
        self.write_tries(base, claims, owner, budget, now)

    def write_tries(
        self, base: sqlite3.Connection, claims: Sequence[Claim], session: int, budget: int, now: float
    ) -> None:
        """Write the present try of each claim down, with what is set aside for it."""
        base.executemany(
            "INSERT INTO tries (call, number, session, budget, state, kind, status, at, calls, tokens, money) "
            "VALUES (?, ?, ?, ?, ?, '', 0, ?, ?, ?, ?)",
            [(c.call, c.number, session, budget, "sent" if c.sent else "intent", now, *c.reserved) for c in claims],
        )

    def mark_sent(self, base: sqlite3.Connection, claims: Sequence[Claim], now: float) -> None:
        """These go out now."""
        base.executemany(
            "UPDATE tries SET state = 'sent', at = ? WHERE call = ? AND number = ?",
            [(now, claim.call, claim.number) for claim in claims],
        )

    def _terms_of(self, base: sqlite3.Connection, request: Request) -> int:
        """Row of what many calls have in common."""
        address = request.address
        common = (
            request.model, request.schema, request.temperature, request.top_p, request.max_tokens, request.endpoint,
            request.templates, address.digest, address.seed,
        )  # fmt: skip
        named = (*common, type(request.temperature), type(request.top_p))  # 1 and 1.0 make two keys
        if named not in self._terms:
            mark = rows.hash_of(json.dumps(common))
            base.execute(
                "INSERT OR IGNORE INTO terms (hash, model, schema, temperature, top_p, max_tokens, endpoint, "
                "templates, digest, seed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (mark, request.model, rows.cell(request.schema), *common[2:8], str(address.seed)),
            )
            self._terms[named] = base.execute("SELECT id FROM terms WHERE hash = ?", (mark,)).fetchone()[0]
        return self._terms[named]
