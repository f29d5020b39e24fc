"""Mutants in what an answer looks like: members, status and media type beside the decision itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.facts import Answer
from reference_impl.mutants import Mutant


def _changed(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Return a successful answer with another JSON body, and any other as it is."""
    if answer.status >= 400:
        return answer
    return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())


class IdentitiesLackTheirTimes(Mutant):
    """A new identity is answered without `createdAt` and `updatedAt`."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "identities.create":
            return answer
        return _changed(
            answer,
            lambda body: {name: body[name] for name in body if name not in ("createdAt", "updatedAt")},
        )


class IdentityListsAreBare(Mutant):
    """The list of identities is answered as an array, without `data`."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _changed(answer, lambda body: body["data"]) if operation == "identities.index" else answer


class RevokedKeysAreWrapped(Mutant):
    """The record of a revoked API key is answered inside `apiKey`."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _changed(answer, lambda body: {"apiKey": body}) if operation == "keys.revoke_key" else answer


class TimesOfKeysAreNumbers(Mutant):
    """`createdAt` of a new API key is a number."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "keys.create_api_key":
            return answer
        return _changed(answer, lambda body: {**body, "apiKey": {**body["apiKey"], "createdAt": 1800000000}})


class MissingIdentitiesArePlainText(Mutant):
    """The 404 for an identity that does not exist is plain text."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "identities.show" or answer.status != 404:
            return answer
        return replace(answer, headers=(("content-type", "text/plain; charset=utf-8"),), body=b"not found")


class RefreshesNameTheSession(Mutant):
    """A refresh answers the id of the session beside the pair."""

    breaks = frozenset({"API-01"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "tokens.refresh":
            return answer
        return _changed(answer, lambda body: {**body, "sessionId": "sess_000000000000000000000000"})
