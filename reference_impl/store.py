"""All state, in SQLite: orgs' keys, identities, sessions and tokens; each change is one transaction."""

import contextlib
import hashlib
import json
import sqlite3
import weakref
from collections.abc import Iterator
from typing import Any

from reference_impl.errors import ConfigError
from reference_impl.facts import Cause, Grant, Kind, Session, TokenState
from reference_impl.tables import (
    HISTORY,
    NAMED,
    history_in,
    identity_in,
    key_in,
    prepare,
    session_in,
    written,
)

BUSY_TIMEOUT = 10.0  # seconds that a writer waits for another process's transaction
_FORGETTING = {
    "used": "UPDATE tokens SET status = 'live' WHERE status = 'used'",
    "revoked": "UPDATE sessions SET revoked = 0",
    "sessions": "DELETE FROM tokens",
    "revoked after rotations": "UPDATE sessions SET revoked = 0 WHERE id IN "
    "(SELECT session FROM tokens WHERE number >= 2)",
    "replays": "UPDATE sessions SET revoked = 0 WHERE ended_by = 'reuse'",
    "revoked identities": "UPDATE sessions SET revoked = 0 WHERE ended_by = 'identityId'",
    "never refreshed": "DELETE FROM tokens WHERE session NOT IN "
    "(SELECT session FROM tokens WHERE number > 0)",
    "children": "UPDATE sessions SET revoked = 0 WHERE ended_by = 'suspend' AND subject NOT IN "
    "(SELECT id FROM identities WHERE status = 'suspended')",
    "bindings": "UPDATE api_keys SET workspace = 'ws_default' WHERE kind = 'workspace_token'",
    "revoked keys": "UPDATE api_keys SET revoked = 0",
    "retired": "UPDATE identities SET status = 'active' WHERE status = 'retired'",
    "changes": "UPDATE identities SET roles = '[]', metadata = '{}'",
    "suspended": "UPDATE identities SET status = 'active' WHERE status = 'suspended'",
}


def digest(secret: str) -> str:
    """Return what is stored of a key: its SHA-256, never the key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Store:
    """One connection to the state; `transaction()` is the only way to change it.

    `starts` is how often a service was started on this database, this start counted.
    """

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
            self.starts = prepare(self._db)
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
        return key_in(self._one("SELECT * FROM api_keys WHERE digest = ?", digest(secret)))

    def key(self, key_id: str) -> dict[str, Any] | None:
        """Return the key with this id."""
        return key_in(self._one("SELECT * FROM api_keys WHERE id = ?", key_id))

    def revoke_key(self, key_id: str) -> None:
        """Mark a key as revoked."""
        self._changed("UPDATE api_keys SET revoked = 1 WHERE id = ?", key_id)

    def add_identity(self, row: dict[str, Any]) -> bool:
        """Keep an identity; False if its org has one of that name."""
        try:
            self._db.execute(
                "INSERT INTO identities (id, org, name, type, workspace, sponsor, chain, scopes, status,"
                " roles, metadata, created_at, updated_at) VALUES (:id, :org, :name, :type, :workspace,"
                " :sponsor, :chain, :scopes, :status, :roles, :metadata, :created_at, :updated_at)",
                written(row),
            )
        except sqlite3.IntegrityError:
            return False
        return True

    def change_identity(self, row: dict[str, Any]) -> bool:
        """Keep an identity as it is now; False if its org has another one of that name."""
        try:
            self._db.execute(
                "UPDATE identities SET name = :name, scopes = :scopes, status = :status, roles = :roles, "
                "metadata = :metadata, updated_at = :updated_at WHERE id = :id",
                written(row),
            )
        except sqlite3.IntegrityError:
            return False
        return True

    def identity(self, identity_id: str) -> dict[str, Any] | None:
        """Return an identity."""
        return identity_in(self._one("SELECT * FROM identities WHERE id = ?", identity_id))

    def identity_status(self, identity_id: str) -> str | None:
        """Return the status of an identity."""
        row = self._one("SELECT status FROM identities WHERE id = ?", identity_id)
        return None if row is None else str(row["status"])

    def identities(
        self, org: str, *, status: str | None, kind: str | None, after: int, limit: int
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return identities of an org in the order of their making, each with its place in that order."""
        rows = self._db.execute(
            "SELECT rowid AS place, * FROM identities WHERE org = :org AND rowid > :after "
            "AND (:status IS NULL OR status = :status) AND (:kind IS NULL OR type = :kind) "
            "ORDER BY rowid LIMIT :limit",
            {"org": org, "status": status, "kind": kind, "after": after, "limit": limit},
        )
        return [(row["place"], identity) for row in rows if (identity := identity_in(row)) is not None]

    def children(self, identity: dict[str, Any]) -> list[dict[str, Any]]:
        """Return all identities of its org that have it in their sponsor chain."""
        rows = self._db.execute(
            "SELECT * FROM identities WHERE org = ? AND EXISTS "
            "(SELECT 1 FROM json_each(identities.chain) WHERE value = ?)",
            (identity["org"], identity["id"]),
        )
        return [child for row in rows if (child := identity_in(row)) is not None]

    def delete_identity(self, identity_id: str) -> None:
        """Forget an identity."""
        self._changed("DELETE FROM identities WHERE id = ?", identity_id)

    def add_session(self, session: str, grant: Grant) -> None:
        """Keep a new session and its grant."""
        self._db.execute(
            "INSERT INTO sessions (id, org, subject, endpoint, grant_json, starts) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO NOTHING",
            (session, grant.org, grant.subject, grant.endpoint, json.dumps(vars(grant)), self.starts),
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
            f"SELECT tokens.*, revoked AS session_revoked, grant_json, {NAMED}, {HISTORY} FROM tokens "  # noqa: S608
            "JOIN sessions ON sessions.id = tokens.session WHERE tokens.id = ?",
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
            named=bool(row["named"]),
            history=history_in(row, self.starts),
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

    def revoke_session(self, session: str, cause: Cause | None = None) -> None:
        """End a session: all tokens with its id."""
        self._changed(
            "UPDATE sessions SET revoked = 1, ended_by = COALESCE(ended_by, ?) WHERE id = ?", cause, session
        )

    def session_is_revoked(self, session: str) -> bool:
        """Say whether a session is known, and ended."""
        return self._one("SELECT 1 FROM sessions WHERE id = ? AND revoked = 1", session) is not None

    def revive_session(self, session: str) -> None:
        """Let an ended session live again."""
        self._changed("UPDATE sessions SET revoked = 0 WHERE id = ?", session)

    def session(self, session: str) -> Session | None:
        """Return a session, live or not."""
        row = self._one(f"SELECT *, {NAMED}, {HISTORY} FROM sessions WHERE id = ?", session)  # noqa: S608 - ours
        return None if row is None else session_in(row, self.starts)

    def sessions_of(self, org: str, subject: str) -> list[Session]:
        """Return the sessions of a subject, the oldest first, those that are revoked too."""
        rows = self._db.execute(
            f"SELECT *, {NAMED}, {HISTORY} FROM sessions WHERE org = ? AND subject = ? ORDER BY rowid",  # noqa: S608
            (org, subject),
        )
        return [session_in(row, self.starts) for row in rows]

    def forget(self, what: str) -> None:
        """Lose a part of the state (`used`, `revoked`, `sessions`), as a broken restart does."""
        self._db.execute(_FORGETTING[what])
