"""The fixtures that chapters take: the open target, and what stands on it."""

from collections.abc import Iterator

import pytest

from contract.harness.checks import KeySources
from contract.harness.client import OwnOrg, Service, TokenPairs
from contract.harness.errors import NotTried
from contract.harness.run.items import RUN, params_of
from contract.harness.run.selection import clause_of
from contract.harness.run.session import FailedOpening, TargetSession
from contract.harness.targets import Clock


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Iterator[TargetSession]:
    """The target under test, open."""
    target = request.config.stash[RUN].targets[request.param]
    try:
        opened = target.open()
        if isinstance(opened, FailedOpening):
            raise opened.error
        yield opened
    finally:
        target.close()


@pytest.fixture(autouse=True)
def _offered(request: pytest.FixtureRequest) -> None:
    """Begin a case; `NotTried` if the target does not offer what it needs."""
    clause = clause_of(getattr(request.node, "function", None))
    if clause is None:
        return
    opened: TargetSession = request.getfixturevalue("session")
    opened.service.transcript.begin_case()
    opened.clause = clause.id
    opened.note = ""
    opened.timeline = None
    for need in clause.needs:
        if need in opened.connection.missing:
            raise NotTried(f"needs {need}: {opened.connection.missing[need]}")
    mint = params_of(request.node).get("mint")
    if mint is not None and mint.name in opened.own_org.closed:
        raise NotTried(opened.own_org.closed[mint.name])
    if mint is not None and mint.shape == "identity":
        _ = opened.own_org.own_identity


@pytest.fixture(scope="session")
def token_pairs(session: TargetSession) -> TokenPairs:
    """The pairs that cases share: `pair`, `generation`, `fresh`, `rotate`."""
    return session.token_pairs


@pytest.fixture
def other_org(session: TargetSession) -> OwnOrg:
    """Another org on the target; for a clause that needs `orgs`."""
    return session.other_org


@pytest.fixture(scope="session")
def elsewhere(session: TargetSession) -> str:
    """The id of an identity of the run in another workspace than the run's."""
    own_org = session.own_org
    return own_org.another_identity(f"{own_org.workspace}-elsewhere")


@pytest.fixture(scope="session")
def service(session: TargetSession) -> Service:
    """The service under test, call by call."""
    return session.service


@pytest.fixture(scope="session")
def clock(session: TargetSession) -> Clock:
    """The service's time."""
    return session.connection.clock


@pytest.fixture(scope="session")
def key_sources(request: pytest.FixtureRequest, session: TargetSession) -> KeySources:
    """Where the deployment takes its keys from; the setups of all cases to come are observed together."""
    cases = [params_of(item) for item in request.session.items]
    session.key_sources.prepare(
        params["setup"]
        for params in cases
        if params.get("session") == session.target.name and "setup" in params
    )
    return session.key_sources
