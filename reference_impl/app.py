"""The ASGI application: routes, and every refusal as JSON."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reference_impl.config import Config
from reference_impl.errors import ServiceError
from reference_impl.routes import identities, keys, minting, public, tokens
from reference_impl.routes.minting import NO_STORE
from reference_impl.rules import Rules
from reference_impl.service import Service

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
    Route("/v1/api-keys", keys.create_api_key, methods=["POST"]),
    Route("/v1/api-keys/{id}/revoke", keys.revoke_key, methods=["POST"]),
    Route("/v1/identities", identities.create, methods=["POST"]),
    Route("/v1/identities/{id}", identities.show),
    Route("/v1/identities/{id}", identities.delete, methods=["DELETE"]),
]


def create_app(env: Mapping[str, str], *, rules: Rules | None = None) -> Starlette:
    """Build a deployment from `env` (the variables of wire.md); raises `ConfigError` for an unusable one."""
    service = Service.build(Config.read(env), rules or Rules())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        service.store.close()

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        exception_handlers={ServiceError: _refused, HTTPException: _no_route, Exception: _broken},
    )
    app.state.service = service
    return app


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101 - registered for it alone
    return JSONResponse(dict(error.body), error.status, NO_STORE)


async def _no_route(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    words = {404: "not_found", 405: "method_not_allowed"}
    body = {"error": error.detail, "code": words.get(error.status_code, "invalid_request")}
    return JSONResponse(body, error.status_code, error.headers)


async def _broken(_request: Request, _error: Exception) -> JSONResponse:
    """Answer a fault of ours without a word about how it came (no trace, no path, no secret)."""
    return JSONResponse({"error": "the service failed", "code": "internal_error"}, 500, NO_STORE)
