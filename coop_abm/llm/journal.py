"""The journal of everything that was asked of language models: cache, research record and replay at once.

One SQLite file holds every call of every run, and every try of it. A call is known by the key of its request, so
what was bought once is never bought again, whatever run asks. The promise: **no paid call unaccounted**.

1. One transaction looks a batch up, sets its worst case aside under the budget and writes an intent for each
   missing call. Only then is anything sent, and a try is marked as sent before it is.
2. A reply, or a failure, is committed before anyone is told of it; replies that come together are committed together.
3. A process that is killed leaves tries marked as sent. Whoever opens the journal next finds its lock free and marks
   them `unknown`: they may have been paid, and stay charged. There are at most as many as were in flight.

Rows are checked when they are read: a reply by its checksum, a question by its key, a text by its hash, a budget by
its checksum. A damaged row is refused and named, never passed on.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from coop_abm.core.errors import BudgetExhausted, CallFailed, JournalError, NotRecorded, quoted
from coop_abm.llm import leftovers, rows, transcript
from coop_abm.llm.accounts import Accounts, Books
from coop_abm.llm.budget import NOTHING, UNCAPPED, Caps, Cost, Limits, Rate, cost_of, worst_case
from coop_abm.llm.intents import Intents, Known
from coop_abm.llm.ledger import Batch, Claim, Released
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.sessions import Session, new_name
from coop_abm.llm.store import Store
from coop_abm.llm.writer import Work, Writer, carried_out

#: Readings that are kept in memory at most.
MOST_READINGS = 5000


def default_path() -> Path:
    """Where the journal is kept unless another file is named: the user's data directory."""
    import platformdirs

    return Path(platformdirs.user_data_dir("coop_abm", appauthor=False)) / "journal.sqlite"


def _place(path: Path) -> Path:
    """Where that is. Two names of one file must lead to the same locks, so links are followed."""
    try:
        place = Path(path).expanduser().resolve()
        if place.is_symlink():
            raise RuntimeError("a link to itself")
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise JournalError(f"journal {quoted(str(path), 200)} cannot be a file here ({why})") from None
    return place


