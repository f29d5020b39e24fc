"""The base classes of the proxy's faults."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from contract.harness.jose import SigningKey
from contract.harness.targets.faults.exchanges import PAIR, TOKENS, Call, Reply, iso, token_of


class Fault:
    """Base of all faults: one thing that goes wrong between the suite and a server.

    `breaks` are the clauses that must report it, and `may_also` those that report it on some targets: where
    the clock can be set, or where a second passes between two requests. An instance serves one connection, so
    it may keep state; `now` returns the service's time in Unix seconds.
    """

    breaks: ClassVar[frozenset[str]] = frozenset()
    may_also: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        self.key = key
        self.now = now

    def waits_for_others(self, call: Call) -> bool:
        """Whether `call` must wait until earlier such calls have their responses."""
        return False

    def on_request(self, call: Call) -> Call | Reply:
        """Return what is sent to the server instead of `call`, or a `Reply` if nothing is sent."""
        return call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Return what the suite receives instead of `reply`, the server's response to `call`."""
        return reply


class Resigning(Fault):
    """Base of the faults that sign tokens anew; the server is only ever sent its own tokens."""

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._originals: dict[str, str] = {}

    def claims(self, call: Call, name: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims for the token `name` (`accessToken`, `refreshToken`)."""
        raise NotImplementedError

    def prefix(self, call: Call, prefix: str) -> str:
        """Return the prefix for a token."""
        return prefix

    def on_request(self, call: Call) -> Call:
        """Replace each token that was signed anew by the server's own."""
        if not self._originals:
            return call
        return replace(
            call,
            path=self._restored(call.path),
            headers={name: self._restored(value) for name, value in call.headers.items()},
            content=self._restored(call.content.decode("latin-1")).encode("latin-1"),
        )

    def _restored(self, text: str) -> str:
        return TOKENS.sub(lambda found: self._originals.get(found[0], found[0]), text)

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Sign a pair anew, and adapt the announced expiries."""
        body = reply.body
        if not (call.mints or call.refreshes) or not set(PAIR) <= set(body):
            return reply
        changed = dict(body)
        for name in PAIR:
            token = token_of(body[name])
            if token is None:
                return reply
            claims = self.claims(call, name, json.loads(json.dumps(token.claims)))
            prefix = self.prefix(call, token.prefix)
            if claims == token.claims and prefix == token.prefix:
                continue
            changed[name] = self.key.sign(claims, prefix=prefix, header=token.header)
            changed[f"{name}ExpiresAt"] = iso(claims["exp"])
            self._originals[changed[name]] = body[name]
        return reply if changed == body else reply.with_body(changed)
