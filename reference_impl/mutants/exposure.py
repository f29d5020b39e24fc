"""Slips in who may mint, and in what an answer tells."""

from collections.abc import Mapping

from reference_impl.facts import Carrier, Principal
from reference_impl.mutants import Mutant


class AnyCredentialMints(Mutant):
    """Whoever is known may do everything."""

    breaks = frozenset({"SEC-05"})

    def may(self, principal: Principal, scope: str) -> bool:
        return True


class AnybodyHandsOutAnything(Mutant):
    """Whoever may mint may hand out more than it holds."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        return True


class WorkspaceTokensMintAnywhere(Mutant):
    """A workspace token mints for whichever workspace the request names."""

    breaks = frozenset({"SEC-05"})

    def stays_in_workspace(self, principal: Principal, workspace: str | None) -> bool:
        return True


class TokensAreCached(Mutant):
    """Answers with tokens say nothing of being stored."""

    breaks = frozenset({"SEC-06"})

    def token_headers(self, carrier: Carrier) -> Mapping[str, str]:
        return {}


class RefusalsEchoTheCredential(Mutant):
    """A refusal quotes the key that was sent."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "apiKey": request_headers.get("x-api-key", "")}


class RefusalsTellTheTrace(Mutant):
    """A refusal says where in the code it came from."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "stack": f"Error: {body['error']}\n    at refresh (/app/dist/tokens.js:120:11)"}


class RefusalsTellTheMachine(Mutant):
    """A refusal names the database that it looked into."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "detail": "not found in /var/lib/relayauth/relayauth.db"}
