"""Sends generated requests to one operation, judges each answer, and makes a failing request small."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.harness.checks.api_answers import Answers
from contract.harness.checks.api_cases import GeneratedCase, generated
from contract.harness.checks.api_document import Operation, is_exempt
from contract.harness.checks.api_own_things import OwnThingsIn
from contract.harness.checks.api_requests import MINTS, Sent, UsualRequests
from contract.harness.client import Raw, Response, displayable
from contract.harness.errors import Violation
from contract.harness.redaction import plain, scrub

SHRINKS = 24
"""Requests that are spent at most to make a failing one smaller."""
SHOWN = 400
"""Characters of a failing request that a failure shows."""


NO_OBJECTS: Mapping[str, Callable[[Any], Any]] = {
    "in a list": lambda body: [body],
    "null": lambda _: Raw(("null",)),
    "a text": lambda _: "{}",
    "a number": lambda _: 1,
}
"""Bodies that are JSON and no object, made of the usual one."""


@dataclass
class Tally:
    """How many valid requests were sent, and how many of them were answered with a 2xx."""

    sent: int = 0
    valid: int = 0
    accepted: int = 0


class GeneratedRequests:
    """Generated requests on one target; `on_a_url` says that each costs somebody else."""

    def __init__(
        self,
        requests: UsualRequests,
        *,
        on_a_url: bool,
        keep: Callable[[GeneratedCase], None] = lambda _: None,
    ) -> None:
        self._keep = keep
        self._requests = requests
        self._own = OwnThingsIn(requests)
        self._answers = Answers()
        self._on_a_url = on_a_url
        self.tally = Tally()

    def try_all(
        self, operation: Operation, first: Iterable[GeneratedCase], *, coverage: int, examples: int, seed: int
    ) -> None:
        """Send the `first` cases and the generated ones; a `Violation` shows the smallest that fails."""
        for case in self._cases(operation, first, coverage, examples, seed):
            self._requests.service.transcript.begin_case()
            try:
                self._try(case, operation)
            except Violation as violation:
                raise self._smallest(case, operation, violation) from None

    def without_credential(self, operation: Operation) -> None:
        """Send the usual request without its credential: it is refused with 401, and nothing is done."""
        usual = self._requests.usual(operation)
        if "key" not in usual:
            return
        response = self._requests.send(
            operation, {name: value for name, value in usual.items() if name != "key"}
        )
        self._require_refused(response, operation, 401, sent=f"sent {operation} without a credential")

    def with_no_object(self, operation: Operation) -> None:
        """Send the usual body within a list, then null, a text and a number: each is refused with 400.

        A service may see first that a credential may not do this at all, and answer 403 to any body.
        """
        if self._on_a_url and operation.name not in MINTS:
            return
        usual = self._requests.usual(operation)
        if "body" not in usual:
            return
        for name in ["in a list"] if self._on_a_url else NO_OBJECTS:
            response = self._requests.send(operation, usual | {"body": NO_OBJECTS[name](usual["body"])})
            sent = f"sent {operation} with a body that is no JSON object: {name}"
            forbidden = response.status == 403 and self._requests.send(operation, usual).status == 403
            self._require_refused(response, operation, 403 if forbidden else 400, sent=sent)

    def _require_refused(self, response: Response, operation: Operation, status: int, *, sent: str) -> None:
        """Require a sound answer with `status`; an older deployment has no such route at all."""
        self._answers.judge(response, operation, sent)
        if response.status != status and not is_exempt(response, operation):
            raise Violation(f"{sent}; it is refused with {status}; it answered {response.summary}")

    def _cases(
        self, operation: Operation, first: Iterable[GeneratedCase], coverage: int, examples: int, seed: int
    ) -> Iterator[GeneratedCase]:
        yield from (case for case in first if case.operation == operation.name)
        for case in generated(operation, coverage=coverage, examples=examples, seed=seed):
            if case.method == operation.method or not self._on_a_url:
                yield case

    def _try(self, case: GeneratedCase, operation: Operation) -> None:
        sent = self._own.sent(case, operation)
        target = replace(operation, method=case.method)
        response = self._requests.send(target, sent)
        self.tally.sent += 1
        if case.valid:
            self.tally.valid += 1
            self.tally.accepted += response.status < 300
        self._answers.judge(response, operation, _told(case, target, sent))

    def _smallest(self, case: GeneratedCase, operation: Operation, violation: Violation) -> Violation:
        """Leave out member after member of the body as long as the request fails; return the last failure."""
        case, violation = self._made_small(case, operation, violation)
        self._keep(case)
        return violation

    def _made_small(
        self, case: GeneratedCase, operation: Operation, violation: Violation
    ) -> tuple[GeneratedCase, Violation]:
        left = 0 if self._on_a_url else SHRINKS
        changed = True
        while changed and isinstance(case.body, dict):
            changed = False
            for name in list(case.body):
                if left <= 0:
                    return case, violation
                left -= 1
                smaller = replace(case, body={key: each for key, each in case.body.items() if key != name})
                self._requests.service.transcript.begin_case()
                try:
                    self._try(smaller, operation)
                except Violation as again:
                    case, violation, changed = smaller, again, True
                    break
        return case, violation


def _told(case: GeneratedCase, operation: Operation, sent: Sent) -> str:
    shown: dict[str, Any] = {
        name: displayable(value) for name, value in sent.items() if name in ("body", "query", "headers")
    }
    text = plain(scrub(json.dumps(shown, default=str, ensure_ascii=True)))
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    kind = "valid" if case.valid else "invalid"
    return f"sent {operation} with {text} ({kind}: {case.what})"
