"""Faults of the surface of keys, token pairs, assertions and public routes."""

from reference_impl.mutants.edits import (
    MINTS,
    PATH_MINTS,
    SURFACE,
    EditedAnswer,
    dropped,
    having,
    header,
    members,
    typed,
    without,
)


class NewKeysHaveNoDate(EditedAnswer):
    """A new API key does not say when it was made."""

    breaks = SURFACE
    at = "keys.create_api_key"
    edit = members(lambda body: body | {"apiKey": dropped(body["apiKey"], "createdAt")})


class NewKeysCountTheirRevocations(EditedAnswer):
    """Whether a new API key is revoked is a number."""

    breaks = SURFACE
    at = "keys.create_api_key"
    edit = members(lambda body: body | {"apiKey": body["apiKey"] | {"revoked": 0}})


class WorkspaceTokensAreOfAnotherKind(EditedAnswer):
    """The kind of a workspace token is written with a hyphen."""

    breaks = SURFACE
    at = "keys.create_workspace_token"
    edit = members(
        lambda body: body | {"workspaceToken": body["workspaceToken"] | {"kind": "workspace-token"}}
    )


class WorkspaceTokensHoldThreeScopes(EditedAnswer):
    """A new workspace token is told with the first three of its scopes."""

    breaks = frozenset({"SEC-05"})
    at = "keys.create_workspace_token"
    edit = members(
        lambda body: (
            body
            | {"workspaceToken": body["workspaceToken"] | {"scopes": body["workspaceToken"]["scopes"][:3]}}
        )
    )


class WorkspaceTokensHideTheirScopes(EditedAnswer):
    """A new workspace token does not say what it may do."""

    breaks = SURFACE
    at = "keys.create_workspace_token"
    edit = members(lambda body: body | {"workspaceToken": dropped(body["workspaceToken"], "scopes")})


class RevokedKeysAreWrapped(EditedAnswer):
    """The record of a revoked key is inside another object."""

    breaks = SURFACE
    at = "keys.revoke_key"
    edit = members(lambda body: {"apiKey": body})


class RevokedKeysLookLive(EditedAnswer):
    """The record of a key that was revoked says that it is not."""

    breaks = SURFACE
    at = "keys.revoke_key"
    edit = having(revoked=False)


class RevokedKeysHaveNoOrg(EditedAnswer):
    """The record of a revoked key does not say whose it is."""

    breaks = SURFACE
    at = "keys.revoke_key"
    edit = without("orgId")


class AgentPairsHaveAnotherClass(EditedAnswer):
    """The token class of an agent's pair is the word of its meta."""

    breaks = SURFACE
    at = "minting.mint_agent"
    edit = having(tokenClass="agent")


class AgentPairsHideTheirIssuer(EditedAnswer):
    """An agent's pair does not say which workspace token minted it."""

    breaks = SURFACE | {"ROT-07"}
    at = "minting.mint_agent"
    edit = without("issuedViaWorkspaceTokenId")


class PathPairsHideTheirPaths(EditedAnswer):
    """A path pair does not say what it is for."""

    breaks = SURFACE
    at = PATH_MINTS
    edit = without("paths")


class PathPairsHaveNoName(EditedAnswer):
    """The name of a path pair's agent is null."""

    breaks = SURFACE
    at = "minting.mint_workspace_path"
    edit = having(agentName=None)


class HorizonsAreAnsweredInSeconds(EditedAnswer):
    """The end of a delegation is answered in Unix seconds."""

    breaks = SURFACE
    at = PATH_MINTS
    edit = members(
        lambda body: body | ({"delegationNotAfter": 1900000000} if "delegationNotAfter" in body else {})
    )


class TokenTypesAreSmall(EditedAnswer):
    """The type of a pair is written in small letters."""

    breaks = SURFACE
    at = MINTS
    edit = having(tokenType="bearer")


class RefreshesTellTheSession(EditedAnswer):
    """A refresh answers with more than the pair."""

    breaks = SURFACE
    at = "tokens.refresh"
    edit = having(sessionId="sess_1")


class RefreshesHaveNoType(EditedAnswer):
    """A refresh does not say what type of tokens it answers with."""

    breaks = SURFACE
    at = "tokens.refresh"
    edit = without("tokenType")


class AssertionsHaveAnotherType(EditedAnswer):
    """An assertion is no bearer."""

    breaks = SURFACE
    at = "assertions.create"
    edit = having(tokenType="assertion")


class AssertionsHideTheirEnd(EditedAnswer):
    """An assertion does not say when it ends."""

    breaks = SURFACE
    at = "assertions.create"
    edit = without("accessTokenExpiresAt")


class KeysAreCachedWithoutEnd(EditedAnswer):
    """The JWKS says that it may be cached, and not for how long."""

    breaks = SURFACE
    at = "public.jwks"
    edit = header("cache-control", "public")


class HealthIsPlainText(EditedAnswer):
    """The answer about the service's health is JSON, and called text."""

    breaks = SURFACE
    at = "public.health"
    edit = typed("text/plain")
