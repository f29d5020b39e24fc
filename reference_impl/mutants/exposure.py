"""Faults in who may mint, and in what a response reveals."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reference_impl.facts import Carrier, Owner, Principal, Rotation
from reference_impl.mutants import Mutant


class AnyCredentialMints(Mutant):
    """Every valid credential may do everything."""

    breaks = frozenset({"SEC-05"})

    def may(self, principal: Principal, scope: str) -> bool:
        return True


class AnybodyHandsOutAnything(Mutant):
    """A credential that may mint may hand out more than it holds."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        return True


class PathsOfScopesAreNotCompared(Mutant):
    """A credential with a scope for one resource may hand it out for every resource."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        kinds = {held.split(":")[:3] == scope.split(":")[:3] for held in principal.scopes}
        return True in kinds or super().may_hand_out(principal, scope)


class KeysMayHoldMoreThanTheirMaker(Mutant):
    """Whoever may make API keys gives them any scope."""

    breaks = frozenset({"SEC-05"})

    def may_key_hold(self, principal: Principal, kind: str, scope: str) -> bool:
        return kind == "api_key" or super().may_key_hold(principal, kind, scope)


class WorkspaceTokensMayHoldMoreThanTheirMaker(Mutant):
    """Whoever may make workspace tokens gives them any scope."""

    breaks = frozenset({"SEC-05"})

    def may_key_hold(self, principal: Principal, kind: str, scope: str) -> bool:
        return kind == "workspace_token" or super().may_key_hold(principal, kind, scope)


class WorkspaceTokensMintAnywhere(Mutant):
    """A workspace token mints for any workspace that the request names."""

    breaks = frozenset({"SEC-05"})

    def stays_in_workspace(self, principal: Principal, workspace: str | None) -> bool:
        return True


class TokensAreCached(Mutant):
    """Responses with tokens have no Cache-Control."""

    breaks = frozenset({"SEC-06"})

    def token_headers(self, carrier: Carrier) -> Mapping[str, str]:
        return {}


class IntrospectedClaimsAreCached(Mutant):
    """The response to an introspection has no Cache-Control."""

    breaks = frozenset({"SEC-06"})

    def token_headers(self, carrier: Carrier) -> Mapping[str, str]:
        return {} if carrier == "introspection" else super().token_headers(carrier)


class RefusalsEchoTheCredential(Mutant):
    """A refusal quotes the key that was sent."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "apiKey": request_headers.get("x-api-key", "")}


class RefusalsTellTheTrace(Mutant):
    """A refusal contains a stack trace."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "stack": f"Error: {body['error']}\n    at refresh (/app/dist/tokens.js:120:11)"}


class RefusalsTellTheMachine(Mutant):
    """A refusal names the file of the database."""

    breaks = frozenset({"SEC-07"})

    def refusal_body(self, body: Mapping[str, str], request_headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**body, "detail": "not found in /var/lib/relayauth/relayauth.db"}


class AForeignIdentityChoosesTheOrg(Mutant):
    """A path token that names an identity of another org is minted for that org."""

    breaks = frozenset({"SEC-08"})

    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        owner = super().delegated_owner(principal, workspace, subject, named)
        return replace(owner, org=named["org"]) if named is not None else owner


class RotationTakesTheOrgOfTheIdentity(Mutant):
    """A rotated path token that names an identity of another org is for that org."""

    breaks = frozenset({"SEC-08"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        named = rotation.named
        return replace(rotation.grant.owner, org=named["org"]) if named else rotation.grant.owner


class TheSecondRotationTakesTheOrgOfTheIdentity(Mutant):
    """From its second rotation on, a path token that names an identity of another org is for that org."""

    breaks = frozenset({"SEC-08"})

    def rotated_owner(self, rotation: Rotation) -> Owner:
        named = rotation.named
        if named is None or rotation.number < 2:
            return rotation.grant.owner
        return replace(rotation.grant.owner, org=named["org"])
