"""What the state looks like in SQLite: its tables, and their rows as the service reads them."""

import json
import sqlite3
from typing import Any

from reference_impl.facts import Session

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
    grant_json TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_subject ON sessions (org, subject);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions (id), kind TEXT NOT NULL,
    number INTEGER NOT NULL, status TEXT NOT NULL, used_at REAL) STRICT;
CREATE INDEX IF NOT EXISTS tokens_by_session ON tokens (session);
"""
# What files of earlier versions lack.
_ADDED = {
    "type": "TEXT NOT NULL DEFAULT 'agent'",
    "roles": "TEXT NOT NULL DEFAULT '[]'",
    "metadata": "TEXT NOT NULL DEFAULT '{}'",
    "updated_at": "TEXT NOT NULL DEFAULT ''",
}
NAMED = "EXISTS (SELECT 1 FROM identities WHERE identities.id = sessions.subject) AS named"
"""A column: whether there is an identity which the subject of a session names."""
_LISTS = ("chain", "scopes", "roles", "metadata")


def prepare(db: sqlite3.Connection) -> None:
    """Bring a database into its form; several processes may do so to one file at the same time."""
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
    there = {row["name"] for row in db.execute("PRAGMA table_info(identities)")}
    for column in _ADDED.keys() - there:
        db.execute(f"ALTER TABLE identities ADD COLUMN {column} {_ADDED[column]}")
    db.execute("COMMIT")


def written(row: dict[str, Any]) -> dict[str, Any]:
    """Return an identity as its row is written."""
    return {**row, **{name: json.dumps(row[name]) for name in _LISTS}}


def identity_in(row: sqlite3.Row | None) -> dict[str, Any] | None:
    """Return the identity in a row."""
    return None if row is None else {**row, **{name: json.loads(row[name]) for name in _LISTS}}


def session_in(row: sqlite3.Row) -> Session:
    """Return the session in a row."""
    minted_at = json.loads(row["grant_json"])["minted_at"]
    return Session(
        id=row["id"],
        org=row["org"],
        endpoint=row["endpoint"],
        minted_at=minted_at,
        revoked=bool(row["revoked"]),
        named=bool(row["named"]),
    )


def key_in(row: sqlite3.Row | None) -> dict[str, Any] | None:
    """Return the key in a row."""
    if row is None:
        return None
    return {**row, "scopes": json.loads(row["scopes"]), "revoked": bool(row["revoked"])}
