"""API: the surface as openapi.yaml describes it, generated requests, and requests in any order."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.harness.checks import clause, require, require_equal, require_status
from contract.harness.checks.api_document import once_each, operations
from contract.harness.checks.api_examples import Examples
from contract.harness.checks.api_generation import GeneratedRequests
from contract.harness.checks.api_links import CHAINS, LinkedRequests, open_mints
from contract.harness.checks.api_requests import UsualRequests, send_each
from contract.harness.checks.session_steps import walks
from contract.harness.checks.session_walker import Walker, rows_from, seed_of, walking
from contract.harness.client import Response, Service, by_operation
from contract.harness.errors import CouldNotTry, NotTried, Violation
from contract.harness.run import TargetSession
from contract.harness.spec import MintEndpoint
from contract.harness.spec.statuses import NO_ROUTE

MOST_DIFFERENCES = 12
"""Differences that one failure names; the others are counted."""


@clause("API-01")
@pytest.mark.last(2)
@pytest.mark.whole_run
def test_every_exchange_is_as_the_document_says(session: TargetSession, service: Service) -> None:
    """Sends the usual request of each operation, then holds every kind of exchange of the run against it."""
    exchanges = service.exchanges
    if exchanges is None:
        raise CouldNotTry("the exchanges of the run were not kept")
    if session.org_problem is None:
        with service.transcript.set_aside():
            send_each(UsualRequests(session.token_pairs))
    found = dict(once_each(by_operation(exchanges)))
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
def usual_requests(session: TargetSession) -> UsualRequests:
    """The usual requests, whose identity the cases of a clause share."""
    return UsualRequests(session.token_pairs)


@pytest.fixture(scope="session")
def generated_requests(
    session: TargetSession, examples: Examples, usual_requests: UsualRequests
) -> GeneratedRequests:
    """The generated requests of the run."""
    on_a_url = session.connection.kind == "url"
    return GeneratedRequests(usual_requests, on_a_url=on_a_url, keep=examples.keep_request)


@clause("API-02")
def test_an_update_changes_no_status(session: TargetSession, usual_requests: UsualRequests) -> None:
    """An update that names a status beside another member is refused, or changes the other member alone."""
    update, identity = operations()["updateIdentity"], operations()["getIdentity"]
    usual = usual_requests.usual(update)
    answer = usual_requests.send(update, {**usual, "body": {**usual["body"], "status": "suspended"}})
    if answer.status in NO_ROUTE:
        session.note = f"the deployment does not know {update}, so no update could name a status"
        return
    sent = "sent an update of an identity that names the status suspended beside its roles"
    require_status(
        answer, 200, 400, sent=sent, requires="it is refused with 400, or the status is passed over"
    )
    shown = usual_requests.send(identity, {**usual, "body": None})
    require_equal(
        shown.object.get("status"), "active", sent=sent, requires="no update changes a status", what="it"
    )


WRITTEN: Mapping[str, Any] = {
    "type": "service",
    "roles": ["writer", "auditor"],
    "metadata": {"flag": False, "count": 0, "text": "", "list": [], "inner": {"b": 1, "a": None}},
}
"""Members of an identity that are echoed as sent; none of them is what a deployment fills in."""


@clause("API-02")
def test_an_identity_stays_as_it_was_written(session: TargetSession, usual_requests: UsualRequests) -> None:
    """While it is suspended and renamed, too: an update changes what it names, and nothing else."""
    if session.leaves_out("what an identity keeps over an update was not tried"):
        return
    by_name = operations()
    create, update = by_name["createIdentity"], by_name["updateIdentity"]
    usual = usual_requests.usual(create)
    made = usual_requests.send(create, {**usual, "body": {**usual["body"], **WRITTEN}})
    if made.status in (403, *NO_ROUTE):
        raise NotTried(f"{create} was answered {made.summary}")
    require_status(made, 201, sent=f"sent {create}", requires="it answers 201")
    scopes = usual["body"]["scopes"]
    _require_written(made, scopes=scopes, sent=f"sent {create} with type, roles and metadata")
    place = {"key": usual["key"], "id": made.object["id"]}
    suspended = usual_requests.send(by_name["suspendIdentity"], {**place, "body": {"reason": "example"}})
    changes = {"scopes": scopes}, {"name": usual_requests.name(), "roles": WRITTEN["roles"]}
    _, renamed = [usual_requests.send(update, {**place, "body": change}) for change in changes]
    if suspended.status in NO_ROUTE or renamed.status in NO_ROUTE:
        session.note = "the deployment suspends or renames no identity, so what it keeps was not tried"
        return
    query = {"status": "active", "type": "service"}
    listed = usual_requests.send(by_name["listIdentities"], {"key": usual["key"], "query": query})
    require(
        all(query.items() <= each.items() for each in listed.object.get("data", ())),
        sent=f"listed identities with {query}",
        requires="each of them has both",
        got=f"it answered {listed.summary}, with another one",
    )
    shown = usual_requests.send(by_name["getIdentity"], place)
    sent = f"sent {create} with type, roles and metadata, suspended the identity, and renamed it"
    _require_written(shown, scopes=scopes, status="suspended", sent=sent)


def _require_written(shown: Response, *, sent: str, **more: Any) -> None:
    """Require that an identity is shown as it was written."""
    for member, want in {**WRITTEN, **more}.items():
        require_equal(
            shown.object.get(member),
            want,
            sent=sent,
            requires="an update changes what it names, and what was sent is echoed",
            what=member,
        )


@clause("API-02")
@pytest.mark.parametrize("operation", list(operations()))
def test_generated_requests_get_sound_answers(
    session: TargetSession, examples: Examples, generated_requests: GeneratedRequests, operation: str
) -> None:
    """Requests from the document, valid and not, one without a credential and ones without an object."""
    settings, described = session.settings, operations()[operation]
    on_a_url = session.connection.kind == "url"
    coverage = COVERAGE_ON_A_URL if on_a_url else COVERAGE
    generated_requests.without_credential(described)
    generated_requests.with_no_object(described)
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


WALKS = 12
"""Walks from each endpoint, unless more examples are requested."""
WALKS_OF_A_PROCESS = 5
"""The same where each request goes to another process, and each restart starts one."""


@pytest.fixture(scope="module")
def walker(session: TargetSession) -> Iterator[Walker]:
    """Sessions of walks share a server; what becomes of them concerns no other case."""
    if session.connection.deployment is None:
        yield Walker(session.token_pairs.own_org, None)
        return
    with walking(session.connection, session.service) as walker:
        yield walker


@clause("API-03")
@pytest.mark.last
def test_any_order_of_requests_agrees_with_the_model(
    session: TargetSession, examples: Examples, walker: Walker, mint: MintEndpoint
) -> None:
    """Walks that mint in every body shape, wait, use, replay, revoke, suspend and restart, from a seed."""
    if mint.name in walker.own_org.closed:
        raise NotTried(walker.own_org.closed[mint.name])
    usual = WALKS_OF_A_PROCESS if session.connection.kind == "exec" else WALKS
    walks(
        rows_from(mint.name, walker.own_org.closed),
        walker.take,
        first=examples.walks(mint.name),
        number=session.settings.fuzz_examples or usual,
        seed=seed_of(mint.name, session.settings.seed),
        shrink=not session.settings.first_failure_only,
        keep=lambda steps: examples.keep_walk(mint.name, steps),
    )
    session.note = f"{walker.steps + walker.looks} steps so far" if session.settings.fuzz_examples else ""
