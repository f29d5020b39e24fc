"""Faults at the doors: who is believed, which key is published, and what an answer gives away."""

from collections.abc import Callable
from dataclasses import replace

from contract.harness.jose import SigningKey
from contract.harness.spec import routes
from contract.harness.targets.faults import Call, Fault, Reply, refusal


class BelievesEveryBearer(Fault):
    """A bearer that the server refuses is let in."""

    breaks = frozenset(
        {
            "CLK-06",
            "JWKS-03",
            "JWKS-07",
            "REV-03",
            "REV-05",
            "SEC-01",
            "SEC-02",
            "SEC-03",
            "SEC-04",
            "SES-02",
            "SES-07",
        }
    )

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Turn the refusal of a bearer into another answer."""
        refused = reply.status == 401 and "authorization" in call.headers
        return refusal("identity_not_found", 404) if refused else reply


class RefusesEveryBearer(Fault):
    """No bearer is let in where identities are asked for, and API keys go on working."""

    breaks = frozenset({"JWKS-01", "JWKS-04", "JWKS-05", "JWKS-06", "JWKS-08"})

    def ask(self, call: Call) -> Call | Reply:
        """Refuse a bearer."""
        there = call.path.startswith(routes.IDENTITIES) and "authorization" in call.headers
        return refusal("invalid_token") if there else call


class DelegatedBearersAreRefused(Fault):
    """A bearer with the prefix of a delegated class is refused, all others are let in."""

    breaks = frozenset({"JWKS-08"})

    def ask(self, call: Call) -> Call | Reply:
        """Refuse a bearer with a prefix."""
        return refusal("invalid_token") if "relay_" in call.headers.get("authorization", "") else call


class PublishesNoKey(Fault):
    """The published key set is empty."""

    breaks = frozenset({"JWKS-09"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Empty the set."""
        return reply.saying({"keys": []}) if call.path == routes.JWKS else reply


class PublishesPrivateMembers(Fault):
    """The published keys hold a private member."""

    breaks = frozenset({"JWKS-09"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Add a member to every key; its value is no real one."""
        keys = reply.body.get("keys", [])
        return (
            reply.saying({"keys": [{**key, "d": "AQAB"} for key in keys]})
            if call.path == routes.JWKS
            else reply
        )


class LendsACredential(Fault):
    """A request to mint that comes without a credential is sent with the last one that was seen."""

    breaks = frozenset({"SEC-05"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._last: dict[str, str] = {}

    def ask(self, call: Call) -> Call:
        """Lend what was seen at the same endpoint."""
        if not call.mints or "authorization" in call.headers:
            return call
        if "x-api-key" in call.headers:
            self._last[call.path] = call.headers["x-api-key"]
            return call
        lent = self._last.get(call.path)
        return replace(call, headers={**call.headers, "x-api-key": lent}) if lent else call


class LetsTokensBeCached(Fault):
    """An answer with tokens in it may be kept by every cache on its way."""

    breaks = frozenset({"SEC-06"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Replace the header."""
        if "accessToken" not in reply.body:
            return reply
        return replace(reply, headers={**reply.headers, "cache-control": "public, max-age=600"})


class TellsItsTrace(Fault):
    """A refusal holds the stack trace of the place where it was decided."""

    breaks = frozenset({"SEC-07"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Add a trace to an error body."""
        if reply.status < 400 or not reply.body:
            return reply
        trace = 'Traceback (most recent call last):\n  File "/srv/app/tokens.py", line 12, in refresh'
        return reply.saying({**reply.body, "detail": trace})


class EchoesWhatItRefuses(Fault):
    """A refusal of a refresh token holds the token."""

    breaks = frozenset({"SEC-07"})

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Add the token to an error body."""
        presented = call.body.get("refreshToken") if call.refreshes and reply.status >= 400 else None
        return reply.saying({**reply.body, "refused": presented}) if presented else reply
