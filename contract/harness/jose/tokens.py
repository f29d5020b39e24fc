"""The suite's own strict reader of tokens."""

import base64
import binascii
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.harness.redaction import fingerprint, remember
from contract.harness.spec import REFRESH_TTL_MARK, TOKEN_PREFIXES


class Malformed(ValueError):
    """The text is not a compact JWS with a JSON header and JSON claims (RFC 7515, section 7.1)."""


@dataclass(frozen=True, repr=False)
class Token:
    """A compact JWS with its prefix, as the service sent it; times are Unix seconds."""

    text: str
    prefix: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<token {fingerprint(self.text)}>"

    def time(self, claim: str) -> int:
        """Return `exp` or `iat`; raises `Malformed` if it is missing or no whole number of seconds."""
        value = self.claims.get(claim)
        whole = value.is_integer() if isinstance(value, float) else type(value) is int
        if not whole:
            raise Malformed(f"its {claim} is not a whole number of seconds")
        return int(value)  # type: ignore[arg-type]

    @property
    def exp(self) -> int:
        """When it expires, in Unix seconds."""
        return self.time("exp")

    @property
    def iat(self) -> int:
        """When it was issued, in Unix seconds."""
        return self.time("iat")

    @property
    def lifetime(self) -> int:
        """`exp - iat`, in seconds."""
        return self.exp - self.iat

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `meta` claim; empty if there is none."""
        meta = self.claims.get("meta", {})
        if not isinstance(meta, dict):
            raise Malformed("its meta is not an object")
        return meta

    @property
    def mark(self) -> Any:
        """`meta.refreshTokenTtl`; None where the token has none."""
        return self.meta.get(REFRESH_TTL_MARK)


def read_token(text: object) -> Token:
    """Read one token strictly; raises `Malformed`, whose text has the reason and never the token."""
    if not isinstance(text, str):
        raise Malformed("it is not a string")
    return _read(text)


# The response of a mint is read once for what the run owns, and once for the clause under test.
@functools.lru_cache(maxsize=64)
def _read(text: str) -> Token:
    remember(text)
    prefix = next((each for each in TOKEN_PREFIXES if text.startswith(each)), "")
    segments = text.removeprefix(prefix).split(".")
    if len(segments) != 3 or not all(segments):
        raise Malformed(f"it has {len(segments)} segments, not three that are not empty")
    header, claims = dict(_header(segments[0])), _object(segments[1])
    decode(segments[2])
    return Token(text, prefix, header, claims)


@functools.lru_cache(maxsize=16)
def _header(segment: str) -> Mapping[str, Any]:
    """Read a header; all tokens that one key signed have the same."""
    return _object(segment)


def decode(segment: str) -> bytes:
    """Decode base64url as in RFC 7515: no padding, no other characters, canonical only."""
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("a segment is not base64url") from None
    if encode(raw) != segment:
        raise Malformed("a segment is not canonical base64url")
    return raw


def _object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(decode(segment), parse_constant=_no_constant)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("a segment is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("a segment is not a JSON object")
    return value


def _no_constant(name: str) -> None:
    # Python accepts NaN and Infinity; RFC 8259, section 6, does not.
    raise Malformed(f"a segment is not JSON ({name})")


def encode(raw: bytes) -> str:
    """Return `raw` in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
