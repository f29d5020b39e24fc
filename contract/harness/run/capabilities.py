"""Whether a target really offers the capabilities that its kind suggests."""

import contextlib

from contract.harness.client import OwnOrg, Service
from contract.harness.errors import ContractError, Violation
from contract.harness.jose import Malformed, SigningKey, admin_claims
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import Connection, ObservedClock, SteeredClock

_NOT_FOLLOWING = {
    "asgi": "the application does not follow this process's clock",
    "exec": "the server does not follow the clock that libfaketime sets: it is linked statically, its "
    "launcher drops LD_PRELOAD, or it keeps a time of its own",
}

MOVE = 1000
"""Seconds by which the clock is moved to see whether the service follows."""


def confirm_capabilities(connection: Connection, service: Service, own_org: OwnOrg, *, usable: bool) -> None:
    """Add to `connection.missing` what the target turns out not to offer.

    `usable` says whether the service accepts our credentials: otherwise neither key nor clock can be tried.
    """
    missing = connection.missing
    if connection.key is None:
        missing["key"] = "the suite does not have the deployment's signing key: --signing-key FILE gives it"
    elif connection.kind in ("url", "asgi") and usable and not _accepted(connection.key, service):
        missing["key"] = "a bearer signed with the key given is refused: is it the deployment's key?"
    if connection.deployment is None and connection.access.second_api_key is None:
        missing["orgs"] = "a second org's API key is needed: --second-api-key-env NAME gives it"
    if connection.kind in _NOT_FOLLOWING and "clock" not in missing and usable:
        _confirm_clock(connection, service, own_org)


def _accepted(key: SigningKey, service: Service) -> bool:
    bearer = key.sign(admin_claims(service.clock.now(), "org_nobody"))
    return service.present_bearer(bearer).status != 401


def _confirm_clock(connection: Connection, service: Service, own_org: OwnOrg) -> None:
    """Mint, move the clock, mint again, and check that `iat` moved with it.

    Whether `iat` is right is a matter of CLK-05; of two replicas whose clocks are apart both move.
    """
    clock = connection.clock
    before = _time_of_a_mint(own_org)
    clock.set(clock.now() + MOVE)
    after = _time_of_a_mint(own_org)
    if before is not None and after is not None and abs(after - before - MOVE) <= MOVE / 2:
        return
    unknown = "no mint succeeded, so the service's time is unknown"
    connection.missing["clock"] = unknown if after is None else _NOT_FOLLOWING[connection.kind]
    if isinstance(clock, SteeredClock):
        clock.let_go()
    connection.clock = service.clock = ObservedClock()


def _time_of_a_mint(own_org: OwnOrg) -> int | None:
    """Return the `iat` of a new token; what is wrong with a mint is a matter of its own clauses."""
    for mint in ENDPOINTS.values():
        with contextlib.suppress(ContractError, Violation, Malformed):
            return own_org.pair(mint).access.iat
    return None
