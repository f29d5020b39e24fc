"""Faults of the surface alone: what is decided is right, and what goes out is not as the document says."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from reference_impl.facts import Answer
from reference_impl.mutants import Mutant

SURFACE = frozenset({"API-01"})
"""The clause that holds every exchange against the document."""
SHOWN = ("identities.show", "identities.change")
MINTS = ("minting.mint_agent", "minting.mint_path", "minting.mint_workspace_path", "minting.mint_identity")
Body = dict[str, Any]


def _edited(answer: Answer, edit: Callable[[Body], Body], *, among: Collection[int] = (200, 201)) -> Answer:
    """Return `answer` with its JSON object edited, if its status is one of `among`."""
    if answer.status not in among or not answer.body.startswith(b"{"):
        return answer
    return replace(answer, body=json.dumps(edit(json.loads(answer.body))).encode())


def _without(name: str) -> Callable[[Body], Body]:
    return lambda body: {key: value for key, value in body.items() if key != name}


def _with(**members: Any) -> Callable[[Body], Body]:
    return lambda body: body | members


def _typed(answer: Answer, media: str | None) -> Answer:
    """Return `answer` with another media type, or with none."""
    rest = tuple(each for each in answer.headers if each[0] != "content-type")
    return replace(answer, headers=rest if media is None else (*rest, ("content-type", media)))


class IdentitiesHideTheirChange(Mutant):
    """An identity is shown without the time of its last change."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("updatedAt")) if operation in SHOWN else answer


class IdentitiesHideTheirRoles(Mutant):
    """An identity that is shown has no roles."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("roles")) if operation == "identities.show" else answer


class IdentitiesAreDatedInSeconds(Mutant):
    """The times of an identity have no milliseconds."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        edit = _with(createdAt="2027-01-15T08:00:00Z")
        return _edited(answer, edit) if operation == "identities.show" else answer


class IdentitiesAreDatedInUnixTime(Mutant):
    """The time of an identity's change is a number."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(updatedAt=1800000000)) if operation == "identities.change" else answer


class MetadataIsNull(Mutant):
    """An identity without metadata has null instead of an empty object."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(metadata=None)) if operation == "identities.change" else answer


class WorkspacesAreNumbered(Mutant):
    """The workspace of an identity is shown as a number."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(workspaceId=7)) if operation == "identities.show" else answer


class ChainsAreText(Mutant):
    """A sponsor chain is shown as one text."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(sponsorChain="user")) if operation == "identities.show" else answer


class TypesAreTheirOwn(Mutant):
    """The type of an identity is a word that no document knows."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(type="bot")) if operation == "identities.show" else answer


class RetiredIsCalledDeleted(Mutant):
    """A retired identity is said to be deleted."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(status="deleted")) if operation == "identities.retire" else answer


class SuspendingIsAnsweredInHtml(Mutant):
    """The identity that was suspended is answered as JSON, and called HTML."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _typed(answer, "text/html") if operation == "identities.suspend" else answer


class RetiringHasNoMediaType(Mutant):
    """The answer to a retirement has no media type."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _typed(answer, None) if operation == "identities.retire" else answer


class ReactivatingIsAccepted(Mutant):
    """A reactivation is answered with 202."""

    breaks = SURFACE | {"REV-03"}

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.reactivate" and answer.status == 200
        return replace(answer, status=202) if found else answer


class ChangesAreCreated(Mutant):
    """A change of an identity is answered with 201."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.change" and answer.status == 200
        return replace(answer, status=201) if found else answer


class ListsHaveAnotherName(Mutant):
    """The identities of a page are in `items`."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.index"
        return _edited(answer, lambda body: {"items": body["data"]}) if found else answer


class ListsAreBare(Mutant):
    """A page of identities is a list."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "identities.index" or answer.status != 200:
            return answer
        return replace(answer, body=json.dumps(json.loads(answer.body)["data"]).encode())


class CursorsAreNumbers(Mutant):
    """The cursor of the next page is a number."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(cursor=50)) if operation == "identities.index" else answer


class ListedIdentitiesShout(Mutant):
    """The status of a listed identity is in capitals."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | {"data": [row | {"status": row["status"].upper()} for row in body["data"]]}

        return _edited(answer, edit) if operation == "identities.index" else answer


class NewKeysHaveNoDate(Mutant):
    """A new API key does not say when it was made."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | {"apiKey": _without("createdAt")(body["apiKey"])}

        return _edited(answer, edit) if operation == "keys.create_api_key" else answer


class NewKeysCountTheirRevocations(Mutant):
    """Whether a new API key is revoked is a number."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | {"apiKey": body["apiKey"] | {"revoked": 0}}

        return _edited(answer, edit) if operation == "keys.create_api_key" else answer


class WorkspaceTokensAreOfAnotherKind(Mutant):
    """The kind of a workspace token is written with a hyphen."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | {"workspaceToken": body["workspaceToken"] | {"kind": "workspace-token"}}

        return _edited(answer, edit) if operation == "keys.create_workspace_token" else answer


