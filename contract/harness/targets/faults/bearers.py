"""Faults of authentication and of responses: bearers, published keys, caching, leaks."""

from collections.abc import Callable
from dataclasses import replace

from contract.harness.jose import SigningKey
from contract.harness.spec import routes
from contract.harness.targets.faults.base import Fault
from contract.harness.targets.faults.exchanges import Call, Reply, refusal


class AcceptsEveryBearer(Fault):
    """A bearer that the server refuses is accepted."""

    breaks = frozenset(
        {
            "CLK-06",
            "JWKS-03",
            "JWKS-07",
            "REV-01",
            "REV-03",
            "SEC-01",
            "SEC-02",
            "SEC-03",
            "SEC-04",
            "SEC-09",
            "SEC-10",
            "SEC-11",
            "SES-02",
            "SES-07",
        }
    )

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Turn the refusal of a bearer into a 404."""
        refused = reply.status == 401 and "authorization" in call.headers
        return refusal("identity_not_found", 404) if refused else reply


class RefusesEveryBearer(Fault):
    """Every bearer is refused at /v1/identities; API keys still work."""

    breaks = frozenset({"JWKS-01", "JWKS-04", "JWKS-05", "JWKS-06", "JWKS-08"})

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse a bearer."""
        to_identities = call.path.startswith(routes.IDENTITIES) and "authorization" in call.headers
        return refusal("invalid_token") if to_identities else call


class DelegatedBearersAreRefused(Fault):
    """A bearer with the prefix of a delegated class is refused, all others are accepted."""

    breaks = frozenset({"JWKS-08"})

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse a bearer with a prefix."""
        return refusal("invalid_token") if "relay_" in call.headers.get("authorization", "") else call


class PublishesNoKey(Fault):
    """The published key set is empty."""

    breaks = frozenset({"JWKS-09"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Empty the set."""
        return reply.with_body({"keys": []}) if call.path == routes.JWKS else reply


class PublishesPrivateMembers(Fault):
    """The published keys contain a private member."""

    breaks = frozenset({"JWKS-09"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Add a member to every key; its value is not a real one."""
        keys = reply.body.get("keys", [])
        return (
            reply.with_body({"keys": [{**key, "d": "AQAB"} for key in keys]})
            if call.path == routes.JWKS
            else reply
        )


class AddsACredential(Fault):
    """A mint request without a credential is sent with the last one seen at that endpoint."""

    breaks = frozenset({"SEC-05"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._last: dict[str, str] = {}

    def on_request(self, call: Call) -> Call:
        """Add the credential."""
        if not call.mints or "authorization" in call.headers:
            return call
        if "x-api-key" in call.headers:
            self._last[call.path] = call.headers["x-api-key"]
            return call
        credential = self._last.get(call.path)
        return replace(call, headers={**call.headers, "x-api-key": credential}) if credential else call


class TokensAreCacheable(Fault):
    """A response with tokens may be stored by any cache."""

    breaks = frozenset({"SEC-06"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Replace the header."""
        if "accessToken" not in reply.body:
            return reply
        return replace(reply, headers={**reply.headers, "cache-control": "public, max-age=600"})


class ErrorsShowAStackTrace(Fault):
    """An error body contains a stack trace."""

    breaks = frozenset({"SEC-07"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Add one."""
        if reply.status < 400 or not reply.body:
            return reply
        trace = 'Traceback (most recent call last):\n  File "/srv/app/tokens.py", line 12, in refresh'
        return reply.with_body({**reply.body, "detail": trace})


class ErrorsEchoTheToken(Fault):
    """The refusal of a refresh token contains the token."""

    breaks = frozenset({"SEC-07", "SEC-10"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Add it."""
        presented = call.body.get("refreshToken") if call.refreshes and reply.status >= 400 else None
        return reply.with_body({**reply.body, "refused": presented}) if presented else reply
