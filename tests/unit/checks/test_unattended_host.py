"""The unattended host: when it renews, what ends it, and the timeline that it leaves."""

import contextlib
from collections.abc import Iterator

import jsonschema
import pytest

from contract.harness.checks import renewals
from contract.harness.client import TokenPairs
from contract.harness.run import Settings, TargetSession
from contract.harness.run.session import open_target
from contract.harness.spec import DAY, DEFAULT_REFRESH_TTL, ENDPOINTS, REFRESH_TTL_CAP
from contract.harness.targets import Target


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[TokenPairs, TargetSession]]:
    """An open session on the reference, or on the mutant that a test names."""
    spec = getattr(request, "param", "reference")
    session = open_target(Target(spec, spec), Settings(), on_leftover=print)
    assert isinstance(session, TargetSession)
    with contextlib.closing(session):
        yield session.token_pairs, session


Opened = tuple[TokenPairs, TargetSession]


def test_a_host_at_each_endpoint_renews_a_minute_before_each_expiry(opened: Opened) -> None:
    """Thirty days at 24 h are thirty renewals, a day less a minute apart; the clock stands where they end."""
    pairs, session = opened
    clock = session.connection.clock
    start = clock.now()
    hosts = renewals(pairs, clock, requested=None, until=start + 30 * DAY)
    assert list(hosts) == list(ENDPOINTS)
    for host in hosts.values():
        timeline = host.timeline
        assert [each["given"] for each in timeline["rotations"]] == [DEFAULT_REFRESH_TTL] * 30
        steps = {
            round((later["at"] - each["at"]) / 60)
            for each, later in zip(timeline["rotations"], timeline["rotations"][1:], strict=False)
        }
        assert steps == {24 * 60 - 1}
        assert (timeline["requested"], timeline["given"]) == (None, DEFAULT_REFRESH_TTL)
        assert host.refusal is None
    assert clock.now() <= start + 30 * DAY


@pytest.mark.parametrize("opened", ["mutant:HostsAreCutOffAfterAYear"], indirect=True)
def test_a_refused_renewal_ends_a_host_and_is_an_event(opened: Opened) -> None:
    """The timeline says when it was refused; nothing is renewed after it."""
    pairs, session = opened
    clock = session.connection.clock
    hosts = renewals(pairs, clock, requested=REFRESH_TTL_CAP, until=clock.now() + 5 * 365 * DAY)
    for host in hosts.values():
        assert host.refusal is not None
        assert len(host.timeline["rotations"]) == 4
        (event,) = host.timeline["events"]
        assert event["accepted"] is False
        assert event["at"] > 365 * DAY


@pytest.mark.parametrize("opened", ["mutant:DelegatedEndpointsForgetTheTtl"], indirect=True)
def test_a_host_that_got_another_ttl_does_not_begin(opened: Opened) -> None:
    """Its renewals would say nothing of the TTL that it requested."""
    pairs, session = opened
    clock = session.connection.clock
    hosts = renewals(pairs, clock, requested=REFRESH_TTL_CAP, until=clock.now() + 365 * DAY)
    assert {name: len(host.pairs) for name, host in hosts.items()} == {
        "identity": 5, "agent": 1, "path": 1, "workspace-path": 1,
    }  # fmt: skip


@pytest.mark.parametrize("opened", ["mutant:HostsAreCutOffAfterAYear"], indirect=True)
def test_a_timeline_has_the_form_of_the_result(opened: Opened) -> None:
    """Reports draw it from the result file, whose schema says what it holds."""
    import json
    from importlib.resources import files

    pairs, session = opened
    clock = session.connection.clock
    hosts = renewals(pairs, clock, requested=REFRESH_TTL_CAP, until=clock.now() + 2 * 365 * DAY)
    schema = json.loads(files("contract").joinpath("result.schema.json").read_text())
    form = schema["$defs"]["timeline"]
    jsonschema.validate(hosts["path"].timeline, form)
