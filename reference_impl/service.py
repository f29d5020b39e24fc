"""The parts of one deployment, put together once and handed to every route."""

from dataclasses import dataclass

from starlette.requests import Request

from reference_impl.callers import Callers
from reference_impl.config import Config
from reference_impl.rules import UNPUBLISHED_KID, Rules
from reference_impl.sessions import Sessions
from reference_impl.store import Store
from reference_impl.verifier import Verifier


@dataclass(frozen=True)
class Service:
    """One deployment: its configuration, decisions, state, and what works on them."""

    config: Config
    rules: Rules
    store: Store
    verifier: Verifier
    callers: Callers
    sessions: Sessions

    @classmethod
    def build(cls, config: Config, rules: Rules) -> "Service":
        """Open the state and wire the parts."""
        store, verifier = Store(config.database), Verifier(config, rules)
        for what in rules.forgotten_at_start() if store.starts > 1 else ():
            store.forget(what)
        kid = config.private.public.kid if rules.is_set(config.public) else UNPUBLISHED_KID
        return cls(
            config=config,
            rules=rules,
            store=store,
            verifier=verifier,
            callers=Callers(store, rules, verifier),
            sessions=Sessions(store, rules, config.private, kid),
        )


def service_of(request: Request) -> Service:
    """Return the deployment that a request came to."""
    service: Service = request.app.state.service
    return service