class WorkspaceTokensHideTheirScopes(Mutant):
    """A new workspace token does not say what it may do."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | {"workspaceToken": _without("scopes")(body["workspaceToken"])}

        return _edited(answer, edit) if operation == "keys.create_workspace_token" else answer


class RevokedKeysAreWrapped(Mutant):
    """The record of a revoked key is inside another object."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, lambda body: {"apiKey": body}) if operation == "keys.revoke_key" else answer


class RevokedKeysLookLive(Mutant):
    """The record of a key that was revoked says that it is not."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(revoked=False)) if operation == "keys.revoke_key" else answer


class RevokedKeysHaveNoOrg(Mutant):
    """The record of a revoked key does not say whose it is."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("orgId")) if operation == "keys.revoke_key" else answer


class AgentPairsHaveAnotherClass(Mutant):
    """The token class of an agent's pair is the word of its meta."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(tokenClass="agent")) if operation == MINTS[0] else answer


class AgentPairsHideTheirIssuer(Mutant):
    """An agent's pair does not say which workspace token minted it."""

    breaks = SURFACE | {"ROT-07"}

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("issuedViaWorkspaceTokenId")) if operation == MINTS[0] else answer


class PathPairsHideTheirPaths(Mutant):
    """A path pair does not say what it is for."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("paths")) if operation in MINTS[1:3] else answer


class PathPairsHaveNoName(Mutant):
    """The name of a path pair's agent is null."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(agentName=None)) if operation == MINTS[2] else answer


class HorizonsAreAnsweredInSeconds(Mutant):
    """The end of a delegation is answered in Unix seconds."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        def edit(body: Body) -> Body:
            return body | ({"delegationNotAfter": 1900000000} if "delegationNotAfter" in body else {})

        return _edited(answer, edit) if operation in MINTS[1:3] else answer


class TokenTypesAreSmall(Mutant):
    """The type of a pair is written in small letters."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(tokenType="bearer")) if operation in MINTS else answer


class RefreshesTellTheSession(Mutant):
    """A refresh answers with more than the pair."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(sessionId="sess_1")) if operation == "tokens.refresh" else answer


class RefreshesHaveNoType(Mutant):
    """A refresh does not say what type of tokens it answers with."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _without("tokenType")) if operation == "tokens.refresh" else answer


class AssertionsHaveAnotherType(Mutant):
    """An assertion is no bearer."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _edited(answer, _with(tokenType="assertion")) if operation == "assertions.create" else answer


class AssertionsHideTheirEnd(Mutant):
    """An assertion does not say when it ends."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "assertions.create"
        return _edited(answer, _without("accessTokenExpiresAt")) if found else answer


class KeysAreCachedWithoutEnd(Mutant):
    """The JWKS says that it may be cached, and not for how long."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        if operation != "public.jwks":
            return answer
        rest = tuple(each for each in answer.headers if each[0] != "cache-control")
        return replace(answer, headers=(*rest, ("cache-control", "public")))


class HealthIsPlainText(Mutant):
    """The answer about the service's health is JSON, and called text."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        return _typed(answer, "text/plain") if operation == "public.health" else answer


class DeletionsAreOk(Mutant):
    """A deletion is answered with 200."""

    breaks = SURFACE | {"REV-03"}

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.delete" and answer.status == 204
        return replace(_typed(answer, "application/json"), status=200, body=b"{}") if found else answer


class UnknownIdentitiesArePages(Mutant):
    """An unknown identity is answered with a page."""

    breaks = SURFACE

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.show" and answer.status == 404
        return replace(_typed(answer, "text/html"), body=b"<p>not found</p>") if found else answer


class RefusalsHaveNoError(Mutant):
    """The refusal of a mint has a message and no error."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation in MINTS
        return _edited(answer, lambda _: {"message": "refused"}, among=(400,)) if found else answer


class MissingMembersAreUnprocessable(Mutant):
    """A key that is requested with a member missing is refused with 422."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "keys.create_api_key" and answer.status == 400
        return replace(answer, status=422) if found else answer


class BadPagesFail(Mutant):
    """A page of identities with an unusable limit makes the service fail."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.index" and answer.status == 400
        return replace(answer, status=500) if found else answer


class BadChangesAreTeapots(Mutant):
    """An unusable change is refused with a status that no document knows."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.change" and answer.status == 400
        return replace(answer, status=418) if found else answer


class EmptySuspensionsAreText(Mutant):
    """A suspension without a reason is refused in plain text."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.suspend" and answer.status == 400
        return replace(_typed(answer, "text/plain"), body=b"no reason") if found else answer


class RefusedAssertionsFail(Mutant):
    """An assertion that is requested for too long makes the service fail."""

    breaks = frozenset({"API-02", "SEC-10"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "assertions.create" and b"invalid_expires_in" in answer.body
        return replace(answer, status=500) if found else answer


class UnconfirmedDeletionsConflict(Mutant):
    """A deletion that was not confirmed is refused with 428."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.delete" and answer.status == 400
        return replace(answer, status=428) if found else answer


class StrangersAreForbidden(Mutant):
    """Who sends no credential to the list of identities gets 403."""

    breaks = frozenset({"API-02"})

    def answer(self, operation: str, answer: Answer) -> Answer:
        found = operation == "identities.index" and answer.status == 401
        return replace(answer, status=403) if found else answer
