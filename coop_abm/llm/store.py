"""The file under the journal."""

from __future__ import annotations

from pathlib import Path

from coop_abm.core.database import Database
from coop_abm.core.errors import JournalError

TABLES = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, process INTEGER NOT NULL, started REAL NOT NULL
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, seed TEXT NOT NULL, started REAL NOT NULL
) STRICT;
CREATE TABLE models (
    run INTEGER NOT NULL, asked TEXT NOT NULL, endpoint TEXT NOT NULL, returned TEXT NOT NULL,
    PRIMARY KEY (run, asked, endpoint)
) STRICT, WITHOUT ROWID;
CREATE TABLE budgets (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, money INTEGER NOT NULL, checksum BLOB NOT NULL
) STRICT;
CREATE TABLE texts (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, text ANY NOT NULL) STRICT;
CREATE TABLE terms (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,
    model TEXT NOT NULL, schema ANY NOT NULL, temperature ANY, top_p ANY, max_tokens INTEGER NOT NULL,
    endpoint TEXT NOT NULL, templates TEXT NOT NULL, digest TEXT NOT NULL, seed TEXT NOT NULL
) STRICT;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, owner INTEGER, terms INTEGER NOT NULL, messages TEXT NOT NULL,
    replicate INTEGER NOT NULL, round INTEGER NOT NULL, turn INTEGER NOT NULL, stage TEXT NOT NULL,
    "row" INTEGER NOT NULL, attempt INTEGER NOT NULL, price_input INTEGER NOT NULL, price_output INTEGER NOT NULL
) STRICT;
CREATE INDEX owned ON calls (owner) WHERE owner IS NOT NULL;
CREATE TABLE tries (
    call INTEGER NOT NULL, number INTEGER NOT NULL, session INTEGER NOT NULL, budget INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'sent', 'done', 'failed', 'unknown')),
    kind TEXT NOT NULL, status INTEGER NOT NULL, at REAL NOT NULL, latency REAL,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, money INTEGER NOT NULL,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE replies (
    call INTEGER PRIMARY KEY, text ANY NOT NULL, model ANY NOT NULL, finish ANY NOT NULL,
    input_tokens INTEGER, output_tokens INTEGER, reasoning ANY NOT NULL, latency REAL NOT NULL, raw ANY NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
CREATE TABLE links (run INTEGER NOT NULL, call INTEGER NOT NULL, reading ANY, PRIMARY KEY (run, call))
STRICT, WITHOUT ROWID;
"""


class Store(Database):
    """The journal's file; whoever makes or uses it holds locks in a folder beside it."""

    APPLICATION = 0x436F4142  # "CoAB"
    FORMAT = 1
    TABLES = TABLES
    NOUN = "journal"
    NOTHING = "nothing was recorded there yet"
    ERROR = JournalError

    def __init__(self, path: Path, *, read_only: bool = False):
        self.sessions = path.with_name(f"{path.name}.sessions")
        super().__init__(path, read_only=read_only, making=self.sessions / "making.lock")
