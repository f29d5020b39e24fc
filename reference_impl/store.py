"""All state, in SQLite: orgs' keys, identities, sessions and tokens; each change is one transaction."""

import contextlib
import hashlib
import json
import sqlite3
import weakref
from collections.abc import Iterator
from typing import Any

from reference_impl.errors import ConfigError
from reference_impl.facts import Endpoint, Grant, Kind, TokenState

BUSY_TIMEOUT = 10.0  # seconds that a writer waits for another process's transaction
OPENING_TRIES = 100  # each waits, up to BUSY_TIMEOUT, for a process that is opening the same file
_SCHEMA = """
CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, kind TEXT NOT NULL, workspace TEXT, prefix TEXT NOT NULL,
    name TEXT NOT NULL, scopes TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS identities (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, workspace TEXT, sponsor TEXT NOT NULL,
    chain TEXT NOT NULL, scopes TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (org, name)) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, org TEXT NOT NULL, subject TEXT NOT NULL, endpoint TEXT NOT NULL,
    grant_json TEXT NOT NULL, revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_subject ON sessions (org, subject);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES sessions (id), kind TEXT NOT NULL,
    number INTEGER NOT NULL, status TEXT NOT NULL, used_at REAL) STRICT;
CREATE INDEX IF NOT EXISTS tokens_by_session ON tokens (session);
"""


def digest(secret: str) -> str:
    """Return what is stored of a key: its SHA-256, never the key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Store:
    """One connection to the state; `transaction()` is the only way to change it."""

    def __init__(self, database: str) -> None:
        try:
            self._db = sqlite3.connect(
                database, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise ConfigError(f"the database {database} can't be opened: {error}") from None
        # An application that nobody shut down lets go of its database as it is collected.
        self.close = weakref.finalize(self, self._db.close)
        self._db.row_factory = sqlite3.Row
        try:
            _prepare(self._db)
        except sqlite3.Error as error:
            self.close()
            raise ConfigError(f"the database {database} can't be opened: {error}") from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Take the write lock now, so that what is read inside can't change before it is written."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def _changed(self, sql: str, *values: Any) -> int:
        return self._db.execute(sql, values).rowcount

    def add_key(self, row: dict[str, Any], secret: str) -> None:
        """Keep an API key or a workspace token."""
        self._db.execute(
            "INSERT INTO api_keys (id, org, kind, workspace, prefix, name, scopes, digest, created_at) "
            "VALUES (:id, :org, :kind, :workspace, :prefix, :name, :scopes, :digest, :created_at)",
            {**row, "scopes": json.dumps(row["scopes"]), "digest": digest(secret)},
        )

    def key_by_secret(self, secret: str) -> dict[str, Any] | None:
        """Return the key with this text, revoked or not."""
        return _key(self._one("SELECT * FROM api_keys WHERE digest = ?", digest(secret)))

    def key(self, key_id: str) -> dict[str, Any] | None:
        """Return the key with this id."""
        return _key(self._one("SELECT * FROM api_keys WHERE id = ?", key_id))

    def revoke_key(self, key_id: str) -> None:
        """Mark a key as revoked."""
        self._changed("UPDATE api_keys SET revoked = 1 WHERE id = ?", key_id)

    def add_identity(self, row: dict[str, Any]) -> bool:
        """Keep an identity; False if its org has one of that name."""
        try:
            self._db.execute(
                "INSERT INTO identities "
                "(id, org, name, workspace, sponsor, chain, scopes, status, created_at) "
                "VALUES (:id, :org, :name, :workspace, :sponsor, :chain, :scopes, 'active', :created_at)",
                {**row, "chain": json.dumps(row["chain"]), "scopes": json.dumps(row["scopes"])},
            )
        except sqlite3.IntegrityError:
            return False
        return True

    def identity(self, identity_id: str) -> dict[str, Any] | None:
        """Return an identity."""
        row = self._one("SELECT * FROM identities WHERE id = ?", identity_id)
        if row is None:
            return None
        return {**row, "chain": json.loads(row["chain"]), "scopes": json.loads(row["scopes"])}

    def delete_identity(self, identity_id: str) -> None:
        """Forget an identity."""
        self._changed("DELETE FROM identities WHERE id = ?", identity_id)

    def add_session(self, session: str, grant: Grant) -> None:
        """Keep a new session and its grant."""
        self._db.execute(
            "INSERT INTO sessions (id, org, subject, endpoint, grant_json) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO NOTHING",
            (session, grant.org, grant.subject, grant.endpoint, json.dumps(vars(grant))),
        )

    def add_token(self, token_id: str, session: str, kind: Kind, number: int) -> None:
        """Keep a live token."""
        self._db.execute(
            "INSERT INTO tokens (id, session, kind, number, status) VALUES (?, ?, ?, ?, 'live')",
            (token_id, session, kind, number),
        )

    def token(self, token_id: str) -> TokenState | None:
        """Return what is known of a token."""
        row = self._one(
            "SELECT t.*, s.revoked AS session_revoked, s.grant_json FROM tokens t "
            "JOIN sessions s ON s.id = t.session WHERE t.id = ?",
            token_id,
        )
        if row is None:
            return None
        fields: dict[str, Any] = json.loads(row["grant_json"])
        kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return TokenState(
            id=row["id"],
            session=row["session"],
            kind=row["kind"],
            number=row["number"],
            status=row["status"],
            session_revoked=bool(row["session_revoked"]),
            grant=Grant(**kept),
            used_at=row["used_at"],
        )

    def use_token(self, token_id: str, now: float) -> None:
        """Mark a refresh token as redeemed."""
        self._changed("UPDATE tokens SET status = 'used', used_at = ? WHERE id = ?", now, token_id)

    def tokens_of(self, session: str) -> list[str]:
        """Return the ids of all tokens of a session."""
        return [row["id"] for row in self._db.execute("SELECT id FROM tokens WHERE session = ?", (session,))]

    def revoke_token(self, token_id: str) -> None:
        """End one token."""
        self._changed("UPDATE tokens SET status = 'revoked' WHERE id = ?", token_id)

    def revoke_session(self, session: str) -> None:
        """End a session: all tokens with its id."""
        self._changed("UPDATE sessions SET revoked = 1 WHERE id = ?", session)

    def session_is_revoked(self, session: str) -> bool:
        """Say whether a session is known, and ended."""
        return self._one("SELECT 1 FROM sessions WHERE id = ? AND revoked = 1", session) is not None

    def session_grant(self, session: str) -> tuple[str, Endpoint] | None:
        """Return org and endpoint of a session."""
        row = self._one("SELECT org, endpoint FROM sessions WHERE id = ?", session)
        return (row["org"], row["endpoint"]) if row else None

    def sessions_of(self, org: str, subject: str) -> list[tuple[str, Endpoint]]:
        """Return id and endpoint of each session of a subject, those that are revoked too."""
        rows = self._db.execute(
            "SELECT id, endpoint FROM sessions WHERE org = ? AND subject = ?", (org, subject)
        )
        return [(row["id"], row["endpoint"]) for row in rows]


def _prepare(db: sqlite3.Connection) -> None:
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


def _key(row: sqlite3.Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {**row, "scopes": json.loads(row["scopes"]), "revoked": bool(row["revoked"])}
