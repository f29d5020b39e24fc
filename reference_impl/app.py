"""The ASGI application: routes, and every refusal as JSON."""

import contextlib
import functools
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reference_impl.config import Config
from reference_impl.errors import ServiceError
from reference_impl.facts import Answer
from reference_impl.routes import assertions, identities, keys, minting, public, tokens
from reference_impl.rules import Rules
from reference_impl.service import Service, service_of

NO_STORE = {"cache-control": "no-store"}
# What a client is told of a storage error, and after how many seconds to come again (wire.md, Failures).
PRESSURE = {
    sqlite3.SQLITE_BUSY: ("storage_overloaded", 1),
    sqlite3.SQLITE_LOCKED: ("storage_overloaded", 1),
    sqlite3.SQLITE_FULL: ("storage_capacity_exhausted", 30),
}
ROUTES = [
    Route("/health", public.health),
    Route("/.well-known/jwks.json", public.jwks),
    Route("/v1/tokens", minting.mint_identity, methods=["POST"]),
    Route("/v1/tokens/agent", minting.mint_agent, methods=["POST"]),
    Route("/v1/tokens/path", minting.mint_path, methods=["POST"]),
    Route("/v1/tokens/workspace-path", minting.mint_workspace_path, methods=["POST"]),
    Route("/v1/tokens/workspace", keys.create_workspace_token, methods=["POST"]),
    Route("/v1/tokens/refresh", tokens.refresh, methods=["POST"]),
    Route("/v1/tokens/revoke", tokens.revoke, methods=["POST"]),
    Route("/v1/tokens/introspect", tokens.introspect),
    Route("/v1/tokens/relayhistory-assertion", assertions.create, methods=["POST"]),
    Route("/v1/api-keys", keys.create_api_key, methods=["POST"]),
    Route("/v1/api-keys/{id}/revoke", keys.revoke_key, methods=["POST"]),
    Route("/v1/identities", identities.create, methods=["POST"]),
    Route("/v1/identities", identities.index),
    Route("/v1/identities/{id}", identities.show),
    Route("/v1/identities/{id}", identities.change, methods=["PATCH"]),
    Route("/v1/identities/{id}", identities.delete, methods=["DELETE"]),
    Route("/v1/identities/{id}/suspend", identities.suspend, methods=["POST"]),
    Route("/v1/identities/{id}/reactivate", identities.reactivate, methods=["POST"]),
    Route("/v1/identities/{id}/retire", identities.retire, methods=["POST"]),
]


Handler = Callable[[Request], Awaitable[Response]]


def _shown(handler: Handler) -> Handler:
    """Return the handler whose answers, refusals among them, the rules see before they go out."""
    room = handler.__module__.rpartition(".")[2]

    @functools.wraps(handler)
    async def shown(request: Request) -> Response:
        try:
            response = await handler(request)
        except ServiceError as error:
            response = await _refused(request, error)
        except sqlite3.OperationalError as error:
            response = await _pressed(request, error)
        return _as_ruled(request, f"{room}.{handler.__name__}", response)

    return shown


def _ruled(route: Route) -> Route:
    methods = sorted((route.methods or set()) - {"HEAD"})
    return Route(route.path, _shown(route.endpoint), methods=methods)


def _as_ruled(request: Request, operation: str, response: Response) -> Response:
    headers = tuple((name, value) for name, value in response.headers.items() if name != "content-length")
    decided = Answer(response.status_code, headers, bytes(response.body))
    answer = service_of(request).rules.answer(operation, decided)
    if answer == decided:
        return response
    return Response(answer.body, answer.status, dict(answer.headers))


def create_app(env: Mapping[str, str], *, rules: Rules | None = None) -> Starlette:
    """Build a deployment from `env` (the variables of wire.md); raises `ConfigError` for an unusable one."""
    service = Service.build(Config.read(env), rules or Rules())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        service.store.close()

    # A redirect to the same path without its last slash would send a credential where the Host header says.
    app = Starlette(
        routes=[_ruled(route) for route in ROUTES],
        lifespan=lifespan,
        exception_handlers={
            ServiceError: _refused,
            HTTPException: _no_route,
            ClientDisconnect: _gone,
            sqlite3.OperationalError: _pressed,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    app.state.service = service
    app.state.close = service.store.close
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101 - registered for it alone
    rules = service_of(request).rules
    # RFC 9110, section 11.6.1: a 401 names the way to identify oneself.
    challenge = {"www-authenticate": "Bearer"} if error.status == 401 else {}
    body = rules.refusal_body(error.body, request.headers)
    return JSONResponse(dict(body), error.status, NO_STORE | challenge)


async def _no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    words = {404: "not_found", 405: "method_not_allowed"}
    body = {"error": error.detail, "code": words.get(error.status_code, "invalid_request")}
    headers = {}
    if error.status_code == 405:
        headers["allow"] = ", ".join(_allowed(request.scope["path"]))
    return JSONResponse(body, error.status_code, headers)


def _allowed(path: str) -> list[str]:
    """Return the methods of all routes of a path (RFC 9110, section 15.5.6)."""
    here = (route.methods or () for route in ROUTES if route.path_regex.match(path))
    return sorted({method for methods in here for method in methods})


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer a caller that hung up before its body was whole: nobody hears it, and nothing was done."""
    return Response(status_code=400)


async def _pressed(request: Request, error: Exception) -> JSONResponse:
    """Answer for a database that is locked or full: the transaction was rolled back, so nothing was done."""
    code, wait = PRESSURE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, ("", 0))
    if not code:
        raise error
    body = {
        "error": code,
        "code": code,
        "retryable": True,
        "operation": request.scope["endpoint"].__name__,
        "requestId": f"req_{secrets.token_hex(8)}",
    }
    return JSONResponse(body, 503, NO_STORE | {"retry-after": str(wait)})


async def _broken(_request: Request, _error: Exception) -> JSONResponse:
    """Answer a fault of ours without a word about how it came (no trace, no path, no secret)."""
    return JSONResponse({"error": "the service failed", "code": "internal_error"}, 500, NO_STORE)
