"""API: the surface as openapi.yaml describes it, generated requests, and requests in any order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.harness.checks import clause
from contract.harness.checks.api_document import once_each, operations
from contract.harness.checks.api_examples import Examples
from contract.harness.checks.api_generation import GeneratedRequests
from contract.harness.checks.api_links import CHAINS, LinkedRequests, open_mints
from contract.harness.checks.api_requests import MINTS, UsualRequests, send_each
from contract.harness.checks.session_steps import walks
from contract.harness.checks.session_walks import Step, Walk
from contract.harness.client import OwnOrg, Service
from contract.harness.errors import CouldNotTry, NotTried, Violation
from contract.harness.run import TargetSession
from contract.harness.spec import ENDPOINTS, SHAPED, MintEndpoint

MOST_DIFFERENCES = 12
"""Differences that one failure names; the others are counted."""


@clause("API-01")
@pytest.mark.last(2)
def test_every_exchange_is_as_the_document_says(session: TargetSession, service: Service) -> None:
    """Sends the usual request of each operation, then holds every kind of exchange of the run against it."""
    exchanges = service.exchanges
    if exchanges is None:
        raise CouldNotTry("the exchanges of the run were not kept")
    if session.org_problem is None:
        with service.transcript.set_aside():
            send_each(UsualRequests(session.token_pairs))
    found = dict(once_each(exchanges))
    service.transcript.show([*found.values()][:MOST_DIFFERENCES])
    if found:
        differences = [*found][:MOST_DIFFERENCES]
        more = len(found) - len(differences)
        raise Violation(
            f"held {exchanges.exchanges} exchanges against openapi.yaml; each must conform to it; "
            + "; ".join(differences)
            + (f"; and {more} more" if more else "")
        )


COVERAGE = 30
"""Cases of the document's coverage that are sent to each operation, unless more examples are requested."""
COVERAGE_ON_A_URL = 4
FUZZED = 2
"""Valid requests, and invalid ones, that are fuzzed for each operation."""


@pytest.fixture(scope="session")
def examples(session: TargetSession) -> Examples:
    """The generated cases that are kept from one run to the next."""
    file = session.settings.examples_file
    return Examples(Path(file) if file else None)


@pytest.fixture(scope="session")
def generated_requests(session: TargetSession, examples: Examples) -> GeneratedRequests:
    """The generated requests of the run."""
    on_a_url = session.connection.kind == "url"
    return GeneratedRequests(
        UsualRequests(session.token_pairs), on_a_url=on_a_url, keep=examples.keep_request
    )


@clause("API-02")
@pytest.mark.parametrize("operation", list(operations()))
def test_generated_requests_get_sound_answers(
    session: TargetSession, examples: Examples, generated_requests: GeneratedRequests, operation: str
) -> None:
    """Requests from the document, valid and not, and one without a credential; no answer is unsound."""
    settings, described = session.settings, operations()[operation]
    on_a_url = session.connection.kind == "url"
    coverage = COVERAGE_ON_A_URL if on_a_url else COVERAGE
    generated_requests.without_credential(described)
    generated_requests.try_all(
        described,
        examples.requests,
        coverage=max(coverage, settings.fuzz_examples or 0),
        examples=settings.fuzz_examples or FUZZED,
        seed=settings.seed,
    )


@clause("API-02")
@pytest.mark.parametrize("chain", list(CHAINS))
def test_a_session_goes_along_the_links_of_the_document(session: TargetSession, chain: str) -> None:
    """At every endpoint; a session that was ended on the way is refused at its refresh."""
    requests = UsualRequests(session.token_pairs)
    for mint in open_mints(requests):
        session.service.transcript.begin_case()
        CHAINS[chain](LinkedRequests(requests), mint)


WALKS = 5
"""Walks at each endpoint, unless more examples are requested."""


@dataclass
class Walker:
    """Takes walks at one endpoint after the other, on a server of its own if one can be started."""

    own_org: OwnOrg
    restart: Callable[[], object] | None
    steps: int = 0

    def take(self, steps: Sequence[Step]) -> None:
        """Take one walk."""
        self.own_org.service.transcript.begin_case()
        walk = Walk(self.own_org, self.restart)
        try:
            walk.take(steps)
        finally:
            self.steps += walk.taken


@pytest.fixture(scope="module")
def walker(session: TargetSession) -> Iterator[Walker]:
    """Sessions of walks share a server; what becomes of them concerns no other case."""
    if session.connection.deployment is None:
        yield Walker(session.token_pairs.own_org, None)
        return
    with session.connection.restartable() as server:
        service = Service(server.connection)
        service.transcript, service.exchanges = session.service.transcript, session.service.exchanges
        own_org = OwnOrg(service, None)
        own_org.open()
        yield Walker(own_org, server.restart)
        session.service.budget.take(service.requests)


@clause("API-03")
@pytest.mark.last
def test_any_order_of_requests_agrees_with_the_model(
    session: TargetSession, examples: Examples, walker: Walker, mint: MintEndpoint
) -> None:
    """Walks that mint in every body shape, wait, use, replay, revoke, suspend and restart, from a seed."""
    if mint.name in walker.own_org.closed:
        raise NotTried(walker.own_org.closed[mint.name])
    rows = [str(row) for row in SHAPED[mint.name]]
    rows += [str(row) for row in MINTS.values() if row.name not in (mint.name, *walker.own_org.closed)]
    walks(
        rows,
        walker.take,
        first=examples.walks(mint.name),
        number=session.settings.fuzz_examples or WALKS,
        # Otherwise all endpoints would be tried with the same walks.
        seed=session.settings.seed * len(ENDPOINTS) + [*ENDPOINTS].index(mint.name),
        shrink=not session.settings.first_failure_only,
        keep=lambda steps: examples.keep_walk(mint.name, steps),
    )
    session.note = f"{walker.steps} steps so far" if session.settings.fuzz_examples else ""
