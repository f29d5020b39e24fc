"""Generated requests for an operation: examples of openapi.yaml, its coverage, and fuzzing."""

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.harness.checks.api_document import Operation, schema
from contract.harness.checks.strategies import for_all

# What a request is authenticated with is chosen by the suite.
_CREDENTIALS = frozenset({"x-api-key", "authorization"})


@dataclass(frozen=True)
class GeneratedCase:
    """One request as data, so that it can be kept and sent again; `body` is None where there is none."""

    operation: str
    valid: bool
    what: str
    method: str
    body: Any = None
    has_body: bool = False
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the case as a value of JSON."""
        return dict(vars(self)) | {name: dict(getattr(self, name)) for name in ("path", "query", "headers")}


@functools.cache
def generated(operation: Operation, *, coverage: int, examples: int, seed: int) -> Sequence[GeneratedCase]:
    """Return the document's own examples, `coverage` cases of its coverage, and fuzzed ones.

    Of each of valid and invalid requests `examples` are fuzzed. The same `seed` gives the same cases: they
    are made once for all targets of a run, since that takes more time than to send them.
    """
    return tuple(_generated(operation, coverage, examples, seed))


def _generated(operation: Operation, coverage: int, examples: int, seed: int) -> Iterator[GeneratedCase]:
    yield from _from_examples(operation)
    cases = [each for each in _from_coverage(operation) if _can_be_sent(each, operation)]
    if len(cases) > coverage:
        chosen = random.Random(f"{seed} {operation.name}").sample(range(len(cases)), coverage)  # noqa: S311
        cases = [cases[number] for number in sorted(chosen)]
    yield from cases
    for valid in (True, False):
        yield from _fuzzed(operation, valid=valid, examples=examples, seed=seed)


def _from_examples(operation: Operation) -> Iterator[GeneratedCase]:
    from schemathesis.generation.hypothesis import examples

    described = schema()[operation.path][operation.method]
    for strategy in described.get_strategies_from_examples():
        yield _read(operation, examples.generate_one(strategy), "an example of the document", valid=True)


def _from_coverage(operation: Operation) -> Iterator[GeneratedCase]:
    from schemathesis.generation.drivers import CoverageGenerator
    from schemathesis.generation.feedback import NO_FEEDBACK
    from schemathesis.generation.modes import GenerationMode
    from schemathesis.generation.overrides import Override

    loaded = schema()
    described = loaded[operation.path][operation.method]
    cases: Any = CoverageGenerator(
        operation=described,
        generation_modes=list(GenerationMode),
        generation_config=loaded.config.generation_for(operation=described, phase="coverage"),
        auth_storage=None,
        override=Override(),
        feedback=NO_FEEDBACK,
    )
    for case in cases:
        what = str(case.meta.phase.data.description)
        yield _read(operation, case, what, valid=case.meta.generation.mode.is_positive)


def _fuzzed(operation: Operation, *, valid: bool, examples: int, seed: int) -> Iterator[GeneratedCase]:
    from hypothesis.errors import HypothesisException, Unsatisfiable
    from schemathesis.generation.modes import GenerationMode

    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    made: list[GeneratedCase] = []

    def keep(case: Any) -> None:
        read = _read(operation, case, "fuzzed", valid=valid)
        if _can_be_sent(read, operation):
            made.append(read)

    try:
        strategy = schema()[operation.path][operation.method].as_strategy(generation_mode=mode)
        for_all(lambda: strategy, keep, examples=examples, seed=seed, shrink=False)
    except (Unsatisfiable, HypothesisException):
        return  # Nothing about this operation can be invalid.
    yield from made


def _read(operation: Operation, case: Any, what: str, *, valid: bool) -> GeneratedCase:
    from schemathesis.core import NotSet

    has_body = not isinstance(case.body, NotSet)
    headers = {name: value for name, value in (case.headers or {}).items() if isinstance(value, str)}
    return GeneratedCase(
        operation=operation.name,
        valid=valid,
        what=what,
        method=case.method.upper(),
        body=case.body if has_body else None,
        has_body=has_body,
        path=dict(case.path_parameters or {}),
        query=dict(case.query or {}),
        headers={name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS},
    )


def _can_be_sent(case: GeneratedCase, operation: Operation) -> bool:
    """Say whether the suite can send `case`: as JSON, with headers that HTTP allows."""
    sendable = all(value.isascii() and value.isprintable() for value in case.headers.values())
    typed = any(name.lower() == "content-type" for name in case.headers)
    missing = case.what.startswith("Missing `") and "at header" in case.what and "Confirm" not in case.what
    return sendable and not typed and not missing and (case.method == operation.method or not case.valid)
