"""API: the surface as openapi.yaml describes it, generated requests, and requests in any order."""

import pytest

from contract.harness.checks import clause
from contract.harness.checks.api_document import once_each
from contract.harness.checks.api_requests import UsualRequests, send_each
from contract.harness.client import Service
from contract.harness.errors import CouldNotTry, Violation
from contract.harness.run import TargetSession

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