class Journal:
    """The journal, opened by one client for one run and one budget.

    Parameters
    ----------
    path      : the file; made if it is missing, unless it is only read
    read_only : for replay and transcripts; writes nothing, and a reply that is missing is an error
    run       : name of the run that asks; empty: a name of its own
    budget    : name of the budget; empty: that of the run
    caps      : of the budget
    wall      : seconds since 1970

    Raises
    ------
    JournalError
        one line, here and in every method, if the file cannot be used
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        read_only: bool = False,
        run: str = "",
        budget: str = "",
        caps: Caps = UNCAPPED,
        wall: Callable[[], float] = time.time,
    ):
        self.path = _place(default_path() if path is None else path)
        self.read_only = read_only
        self.store = Store(self.path, read_only=read_only)
        self._session = Session(self.store.sessions)
        self.run = rows.name_of(run or new_name())
        self.budget = rows.name_of(budget) or self.run
        self._limits = Limits(caps, rows.name_of(budget or run))
        self._wall = wall
        self._writer = Writer(self._together)
        self._intents = Intents(self.store)
        self._run = self._budget = 0  # their rows, once they have one
        self._claiming = threading.Lock()
        self._under_way: set[int] = set()  # calls that this client is buying
        self._readings: dict[str, str] = {}
        #: Tries that this client found abandoned by sessions that are over.
        self.abandoned = 0

    # ---------------------------------------------------------------------------------------- claiming

    def claim(
        self, asked: Mapping[str, Request], rate: Callable[[Request], Rate], ready: Callable[[str, Request], bool]
    ) -> Batch:
        """Look up, set aside, write down: see `Ledger` and the module.

        Raises
        ------
        JournalError
            also if a reply was damaged; under replay, if one is missing; if the disk is nearly full
        """
        if self.read_only:
            return self._replayed(asked)
        with self._claiming:
            remembered = self._run, self._budget, self.abandoned, self._session.number, self._readings
            try:
                with self._books() as books:
                    batch = self._claim(books, asked, rate, ready)
            except BaseException:
                # Undone in the file, so it must be undone here: rows that were new are not there.
                self._run, self._budget, self.abandoned, number, readings = remembered
                self._readings = readings | self._readings
                self._intents.forget()
                if not number:
                    self._session.end()
                raise
            self._under_way.update(claim.call for claim in batch.claims)
        return batch

    def _replayed(self, asked: Mapping[str, Request]) -> Batch:
        with self.store.reading() as base:
            found = {k.key: k.reply for k in self._intents.known(base, asked) if k.reply is not None}
        for key, request in asked.items():
            if key not in found:
                raise NotRecorded(
                    f"{self.store.named} holds no reply for {rows.whereabouts(request.address)}: replay sends nothing; "
                    "record it first, with the same scenario, seed and models"
                )
        return Batch(found, [], [], [], None)

    def _claim(
        self,
        books: Books,
        asked: Mapping[str, Request],
        rate: Callable[[Request], Rate],
        ready: Callable[[str, Request], bool],
    ) -> Batch:
        known = list(self._intents.known(books.base, asked))
        if self._clear(books, [k for k in known if k.owner]):
            known = list(self._intents.known(books.base, asked))
        found = {k.key: k.reply for k in known if k.reply is not None}
        owned = {k.key for k in known if k.owner}
        idle = {k.key: k.call for k in known if k.reply is None and not k.owner}
        missing = {key: request for key, request in asked.items() if key not in found and key not in owned}
        claims: list[Claim] = []
        refusal = None
        if missing:
            self._begin(books)
            claims, refusal = self._set_aside(books, missing, idle, rate, ready)
        self._link(books.base, [k.call for k in known] + [c.call for c in claims], next(iter(asked.values())))
        self._write_readings(books.base)
        return Batch(found, claims, [k for k in asked if k in owned], list(missing)[len(claims) :], refusal)

    def _set_aside(
        self,
        books: Books,
        missing: Mapping[str, Request],
        idle: Mapping[str, int],
        rate: Callable[[Request], Rate],
        ready: Callable[[str, Request], bool],
    ) -> tuple[list[Claim], BudgetExhausted | None]:
        """Claim what fits into the budget, in order; and why the next one does not."""
        claims, refusal = [], None
        following = self._intents.following(books.base)
        for key, request in missing.items():
            price = rate(request)
            worst = worst_case(request, price)
            refusal = self._limits.refusal(books.accounts.held(self._budget), worst)
            if refusal is not None:
                break
            books.accounts.move(self._budget, NOTHING, worst)
            call, number = idle.get(key, following), 0
            if key in idle:
                number = self._intents.next_try(books.base, call, request)
            else:
                following += 1
            claims.append(Claim(request, key, call, number, price, worst, ready(key, request)))
        if claims:
            self._intents.check_room([claim.request for claim in claims])
            self._intents.write(books.base, claims, idle.keys(), self._session.number, self._budget, self._wall())
        return claims, refusal

    def _begin(self, books: Books) -> None:
        """On the first call that is missing: hold a lock, see who left calls behind, open the budget."""
        if not self._session.number:
            self._session.hold()
            row = books.base.execute(
                "INSERT INTO sessions (name, process, started) VALUES (?, ?, ?) RETURNING id",
                (self._session.name, self._session.process, self._wall()),
            ).fetchone()
            self._session.number = row[0]
            self.abandoned += leftovers.clear(books, leftovers.owners(books.base), self.store.sessions)
        if not self._budget:
            self._budget = books.accounts.number_of(self.budget)

    def _clear(self, books: Books, owned: list[Known]) -> bool:
        """Settle those of these calls whose owner is no more; was there any?"""
        mine = self._session.number
        lost = [k.call for k in owned if k.owner == mine and k.call not in self._under_way]  # interrupted unluckily
        unknown = leftovers.let_go(books, dict.fromkeys(lost, leftovers.ALL), mine).unknown
        others = {k.owner for k in owned} - {mine}
        over = {owner for owner in others if leftovers.is_over(books.base, owner, self.store.sessions)}
        unknown += leftovers.clear(books, over, self.store.sessions)
        self.abandoned += unknown
        return bool(lost or over)

    def _link(self, base: Any, calls: list[int], first: Request) -> None:
        if not self._run:
            base.execute(
                "INSERT OR IGNORE INTO runs (name, digest, seed, started) VALUES (?, ?, ?, ?)",
                (self.run, first.address.digest, str(first.address.seed), self._wall()),
            )
            self._run = base.execute("SELECT id FROM runs WHERE name = ?", (self.run,)).fetchone()[0]
        base.executemany("INSERT OR IGNORE INTO links (run, call) VALUES (?, ?)", [(self._run, c) for c in calls])

    # ------------------------------------------------------------------------------- tries and replies

    async def launch(self, claims: list[Claim]) -> None:
        """Mark as sent; then send."""
        await self._writer.write(lambda books: self._intents.mark_sent(books.base, claims, self._wall()))

    async def again(self, claim: Claim) -> None:
        """Set the worst case aside anew and write the next try down; then send it.

        Raises
        ------
        BudgetExhausted
            if it does not fit
        """

        def work(books: Books) -> None:
            refusal = self._limits.refusal(books.accounts.held(self._budget), claim.reserved)
            if refusal is not None:
                raise refusal
            books.accounts.move(self._budget, NOTHING, claim.reserved)
            claim.number += 1
            claim.sent = True
            self._intents.write_tries(books.base, [claim], self._session.number, self._budget, self._wall())

        await self._writer.write(work)

    async def settle(self, claim: Claim, result: Reply | CallFailed) -> Cost:
        """Record the reply or the failure of the present try; returns what it cost."""
        cost = cost_of(result, claim.rate, claim.reserved)
        number, took = claim.number, time.monotonic() - claim.begun

        def work(books: Books) -> None:
            if isinstance(result, Reply):
                books.base.execute(
                    "INSERT INTO replies (call, checksum, text, model, finish, input_tokens, output_tokens, reasoning, "
                    "latency, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (claim.call, *rows.columns_of(claim.key, result)),
                )
                books.base.execute("UPDATE calls SET owner = NULL WHERE id = ?", (claim.call,))
                told = ("done", "", 200, result.latency)
            else:
                told = ("failed", result.kind, result.status, took)
            books.base.execute(
                "UPDATE tries SET state = ?, kind = ?, status = ?, latency = ?, calls = ?, tokens = ?, money = ? "
                "WHERE call = ? AND number = ?",
                (*told, *cost, claim.call, number),
            )
            books.accounts.move(self._budget, claim.reserved, cost)

        await self._writer.write(work)
        claim.under_way = False
        return cost

    def release(self, claims: list[Claim]) -> Released:
        """Give up what is not done; what was never sent disappears, what may be in flight is unknown."""
        self._writer.flush()
        gone = {claim.call: claim.gone for claim in claims}
        try:
            with self._books() as books:
                return leftovers.let_go(books, gone, self._session.number)
        finally:
            self._under_way.difference_update(gone)

    def done(self, claims: list[Claim]) -> None:
        """These are recorded: nothing to give up."""
        self._under_way.difference_update(claim.call for claim in claims)

    # ------------------------------------------------------------------------------- models, readings

    def models(self) -> dict[tuple[str, str], str]:
        """The models of this run: (as asked, endpoint) -> id that the provider gave."""
        with self.store.reading() as base:
            return {
                (asked, endpoint): returned
                for asked, endpoint, returned in base.execute(
                    "SELECT asked, endpoint, returned FROM models m JOIN runs r ON r.id = m.run WHERE r.name = ?",
                    (self.run,),
                )
            }

    def establish(self, asked: str, endpoint: str, returned: str) -> None:
        """Record the model of this run, once its first reply is there."""
        if not self.read_only:
            with self.store.transaction() as base:
                base.execute(
                    "INSERT INTO models (run, asked, endpoint, returned) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET returned = excluded.returned",
                    (self._run, asked, endpoint, returned),
                )

    def note(self, readings: Mapping[str, str]) -> None:
        """Keep what was read out of replies; it is written with the next batch, or at the end."""
        if not self.read_only:
            self._readings.update(readings)
            if len(self._readings) > MOST_READINGS:
                self._flush_readings()

    def _flush_readings(self) -> None:
        if self._readings:
            with self.store.transaction() as base:
                self._write_readings(base)

    def _write_readings(self, base: Any) -> None:
        if self._readings:
            readings, self._readings = self._readings, {}
            base.executemany(
                "UPDATE links SET reading = :reading WHERE run = :run AND reading IS NOT :reading "
                "AND call = (SELECT id FROM calls WHERE key = :key)",
                [
                    {"reading": rows.cell(text), "run": self._run, "key": bytes.fromhex(key)}
                    for key, text in readings.items()
                ],
            )

    # -------------------------------------------------------------------------------------- the file

    @contextlib.contextmanager
    def _books(self) -> Iterator[Books]:
        """A transaction, with the totals of budgets."""
        with self.store.transaction() as base:
            accounts = Accounts(base, self.store.named)
            yield Books(base, accounts)
            accounts.write()

    def _together(self, works: list[Work]) -> list[Any]:
        with self._books() as books:
            return carried_out(works, books)

    def calls(self, run: str = "") -> Iterator[transcript.Call]:
        """The calls of a run (empty: of this one), one at a time, in order: see `coop_abm.llm.transcript`."""
        if not self.read_only:
            self._flush_readings()
        return transcript.calls(self.path, run or self.run)

    def verify(self) -> list[str]:
        """Every damaged row, in words; empty if all is well."""
        return transcript.damaged(self.path)

    def discard_damaged(self) -> int:
        """Put replies away that were damaged or are missing, so that they can be bought again; returns how many.

        What they cost stays charged. Other damage is left as it is: see `verify`.
        """
        with self._books() as books:
            return leftovers.discard_damaged(books)

    def close(self) -> None:
        """Write what is left, give the lock back, close the file."""
        try:
            self._writer.close()
            if not self.read_only:
                self._flush_readings()
        finally:
            self._session.end()
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
