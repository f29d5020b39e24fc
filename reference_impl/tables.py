"""What the state looks like in SQLite: its tables, and their rows as the service reads them."""

import json
import sqlite3
from typing import Any

from reference_impl.facts import History, Session

OPENING_TRIES = 100  # each waits, up to BUSY_TIMEOUT, for a process that is opening the same file
_SCHEMA = """
CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, kind TEXT NOT NULL, workspace TEXT, prefix TEXT NOT NULL,
    name TEXT NOT NULL, scopes TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS identities (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, workspace TEXT, sponsor TEXT NOT NULL,
    chain TEXT NOT NULL, scopes TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL,
    type TEXT NOT NULL DEFAULT 'agent', roles TEXT NOT NULL DEFAULT '[]', metadata TEXT NOT NULL DEFAULT '{}',
    updated_at TEXT NOT NULL DEFAULT '', UNIQUE (org, name)) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, subject TEXT NOT NULL, endpoint TEXT NOT NULL,
    grant_json TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0, ended_by TEXT,
    starts INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_subject ON sessions (org, subject);
CREATE INDEX IF NOT EXISTS sessions_by_endpoint ON sessions (org, subject, endpoint);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions (id), kind TEXT NOT NULL,
    number INTEGER NOT NULL, status TEXT NOT NULL, used_at REAL) STRICT;
CREATE INDEX IF NOT EXISTS tokens_by_session ON tokens (session);
"""
# What files of earlier versions lack.
_ADDED = {
    "identities": {
        "type": "TEXT NOT NULL DEFAULT 'agent'",
        "roles": "TEXT NOT NULL DEFAULT '[]'",
        "metadata": "TEXT NOT NULL DEFAULT '{}'",
        "updated_at": "TEXT NOT NULL DEFAULT ''",
    },
    "sessions": {"ended_by": "TEXT", "starts": "INTEGER NOT NULL DEFAULT 0"},
}
NAMED = "EXISTS (SELECT 1 FROM identities WHERE identities.id = sessions.subject) AS named"
"""A column: whether there is an identity which the subject of a session names."""
_OTHERS = "FROM sessions AS other WHERE other.org = sessions.org AND other.subject = sessions.subject"
_BEFORE = f"{_OTHERS} AND other.rowid < sessions.rowid ORDER BY other.rowid DESC LIMIT 1"
HISTORY = ", ".join(
    (
        "sessions.starts AS minted_in",
        "sessions.ended_by",
        "(SELECT MAX(number) FROM tokens AS each WHERE each.session = sessions.id) AS rotations",
        f"NOT EXISTS (SELECT 1 {_OTHERS} AND other.rowid > sessions.rowid) AS newest",
        f"EXISTS (SELECT 1 {_OTHERS} AND other.endpoint = 'identity') AS direct",
        f"(SELECT other.ended_by {_BEFORE}) AS previous_ended_by",
    )
)
"""Columns: what became of a session, and of the others of its subject."""
_LISTS = ("chain", "scopes", "roles", "metadata")


def prepare(db: sqlite3.Connection) -> int:
    """Bring a database into its form, and return how often one was opened with this start.

    Several processes may do so to one file at the same time.
    """
    for patience in reversed(range(OPENING_TRIES)):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            # The change to WAL needs the file for itself and, unlike all else, does not wait for it.
            if not patience:
                raise
            db.execute("BEGIN IMMEDIATE")
            db.execute("COMMIT")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA foreign_keys = ON")
    db.executescript(_SCHEMA)
    db.execute("BEGIN IMMEDIATE")
    for table, added in _ADDED.items():
        there = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
        for column in added.keys() - there:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {added[column]}")
    starts: int = db.execute("PRAGMA user_version").fetchone()[0] + 1
    db.execute(f"PRAGMA user_version = {starts}")
    db.execute("COMMIT")
    return starts


def written(row: dict[str, Any]) -> dict[str, Any]:
    """Return an identity as its row is written."""
    return {**row, **{name: json.dumps(row[name]) for name in _LISTS}}


def identity_in(row: sqlite3.Row | None) -> dict[str, Any] | None:
    """Return the identity in a row."""
    return None if row is None else {**row, **{name: json.loads(row[name]) for name in _LISTS}}


def history_in(row: sqlite3.Row, starts: int) -> History:
    """Return the history in a row, at the start of this number."""
    return History(
        starts=starts - row["minted_in"],
        rotations=row["rotations"] or 0,
        ended_by=row["ended_by"],
        newest=bool(row["newest"]),
        direct=bool(row["direct"]),
        previous_ended_by=row["previous_ended_by"],
    )


def session_in(row: sqlite3.Row, starts: int) -> Session:
    """Return the session in a row, at the start of this number."""
    minted_at = json.loads(row["grant_json"])["minted_at"]
    return Session(
        id=row["id"],
        org=row["org"],
        endpoint=row["endpoint"],
        minted_at=minted_at,
        revoked=bool(row["revoked"]),
        named=bool(row["named"]),
        history=history_in(row, starts),
    )


def key_in(row: sqlite3.Row | None) -> dict[str, Any] | None:
    """Return the key in a row."""
    if row is None:
        return None
    return {**row, "scopes": json.loads(row["scopes"]), "revoked": bool(row["revoked"])}
