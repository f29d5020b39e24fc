"""Targets in this process: the bundled reference, named by string, and any other ASGI application."""

import contextlib
import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from contract.harness.errors import TargetError, UsageError
from contract.harness.jose import other_key, run_key
from contract.harness.targets.clocks import frozen
from contract.harness.targets.connections import Access, Connection, Deployment, Kind, Target, environment
from contract.harness.targets.jwks_stubs import InProcessStubs
from contract.harness.targets.transport import ASGIApp, AsgiTransport, client

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
    create_app = functools.partial(load(REFERENCE), rules=known[name]())
    with _deployed(target.name, "mutant", create_app) as connection:
        yield connection


@contextlib.contextmanager
def _deployed(
    name: str, kind: Kind, create_app: Callable[[Mapping[str, str]], ASGIApp]
) -> Iterator[Connection]:
    """Open an application that `create_app` makes from an environment."""
    key, other = run_key(), other_key()

    @contextlib.contextmanager
    def launch(env: Mapping[str, str]) -> Iterator[httpx.Client]:
        with client(_NOWHERE, AsgiTransport(create_app(env))) as http:
            yield http

    with contextlib.ExitStack() as stack:
        clock = stack.enter_context(frozen())
        transport = AsgiTransport(create_app(environment(key, public=key.public_pem)))
        http = stack.enter_context(client(_NOWHERE, transport))
        yield Connection(
            name=name,
            kind=kind,
            http=http,
            clock=clock,
            access=Access(),
            key=key,
            deployment=Deployment(launch, InProcessStubs(key, other), key, other),
            disposable=True,
            at_once=transport.together,
        )


@contextlib.contextmanager
def asgi(target: Target) -> Iterator[Connection]:
    """Open `asgi:PACKAGE.MODULE:ATTR`: it has this process's clock, and keys and settings of its own."""
    with frozen() as clock:
        app = load(target.spec.removeprefix("asgi:"))
        if not callable(app):
            raise UsageError(f"{target.spec}: it is not an ASGI application, since it can't be called")
        transport = AsgiTransport(app)
        with client(_NOWHERE, transport) as http:
            yield Connection(
                name=target.name,
                kind="asgi",
                http=http,
                clock=clock,
                access=target.access,
                key=target.access.signing_key,
                missing={"env": "the configuration of an application that is already built can't be chosen"},
                at_once=transport.together,
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
