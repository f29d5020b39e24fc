"""Faults about sessions: what one use of a refresh token means, and what a second one costs."""

from collections.abc import Callable

from contract.harness.jose import SigningKey
from contract.harness.targets.faults import TOKENS, Call, Fault, Reply, refusal, token_of


class _Watching(Fault):
    """Base of the faults that remember which refresh tokens were used, in their order, session by session."""

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self.used: dict[str, list[str]] = {}

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember a token that was used."""
        token = call.presented if call.refreshes and reply.status == 200 else None
        if token is not None:
            self.used.setdefault(str(token.claims.get("sid")), []).append(token.text)
        return reply

    def again(self, call: Call) -> list[str]:
        """Return the tokens that its session has used, if `call` presents one of them again."""
        token = call.presented if call.refreshes else None
        used = self.used.get(str(token.claims.get("sid")), []) if token is not None else []
        return used if token is not None and token.text in used else []


class AnswersTwice(Fault):
    """A refresh token that was used is answered a second time, as it was the first time."""

    breaks = frozenset({"SES-01", "SES-02", "SES-03", "SES-05"})
    one_by_one = True

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._given: dict[str, Reply] = {}

    def ask(self, call: Call) -> Call | Reply:
        """Answer from memory."""
        token = call.presented if call.refreshes else None
        return self._given.get(token.text, call) if token is not None else call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember an answer."""
        token = call.presented if call.refreshes and reply.status == 200 else None
        if token is not None:
            self._given[token.text] = reply
        return reply


class ForgivesReuse(_Watching):
    """A used refresh token is refused, and its session goes on."""

    breaks = frozenset({"SES-02", "SES-03"})

    def ask(self, call: Call) -> Call | Reply:
        """Refuse without asking the server."""
        return refusal("invalid_token") if self.again(call) else call


class ForgivesAncestors(_Watching):
    """A used refresh token is refused, and its session goes on, unless it is the last that was used."""

    breaks = frozenset({"SES-03"})

    def ask(self, call: Call) -> Call | Reply:
        """Refuse all but the last without asking the server."""
        used = self.again(call)
        token = call.presented
        return refusal("invalid_token") if used and token and token.text != used[-1] else call


class BlamesTheIdentity(_Watching):
    """A second use of a refresh token ends every session of its subject that has been seen."""

    breaks = frozenset({"SES-04"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._subject: dict[str, object] = {}
        self._ended: set[str] = set()

    def ask(self, call: Call) -> Call | Reply:
        """Refuse what belongs to a session that was blamed."""
        token = call.presented if call.refreshes else None
        if token is None:
            return call
        session, subject = str(token.claims.get("sid")), token.claims.get("sub")
        if self.again(call):
            self._ended |= {each for each, other in self._subject.items() if other == subject} - {session}
        return refusal("invalid_token") if session in self._ended else call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember whose session it is."""
        token = token_of(reply.body.get("refreshToken")) if call.mints else None
        if token is not None:
            self._subject[str(token.claims.get("sid"))] = token.claims.get("sub")
        return super().answer(call, reply)


class BadFormUsesUp(Fault):
    """A refresh request that is refused for its form uses its token up."""

    breaks = frozenset({"SES-06"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._spent: set[str] = set()

    def ask(self, call: Call) -> Call | Reply:
        """Refuse a token that was in a bad form."""
        token = call.presented if call.refreshes else None
        return refusal("invalid_token") if token is not None and token.text in self._spent else call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember every token of a request that was refused for its form."""
        if call.refreshes and reply.status == 400:
            self._spent.update(TOKENS.findall(call.content.decode("utf-8", "replace")))
        return reply


class AccessRenews(Fault):
    """An access token that is presented for a refresh is taken for the refresh token of its pair."""

    breaks = frozenset({"SES-07"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._twin: dict[str, str] = {}

    def ask(self, call: Call) -> Call:
        """Swap an access token for its twin."""
        twin = self._twin.get(str(call.body.get("refreshToken"))) if call.refreshes else None
        return call.saying({**call.body, "refreshToken": twin}) if twin else call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember a pair."""
        body = reply.body
        if (call.mints or call.refreshes) and "accessToken" in body:
            self._twin[str(body["accessToken"])] = str(body.get("refreshToken"))
        return reply


class ForgedCopyHarms(Fault):
    """A forged copy of a refresh token is refused, and the session that it names ends."""

    breaks = frozenset({"SES-08"})

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        super().__init__(key, now)
        self._issued: set[str] = set()
        self._harmed: set[str] = set()

    def ask(self, call: Call) -> Call | Reply:
        """Refuse every token of a session that was harmed."""
        token = call.presented if call.refreshes else None
        if token is None:
            return call
        session = str(token.claims.get("sid"))
        if token.text in self._issued and session in self._harmed:
            return refusal("invalid_token")
        if token.text not in self._issued:
            self._harmed.add(session)
        return call

    def answer(self, call: Call, reply: Reply) -> Reply:
        """Remember what was issued."""
        self._issued.add(str(reply.body.get("refreshToken")))
        return reply
