"""Single requests that are sent to two targets: usual ones, ones without a credential, and generated ones."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contract.harness.checks.api_cases import GeneratedCase, generated
from contract.harness.checks.api_document import Operation, operations
from contract.harness.checks.api_own_things import OwnThingsIn
from contract.harness.checks.api_requests import MINTS, Sent, UsualRequests
from contract.harness.checks.comparable import without_id, without_names
from contract.harness.checks.paired_walks import Ground
from contract.harness.checks.requested_values import UNUSABLE
from contract.harness.client import TokenPairs, Variable, displayable
from contract.harness.redaction import plain, scrub
from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, REFRESH_TTL_CAP, REFRESH_TTL_FIELD
from contract.harness.spec.openapi import document

_VALUES = (
    *(None, CLOCK_SKEW, ACCESS_TTL + 0.5, REFRESH_TTL_CAP, 4 * REFRESH_TTL_CAP),
    *(next(iter(group.values())) for group in UNUSABLE.values()),
)


class Side:
    """One of the two targets; its walks go over `ground`, which may be another server of the same kind."""

    def __init__(self, name: str, token_pairs: TokenPairs, ground: Ground) -> None:
        self.name = name
        self.requests = UsualRequests(token_pairs)
        self.own = OwnThingsIn(self.requests)
        self.ground = ground
        self.moments: dict[int, str] = {}

    @property
    def on_a_url(self) -> bool:
        """Whether each request costs somebody else."""
        return self.requests.service.connection.kind == "url"


@dataclass(frozen=True)
class Single:
    """One request that stands for itself: `make` says what a side sends, `case` what it is made from."""

    operation: Operation
    make: Callable[[Side], Sent]
    case: GeneratedCase | None = None

    @property
    def target(self) -> Operation:
        """Where it is sent: the operation, perhaps with another method."""
        return replace(self.operation, method=self.case.method) if self.case else self.operation


def singles(*, coverage: int, examples: int, seed: int, on_a_url: bool) -> Iterator[Single]:
    """Yield the requests of every operation; `on_a_url` leaves out methods that it does not have."""
    for operation in operations().values():
        yield Single(operation, lambda side, it=operation: side.requests.usual(it))  # type: ignore[misc]
        if _needs_credential(operation):
            yield Single(operation, lambda side, it=operation: _without_key(side, it))  # type: ignore[misc]
        if operation.name in MINTS:
            yield from _requested(operation)
        if operation.name == "revokeTokens":
            yield from (_unknown(operation, name) for name in ("tokenId", "sessionId"))
        for case in generated(operation, coverage=coverage, examples=examples, seed=seed):
            if case.method == operation.method or not on_a_url:
                yield _of(case, operation)


def _of(case: GeneratedCase, operation: Operation) -> Single:
    return Single(operation, lambda side: side.own.sent(case, operation), case)


def without_member(single: Single) -> Iterator[Single]:
    """Yield a generated request without each member of its body."""
    case = single.case
    if case is None or not isinstance(case.body, dict):
        return
    for name in case.body:
        body = {key: value for key, value in case.body.items() if key != name}
        yield _of(replace(case, body=body), single.operation)


def _without_key(side: Side, operation: Operation) -> Sent:
    return {name: value for name, value in side.requests.usual(operation).items() if name != "key"}


def _requested(operation: Operation) -> Iterator[Single]:
    """Yield mints that request a refresh TTL, usable or not."""
    for value in _VALUES:

        def make(side: Side, value: Any = value) -> Sent:
            usual = side.requests.usual(operation)
            return {**usual, "body": {**usual["body"], REFRESH_TTL_FIELD: value}}

        yield Single(operation, make)


def _unknown(operation: Operation, name: str) -> Single:
    """Return a revocation of what nobody has."""

    def make(side: Side) -> Sent:
        return {**side.requests.usual(operation), "body": {name: f"random_{secrets.token_hex(8)}"}}

    return Single(operation, make)


def moments_in(body: Any) -> dict[int, str]:
    """Return the times that a request asks for, by their Unix seconds."""
    value = body.get("delegationNotAfter") if isinstance(body, Mapping) else None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError):
            return {}
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return {int(value): "the delegationNotAfter requested"} if usable and value is not None else {}


def _needs_credential(operation: Operation) -> bool:
    described_as: dict[str, Any] = document()["paths"][operation.path][operation.method.lower()]
    return described_as.get("security") != []


def described(sent: Sent, operation: Operation, names: Mapping[str, str]) -> str:
    """Return what was sent as JSON, with variables for the run's own things."""
    shown = {
        name: displayable(value, names)
        for name, value in sent.items()
        if name in ("id", "body", "query", "headers")
    }
    if "id" in shown and not isinstance(shown["id"], Variable):
        shown["id"] = without_id(str(shown["id"]))
    text = json.dumps(shown, default=str, ensure_ascii=True) if shown else ""
    without = "without a credential" if _needs_credential(operation) and "key" not in sent else ""
    return (
        " ".join(filter(None, (plain(without_names(scrub(text))), without))) or "nothing but the request line"
    )
