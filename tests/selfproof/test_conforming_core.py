"""Servers that differ from the reference in what the contract leaves open: none of them is blamed."""

import contextlib
import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contract.harness.run import Settings, run_contract
from contract.harness.targets import Connection, Target
from contract.harness.targets.in_process import REFERENCE, _deployed, load
from reference_impl.errors import BadRequest
from reference_impl.facts import Endpoint, Kind, Rotation, TokenState
from reference_impl.rules import Rules


class UsesText(Rules):
    """A text that is a number is used as that number."""

    def usable_ttl(self, asked: Any) -> int | None:
        if isinstance(asked, str):
            try:
                asked = float(asked)
            except ValueError:
                return None
            return math.floor(min(asked, 10.0**9)) or None if asked >= 1 else None
        return super().usable_ttl(asked)


class RefusesWhatIsUnusable(Rules):
    """What is no usable number of seconds is refused with 400."""

    def usable_ttl(self, asked: Any) -> int | None:
        found = super().usable_ttl(asked)
        if found is None and asked is not None:
            raise BadRequest("refreshTokenTtlSeconds must be a positive number")
        return found


class NoSkew(Rules):
    """A token is refused from its exp on."""

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp


class NearlyAMinuteOfSkew(Rules):
    """A token is accepted until 59 s after its exp."""

    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp + 59


class ShortAccessAfterRefresh(Rules):
    """A rotated access token lives ten minutes."""

    def rotated_access_ttl(self, rotation: Rotation) -> int:
        return 600


class MoreInMeta(Rules):
    """Meta holds entries that the contract does not name."""

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        return {"region": "eu", **entries}


class AnotherOrder(Rules):
    """Scopes and audience of a rotated token come in another order."""

    def rotated_scopes(self, rotation: Rotation) -> list[str]:
        return list(super().rotated_scopes(rotation))[::-1]

    def rotated_audience(self, rotation: Rotation) -> list[str]:
        return list(super().rotated_audience(rotation))[::-1]


class AsciiOnly(Rules):
    """Names and paths beyond ASCII are refused with 400."""

    def path_is_delegable(self, path: object) -> bool:
        return str(path).isascii() and super().path_is_delegable(path)


class UsedIsNull(Rules):
    """A used token that is presented again ends the session a second time, and nothing more."""

    def is_reuse(self, state: TokenState, now: float) -> bool:
        return state.status in ("used", "revoked") or super().is_reuse(state, now)


VARIANTS: dict[type[Rules], tuple[str, ...]] = {
    UsesText: ("TTL-0[567]",),
    RefusesWhatIsUnusable: ("TTL-0[567]", "TTL-09"),
    NoSkew: ("CLK-0[14678]", "ROT-09"),
    NearlyAMinuteOfSkew: ("CLK-0[14678]",),
    ShortAccessAfterRefresh: ("CLK-0[678]", "ROT-10"),
    MoreInMeta: ("META-*", "ROT-07", "ROT-10"),
    AnotherOrder: ("ROT-04", "ROT-10"),
    AsciiOnly: ("ROT-07",),
    UsedIsNull: ("CLK-08",),
}


@contextlib.contextmanager
def opened(target: Target, rules: Rules) -> Iterator[Connection]:
    """Open the reference with other rules."""
    with _deployed(target.name, "reference", functools.partial(load(REFERENCE), rules=rules)) as connection:
        yield connection


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda each: each.__name__)
def test_a_conforming_server_is_not_blamed(variant: type[Rules]) -> None:
    """Every chosen clause passes at every endpoint; text that is refused as such is not tried."""
    target = Target("variant", "reference", opened_by=functools.partial(opened, rules=variant()))
    (report,) = run_contract(Settings(targets=(target,), clauses=VARIANTS[variant]))
    fine = {"pass", "not_tried"} if variant is AsciiOnly else {"pass"}
    others = [(each.clause, each.endpoint, each.why) for each in report.results if each.outcome not in fine]
    assert others == []
    assert report.verdict == "holds"


class IgnoresTheTtl(Rules):
    """Whatever TTL is requested, a mint gives 24 h."""

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None


def test_a_server_that_ignores_the_ttl_fails_and_leaves_nothing_open() -> None:
    """ROT-01 and ROT-02 fail with what was requested, and no clause ends in an error."""
    target = Target("variant", "reference", opened_by=functools.partial(opened, rules=IgnoresTheTtl()))
    (report,) = run_contract(Settings(targets=(target,), profile="core"))
    assert [(each.clause, each.why) for each in report.results if each.outcome == "error"] == []
    failed = {each.clause for each in report.results if each.outcome == "fail"}
    assert {"TTL-01", "TTL-02", "META-01", "ROT-01", "ROT-02", "ROT-09", "CLK-03"} == failed
    (why, *_) = [each.why for each in report.results if each.clause == "ROT-02"]
    assert "requested 7776000 s at mint" in why
    assert "exp - iat after rotation was 86400 s" in why
    blocked = {each.clause: each.blocked_by for each in report.results if each.outcome == "blocked"}
    assert blocked == {"CLK-08": "TTL-01"}
