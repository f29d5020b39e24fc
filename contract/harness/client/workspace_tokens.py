"""The run's workspace token: made with every scope that the org key may hand out."""

from collections.abc import Callable, Sequence

from contract.harness.client.bootstrap import MISSING_SCOPE, Credentials
from contract.harness.client.messages import Response
from contract.harness.spec import ENDPOINTS, routes, scopes_for

CREATE_SCOPE = "relayauth:token:create:*"
MINTING_SCOPES = (CREATE_SCOPE, "relayauth:api-key:manage:*")
BY_WORKSPACE_TOKEN = {
    name: (CREATE_SCOPE, *row.scopes) for name, row in ENDPOINTS.items() if row.credential == "workspace"
}
"""The scopes that a workspace token needs, for each endpoint that it mints at."""
WORKSPACE_SCOPES = tuple(dict.fromkeys(scope for needed in BY_WORKSPACE_TOKEN.values() for scope in needed))

Request = Callable[[Sequence[str]], Response]


def widest(request: Request, credentials: Credentials) -> tuple[Response | None, dict[str, str]]:
    """Request a workspace token with as many scopes as possible.

    `request` sends one request for a token with the scopes given. Returns its last response, None if no token
    is worth making, and for each endpoint that it can't mint at the reason.
    """
    response = request(WORKSPACE_SCOPES)
    why = credentials.refusal(response)
    if why is None:
        return response, {}
    if response.code not in MISSING_SCOPE:
        return None, dict.fromkeys(BY_WORKSPACE_TOKEN, why)
    missing = [scope for scope in WORKSPACE_SCOPES if request([scope]).status == 403]
    if len(missing) == len(WORKSPACE_SCOPES):
        scopes = ", ".join(scopes_for("POST", routes.WORKSPACE_TOKENS))
        return None, dict.fromkeys(
            BY_WORKSPACE_TOKEN, f"the API key lacks {scopes}, so it can't make a workspace token"
        )
    closed = {
        endpoint: f"the API key lacks {', '.join(lacking)}, and can't hand it to a workspace token"
        for endpoint, needed in BY_WORKSPACE_TOKEN.items()
        if (lacking := [scope for scope in needed if scope in missing])
    }
    if closed.keys() >= BY_WORKSPACE_TOKEN.keys():
        return None, closed
    return request([scope for scope in WORKSPACE_SCOPES if scope not in missing]), closed
