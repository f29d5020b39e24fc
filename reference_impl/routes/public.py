"""What needs no credential: health and the published keys."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from reference_impl.keys import PublicKey
from reference_impl.service import service_of

CACHEABLE = {"cache-control": "public, max-age=300"}


async def health(_request: Request) -> JSONResponse:
    """`GET /health`."""
    return JSONResponse({"status": "ok"})


async def jwks(request: Request) -> JSONResponse:
    """`GET /.well-known/jwks.json`: empty where no public key is bound."""
    service = service_of(request)
    public = service.config.public
    keys = []
    if service.rules.is_set(public):
        told = service.rules.published(PublicKey.load(str(public)).jwk)
        keys = [dict(told)] if told is not None else []
    return JSONResponse({"keys": keys}, headers=CACHEABLE)
