"""The one error tree: every refusal with its status, its code and its sentence (wire.md, Failures)."""

from collections.abc import Mapping
from typing import ClassVar


class ServiceError(Exception):
    """Base of all refusals; `status` is HTTP's, `code` the API's own word."""

    status: ClassVar[int] = 400
    code: str = "invalid_request"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code or type(self).code

    @property
    def body(self) -> Mapping[str, str]:
        """The JSON body: the code in both members that clients read it from, and a sentence for people."""
        sentence = {} if str(self) == self.code else {"message": str(self)}
        return {"error": self.code, "code": self.code} | sentence


class BadRequest(ServiceError):
    """The request has no usable form (400)."""


class Unauthorized(ServiceError):
    """Nobody, or nobody that is believed (401)."""

    status = 401
    code = "invalid_token"


class Expired(Unauthorized):
    """Believable in all but its time (401); `token_id` is its `jti`."""

    def __init__(self, sentence: str, *, token_id: str) -> None:
        super().__init__(sentence)
        self.token_id = token_id


class Forbidden(ServiceError):
    """Somebody, but not allowed to (403)."""

    status = 403
    code = "insufficient_scope"


class NotFound(ServiceError):
    """Nothing there, or nothing of the caller's org (404)."""

    status = 404
    code = "not_found"


class Conflict(ServiceError):
    """There is one already (409)."""

    status = 409
    code = "conflict"


class ConfigError(Exception):
    """The environment or an option can't be used; the message says what to do."""
