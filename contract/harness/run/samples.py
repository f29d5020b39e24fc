"""A sample: the few cases of a clause that a proof tries of those that it need not try all."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Which cases of a clause are tried: at most `cases` of a test at an endpoint, with few requests.

    They are the ones at `endpoint`, where a test has endpoints, with the body shape `shape`, or the first of
    the endpoint. With `test`, the name of a function, no other test of the clause is tried, and of this one
    the first `skipped` are passed over.
    """

    endpoint: str | None = None
    shape: str | None = None
    test: str | None = None
    skipped: int = 0
    cases: int = 3
