"""What a JWKS stub answers: the true keys, or one of the ways in which a JWKS can't be used."""

import json
from dataclasses import dataclass
from enum import StrEnum

from contract.harness.jose import SigningKey
from contract.harness.spec import routes

DEFAULT_ORIGIN = "http://127.0.0.1:8787"
SLOW_SECONDS = 60.0
"""How long a slow stub takes: well beyond the 15 s that a verifier has for its refusal."""


class StubAnswer(StrEnum):
    """What a stub answers; `TRUE` is the JWKS of the deployment's key."""

    TRUE = "true keys"
    OTHER_KEY = "another key"
    EMPTY = "an empty set"
    SERVER_ERROR = "500"
    HTML = "HTML"
    NOT_JSON = "broken JSON"
    REDIRECT = "a redirect to the true keys"
    SLOW = "nothing for a minute"
    STALLED = "half of the true keys, then nothing for a minute"
    UNREACHABLE = "unreachable"


WAITING = frozenset({StubAnswer.SLOW, StubAnswer.STALLED})
"""The answers for which a verifier waits until its own time-out."""


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


def reply(answer: StubAnswer, key: SigningKey, other: SigningKey) -> Reply:
    """Return the response for `answer`; the stub itself does what is slow or unreachable."""
    true_keys = json.dumps({"keys": [key.jwk]}).encode()
    match answer:
        case StubAnswer.OTHER_KEY:
            return Reply(200, "application/json", json.dumps({"keys": [other.jwk]}).encode())
        case StubAnswer.EMPTY:
            return Reply(200, "application/json", b'{"keys": []}')
        case StubAnswer.SERVER_ERROR:
            return Reply(500, "application/json", true_keys)
        case StubAnswer.HTML:
            return Reply(200, "text/html", b"<!doctype html><title>Welcome</title>")
        case StubAnswer.NOT_JSON:
            return Reply(200, "application/json", true_keys[:-3])
        case StubAnswer.REDIRECT:
            return Reply(302, "application/json", true_keys, location=DEFAULT_ORIGIN + routes.JWKS)
        case _:
            return Reply(200, "application/json", true_keys)
