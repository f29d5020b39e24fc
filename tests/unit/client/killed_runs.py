"""Runs that end without removing anything, for the tests of journals and sweeps."""

from collections.abc import Callable

from contract.harness.client import OwnOrg, Service, TokenPairs
from contract.harness.spec import SHAPED
from tests.unit.client.scripted import Deployment

NAMED = SHAPED["path"][1]


def killed(deployment: Deployment, work: Callable[[OwnOrg], object] = lambda _org: None) -> OwnOrg:
    """A run that ends without removing anything, as SIGKILL ends it: the lock goes, the journal stays."""
    with deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        work(own_org)
    assert own_org.service.journal is not None
    assert own_org.service.journal._file is not None
    own_org.service.journal._file.close()
    return own_org


def work_everywhere(own_org: OwnOrg) -> None:
    """Mint in every shape, and make one more of everything."""
    pairs = TokenPairs(own_org)
    for shapes in SHAPED.values():
        for mint in shapes:
            pairs.generation(mint, 1)
    own_org.another_identity()
    own_org.another_workspace_token()
    own_org.another_key("relayauth:identity:read:*")
