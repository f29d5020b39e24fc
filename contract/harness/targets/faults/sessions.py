"""Faults of sessions: single use of refresh tokens, and what a replay leads to."""

from collections.abc import Callable

from contract.harness.jose import SigningKey
from contract.harness.targets.faults.base import Fault
from contract.harness.targets.faults.exchanges import TOKENS, Call, Reply, refusal, token_of


class _TracksUse(Fault):
    """Base of the faults that record which refresh tokens of a session were used, in order."""

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self.used: dict[str, list[str]] = {}

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record a token that was used."""
        token = call.presented if call.refreshes and reply.status == 200 else None
        if token is not None:
            self.used.setdefault(str(token.claims.get("sid")), []).append(token.text)
        return reply

    def replayed(self, call: Call) -> list[str]:
        """Return the used tokens of the session, if `call` replays one of them."""
        token = call.presented if call.refreshes else None
        used = self.used.get(str(token.claims.get("sid")), []) if token is not None else []
        return used if token is not None and token.text in used else []


class AnswersTwice(Fault):
    """A used refresh token gets the same response a second time."""

    breaks = frozenset({"CLK-08", "SES-01", "SES-02", "SES-03", "SES-05"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._responses: dict[str, Reply] = {}

    def waits_for_others(self, call: Call) -> bool:
        """Let one refresh at a time through: simultaneous ones would all reach the server."""
        return call.refreshes

    def on_request(self, call: Call) -> Call | Reply:
        """Return the recorded response."""
        token = call.presented if call.refreshes else None
        return self._responses.get(token.text, call) if token is not None else call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record the response."""
        token = call.presented if call.refreshes and reply.status == 200 else None
        if token is not None:
            self._responses[token.text] = reply
        return reply


class ReuseKeepsTheSession(_TracksUse):
    """A used refresh token is refused, and its session continues."""

    breaks = frozenset({"CLK-08", "SES-02", "SES-03"})

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse without a request to the server."""
        return refusal("invalid_token") if self.replayed(call) else call


class OlderReuseKeepsTheSession(_TracksUse):
    """A used refresh token is refused, and its session continues unless the token is the last one used."""

    breaks = frozenset({"CLK-08", "SES-03"})
    may_also = frozenset({"SES-02"})

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse all but the last without a request to the server."""
        used = self.replayed(call)
        token = call.presented
        return refusal("invalid_token") if used and token and token.text != used[-1] else call


class ReuseEndsOtherSessions(_TracksUse):
    """A replay ends every other session of the token's subject."""

    breaks = frozenset({"SES-04"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._subject: dict[str, object] = {}
        self._ended: set[str] = set()

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse the tokens of a session that was ended so."""
        token = call.presented if call.refreshes else None
        if token is None:
            return call
        session, subject = str(token.claims.get("sid")), token.claims.get("sub")
        if self.replayed(call):
            self._ended |= {each for each, other in self._subject.items() if other == subject} - {session}
        return refusal("invalid_token") if session in self._ended else call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record the subject of the session."""
        token = token_of(reply.body.get("refreshToken")) if call.mints else None
        if token is not None:
            self._subject[str(token.claims.get("sid"))] = token.claims.get("sub")
        return super().on_response(call, reply)


class MalformedRefreshUsesTheToken(Fault):
    """A malformed refresh request, refused with 400, uses its token."""

    breaks = frozenset({"SES-06"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._used: set[str] = set()

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse a token that was in a malformed request."""
        token = call.presented if call.refreshes else None
        return refusal("invalid_token") if token is not None and token.text in self._used else call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record every token of a request that was refused with 400."""
        if call.refreshes and reply.status == 400:
            self._used.update(TOKENS.findall(call.content.decode("utf-8", "replace")))
        return reply


class AccessTokenRefreshes(Fault):
    """An access token is accepted at refresh in place of the refresh token of its pair."""

    breaks = frozenset({"SES-07"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._refresh_token: dict[str, str] = {}

    def on_request(self, call: Call) -> Call:
        """Replace an access token by its refresh token."""
        refresh_token = (
            self._refresh_token.get(str(call.body.get("refreshToken"))) if call.refreshes else None
        )
        return call.with_body({**call.body, "refreshToken": refresh_token}) if refresh_token else call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record a pair."""
        body = reply.body
        if (call.mints or call.refreshes) and "accessToken" in body:
            self._refresh_token[str(body["accessToken"])] = str(body.get("refreshToken"))
        return reply


class ForgedTokenEndsTheSession(Fault):
    """A forged refresh token is refused, and the session that it names ends."""

    breaks = frozenset({"SES-08"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._issued: set[str] = set()
        self._ended: set[str] = set()

    def on_request(self, call: Call) -> Call | Reply:
        """Refuse every token of a session that was ended so."""
        token = call.presented if call.refreshes else None
        if token is None:
            return call
        session = str(token.claims.get("sid"))
        if token.text in self._issued and session in self._ended:
            return refusal("invalid_token")
        if token.text not in self._issued:
            self._ended.add(session)
        return call

    def on_response(self, call: Call, reply: Reply) -> Reply:
        """Record what was issued."""
        self._issued.add(str(reply.body.get("refreshToken")))
        return reply
