"""Targets in this process: the bundled reference, named by string, and any other ASGI application."""

import contextlib
import functools
import importlib
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from contract.harness.errors import TargetError, UsageError
from contract.harness.jose import other_key, run_key
from contract.harness.targets.asgi_transport import ASGIApp, AsgiTransport
from contract.harness.targets.clocks import frozen
from contract.harness.targets.connections import Access, Connection, Deployment, Kind, Target, environment
from contract.harness.targets.jwks_stubs import InProcessStubs
from contract.harness.targets.running import Server, Start
from contract.harness.targets.transport import client

# The suite and the reference share no code: the reference is loaded by name.
REFERENCE = "reference_impl.app:create_app"
MUTANTS = "reference_impl.mutants:mutants"
WITNESS = "reference_impl.mutants.witness:witness"
_NOWHERE = "http://relayauth.invalid"


@contextlib.contextmanager
def reference(target: Target) -> Iterator[Connection]:
    """Open the reference with a key of this run and a database in memory: all capabilities."""
    with _deployed(target.name, "reference", load(REFERENCE)) as connection:
        yield connection


@contextlib.contextmanager
def witnessed(target: Target, noticed: set[str]) -> Iterator[Connection]:
    """Open the reference unchanged; add to `noticed` the mutants that would have decided otherwise."""
    create_app = functools.partial(load(REFERENCE), rules=load(WITNESS)(noticed))
    with _deployed(target.name, "reference", create_app) as connection:
        yield connection


@contextlib.contextmanager
def mutant(target: Target) -> Iterator[Connection]:
    """Open `mutant:NAME`, the reference with one rule broken; `UsageError` for an unknown name."""
    name = target.spec.removeprefix("mutant:")
    known = load(MUTANTS)()
    if name not in known:
        raise UsageError(f"there is no mutant {name!r}: `relayauth-contract mutants --list` lists them")
    reference_app, rules = load(REFERENCE), known[name]

    def create_app(env: Mapping[str, str]) -> ASGIApp:
        # Rules of its own for each application: what a mutant keeps in memory does not outlive a restart.
        app: ASGIApp = reference_app(env, rules=rules())
        return app

    with _deployed(target.name, "mutant", create_app) as connection:
        yield connection


@contextlib.contextmanager
def _deployed(
    name: str, kind: Kind, create_app: Callable[[Mapping[str, str]], ASGIApp]
) -> Iterator[Connection]:
    """Open an application that `create_app` makes from an environment."""
    key, other = run_key(), other_key()
    with contextlib.ExitStack() as stack:
        databases = stack.enter_context(_Databases())

        @contextlib.contextmanager
        def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
            with served(create_app(env)) as server:
                yield server.http

        def on_one_database(env: Mapping[str, str]) -> Start:
            settings = {**env, "RELAYAUTH_DB_PATH": databases.new()}
            return lambda: served(create_app(settings))

        clock = stack.enter_context(frozen())
        server = stack.enter_context(served(create_app(environment(key, public=key.public_pem))))
        yield Connection(
            name=name,
            kind=kind,
            http=server.http,
            open_http=server.open_http,
            clock=clock,
            access=Access(),
            key=key,
            deployment=Deployment(
                launch=launch,
                on_one_database=on_one_database,
                stubs=InProcessStubs(key, other),
                key=key,
                other=other,
            ),
            disposable=True,
            at_once=server.at_once,
        )


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[Server]:
    """Run an application in this process."""
    transport = AsgiTransport(app)

    @contextlib.contextmanager
    def open_http() -> Iterator[httpx.Client]:
        # Closing a client closes its transport, and that would shut the application down.
        yield client(_NOWHERE, transport)

    with client(_NOWHERE, transport) as http:
        yield Server(http, open_http, transport.together)


class _Databases:
    """Files for databases, in a folder that is made for the first one and removed on exit."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count()
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new(self) -> str:
        """Return the path of a database that does not exist yet."""
        if self._folder is None:
            folder = tempfile.TemporaryDirectory(prefix="relayauth-contract-")
            self._folder = Path(self._stack.enter_context(folder))
        return str(self._folder / f"relayauth-{next(self._numbers)}.db")


@contextlib.contextmanager
def asgi(target: Target) -> Iterator[Connection]:
    """Open `asgi:PACKAGE.MODULE:ATTR`: it has this process's clock, and keys and settings of its own."""
    with frozen() as clock:
        app = load(target.spec.removeprefix("asgi:"))
        if not callable(app):
            raise UsageError(f"{target.spec}: it is not an ASGI application, since it can't be called")
        with served(app) as server:
            yield Connection(
                name=target.name,
                kind="asgi",
                http=server.http,
                open_http=server.open_http,
                clock=clock,
                access=target.access,
                key=target.access.signing_key,
                missing={"env": "the configuration of an application that is already built can't be chosen"},
                at_once=server.at_once,
            )


def load(where: str) -> Any:
    """Import `PACKAGE.MODULE:ATTR`, also from the working directory; `UsageError` says what is missing."""
    module, _, attribute = where.partition(":")
    if not module or not attribute:
        raise UsageError(f"{where!r} names no application: write asgi:PACKAGE.MODULE:ATTR")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ImportError as error:
        raise UsageError(f"asgi:{where}: can't import {module}: {error}") from None
    except AttributeError:
        raise UsageError(f"asgi:{where}: {module} has no {attribute}") from None
    except Exception as error:
        raise TargetError(f"asgi:{where}: importing it raised {type(error).__name__}: {error}") from error
    return found
