"""What a JWKS stub answers: the true keys, alone or among others, or something that can't be used."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contract.harness.jose import SigningKey
from contract.harness.spec import routes

DEFAULT_ORIGIN = "http://127.0.0.1:8787"
SLOW_SECONDS = 60.0
"""How long a slow stub takes: well beyond the 15 s that a verifier has for its refusal."""


class StubAnswer(StrEnum):
    """What a stub answers; `TRUE` is the JWKS of the deployment's key."""

    TRUE = "true keys"
    SEVERAL_KEYS = "the true key among keys of other types and uses"
    OTHER_KEY = "another key"
    EMPTY = "an empty set"
    SERVER_ERROR = "500"
    HTML = "HTML"
    NOT_JSON = "broken JSON"
    REDIRECT = "a redirect to the true keys"
    SLOW = "nothing for a minute"
    STALLED = "half of the true keys, then nothing for a minute"
    UNREACHABLE = "unreachable"


USABLE = frozenset({StubAnswer.TRUE, StubAnswer.SEVERAL_KEYS})
"""The answers with which a verifier accepts a bearer of the deployment's key."""

WAITING = frozenset({StubAnswer.SLOW, StubAnswer.STALLED})
"""The answers for which a verifier waits until its own time-out."""

# Public keys of the RFCs: 7517 appendix A.1 (EC) and 8037 appendix A.2 (OKP). No private key is needed.
_OF_OTHER_TYPES: tuple[Mapping[str, str], ...] = (
    {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "ec-2027",
     "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
    {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "okp-2027",
     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty": "FUTURE", "use": "sig", "alg": "XS256", "kid": "future-2027", "z": "AQAB"},
)  # fmt: skip


def key_set(answer: StubAnswer, key: SigningKey, other: SigningKey) -> dict[str, list[Mapping[str, Any]]]:
    """Return the JWKS that belongs to `answer`.

    Of several keys the first is another RSA key that signs, the last is an RSA key for encryption.
    """
    match answer:
        case StubAnswer.OTHER_KEY:
            return {"keys": [other.jwk]}
        case StubAnswer.EMPTY:
            return {"keys": []}
        case StubAnswer.SEVERAL_KEYS:
            encryption = {**other.jwk, "use": "enc", "alg": "RSA-OAEP-256", "kid": "encryption-2027"}
            return {"keys": [other.jwk, *_OF_OTHER_TYPES, key.jwk, encryption]}
        case _:
            return {"keys": [key.jwk]}


@dataclass(frozen=True)
class Reply:
    """An HTTP response of a stub."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send."""
        location = {"location": self.location} if self.location else {}
        return {"content-type": self.content_type, **location}


def reply(answer: StubAnswer, key: SigningKey, other: SigningKey, redirect: str | None = None) -> Reply:
    """Return the response for `answer`; the stub itself does what is slow or unreachable.

    `redirect` is the origin to which a redirect leads.
    """
    body = json.dumps(key_set(answer, key, other)).encode()
    match answer:
        case StubAnswer.SERVER_ERROR:
            return Reply(500, "application/json", body)
        case StubAnswer.HTML:
            return Reply(200, "text/html", b"<!doctype html><title>Welcome</title>")
        case StubAnswer.NOT_JSON:
            return Reply(200, "application/json", body[:-3])
        case StubAnswer.REDIRECT:
            return Reply(302, "application/json", body, location=f"{redirect}{routes.JWKS}")
        case _:
            return Reply(200, "application/json", body)
