"""The org API key of a run: given by the caller or made with the signing key, and what a 403 to it means."""

from contract.harness.client.messages import Response
from contract.harness.client.preflight import missing_scope
from contract.harness.client.service import Service
from contract.harness.errors import CouldNotTry, TargetError
from contract.harness.jose import Token, admin_claims
from contract.harness.redaction import Secret
from contract.harness.spec import routes

_NOT_A_TOKEN = Token("none", "", {}, {})
# docs/contract.md, Errors and Other routes: the key may not use the route, or not grant what it asks for.
SCOPE_ESCALATION = "scope_escalation"
MISSING_SCOPE = frozenset({"insufficient_scope", SCOPE_ESCALATION})


class Credentials:
    """What the caller gave to act with: an org API key, or the deployment's signing key."""

    def __init__(self, service: Service, given: Secret | None) -> None:
        self._service = service
        self.given = given

    def check(self, key: Secret) -> None:
        """Raise `TargetError` if the service does not know the API key that was given."""
        response = self._service.introspect(_NOT_A_TOKEN, key)
        if response.status == 401:
            access = self._service.connection.access
            second = key is access.second_api_key
            variable = access.second_api_key_env if second else access.api_key_env
            raise TargetError(
                f"the API key in {variable} is refused with {response.summary}: is it this deployment's, "
                "and still valid?"
            )

    def admin_bearer(self, org: str) -> str:
        """Return a bearer for every scope in `org`, signed with the deployment's key."""
        connection = self._service.connection
        if connection.key is None:
            raise TargetError(
                f"{connection.name}: needs an org API key in the variable {connection.access.api_key_env}"
            )
        return connection.key.sign(admin_claims(self._service.clock.now(), org))

    def make_key(self, name: str, bearer: str) -> Response:
        """Make an org API key that holds every scope; the response may be anything but a refused bearer."""
        connection = self._service.connection
        response = self._service.call(
            "POST", routes.API_KEYS, bearer=bearer, body={"name": name, "scopes": ["*:*:*:*"]}
        )
        if response.status == 401 and connection.deployment is None:
            raise TargetError(
                f"{connection.name}: a bearer signed with --signing-key was refused with {response.summary}: "
                f"is it this deployment's key? Or put an org API key into {connection.access.api_key_env}"
            )
        if response.status == 401 or (response.status >= 500 and connection.deployment is not None):
            raise CouldNotTry(
                "the admin bearer that the deployment's own key signed was answered "
                f"{response.summary}, so nothing could be minted: see JWKS-01 and JWKS-08"
            )
        return response

    def refusal(self, response: Response) -> str | None:
        """Say why a 403 leaves something untried; None if the response is for a clause to judge.

        A key that was given may lack a scope. A key that the run made holds every scope: there a 403 needs
        another reason, such as `sponsor_proof_required`.
        """
        if response.status != 403:
            return None
        if response.code in MISSING_SCOPE and self.given is None:
            return None
        if response.code == SCOPE_ESCALATION:
            where = response.request.where
            return f"the API key lacks a scope that it would grant ({where} answered {response.summary})"
        if response.code in MISSING_SCOPE:
            return missing_scope(response)
        if self.given is None and response.code is None:
            return None
        return f"{response.request.where} answered {response.summary}"
