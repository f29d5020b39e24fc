"""Faults of the surface of identities: what is decided is right, and the answer is not as documented."""

from collections.abc import Mapping
from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.mutants.edits import (
    GENERATED,
    SURFACE,
    EditedAnswer,
    having,
    members,
    status,
    typed,
    whole,
    without,
)

SHOWN = ("identities.show", "identities.change")


class IdentitiesHideTheirChange(EditedAnswer):
    """An identity is shown without the time of its last change."""

    breaks = SURFACE
    at = SHOWN
    edit = without("updatedAt")


class IdentitiesHideTheirRoles(EditedAnswer):
    """An identity that is shown has no roles."""

    breaks = SURFACE | {"REV-07"}
    at = "identities.show"
    edit = without("roles")


class IdentitiesAreDatedInSeconds(EditedAnswer):
    """The times of an identity have no milliseconds."""

    breaks = SURFACE
    at = "identities.show"
    edit = having(createdAt="2027-01-15T08:00:00Z")


class IdentitiesAreDatedInUnixTime(EditedAnswer):
    """The time of an identity's change is a number."""

    breaks = SURFACE
    at = "identities.change"
    edit = having(updatedAt=1800000000)


class MetadataIsNull(EditedAnswer):
    """An identity without metadata has null instead of an empty object."""

    breaks = SURFACE
    at = "identities.change"
    edit = having(metadata=None)


class WorkspacesAreNumbered(EditedAnswer):
    """The workspace of an identity is shown as a number."""

    breaks = SURFACE
    at = "identities.show"
    edit = having(workspaceId=7)


class ChainsAreText(EditedAnswer):
    """A sponsor chain is shown as one text."""

    breaks = SURFACE
    at = "identities.show"
    edit = having(sponsorChain="user")


class TypesAreTheirOwn(EditedAnswer):
    """The type of an identity is a word that no document knows."""

    breaks = SURFACE
    at = "identities.show"
    edit = having(type="bot")


class RetiredIsCalledDeleted(EditedAnswer):
    """A retired identity is said to be deleted."""

    breaks = SURFACE
    at = "identities.retire"
    edit = having(status="deleted")


class SuspendingIsAnsweredInHtml(EditedAnswer):
    """The identity that was suspended is answered as JSON, and called HTML."""

    breaks = SURFACE
    at = "identities.suspend"
    edit = typed("text/html")


class RetiringHasNoMediaType(EditedAnswer):
    """The answer to a retirement has no media type."""

    breaks = SURFACE
    at = "identities.retire"
    edit = typed(None)


class ReactivatingIsAccepted(EditedAnswer):
    """A reactivation is answered with 202."""

    breaks = SURFACE | {"REV-03"}
    at = "identities.reactivate"
    edit = status(202, instead_of=200)


class TakenNamesAreAccepted(EditedAnswer):
    """An identity of a name that is taken is answered with 201."""

    breaks = frozenset({"REV-07"})
    at = "identities.create"
    edit = status(201, instead_of=409)


class ChangesAreCreated(EditedAnswer):
    """A change of an identity is answered with 201."""

    breaks = SURFACE
    at = "identities.change"
    edit = status(201, instead_of=200)


class ListsHaveAnotherName(EditedAnswer):
    """The identities of a page are in `items`."""

    breaks = SURFACE
    at = "identities.index"
    edit = members(lambda body: {"items": body["data"]})


class ListsAreBare(EditedAnswer):
    """A page of identities is a list."""

    breaks = SURFACE
    at = "identities.index"
    edit = members(lambda body: body["data"])


class CursorsAreNumbers(EditedAnswer):
    """The cursor of the next page is a number."""

    breaks = SURFACE
    at = "identities.index"
    edit = having(cursor=50)


class ListedIdentitiesShout(EditedAnswer):
    """The status of a listed identity is in capitals."""

    breaks = SURFACE
    at = "identities.index"
    edit = members(
        lambda body: body | {"data": [row | {"status": row["status"].upper()} for row in body["data"]]}
    )


class DeletionsAreOk(EditedAnswer):
    """A deletion is answered with 200."""

    breaks = SURFACE | {"REV-03"}
    at = "identities.delete"
    edit = whole(b"{}", "application/json", instead_of=204, status=200)


class UnknownIdentitiesArePages(EditedAnswer):
    """An unknown identity is answered with a page."""

    breaks = SURFACE
    at = "identities.show"
    edit = whole(b"<p>not found</p>", "text/html", instead_of=404)


class UpdatesSetTheStatus(Mutant):
    """An update may name the status of an identity."""

    breaks = GENERATED

    def updated_status(self, body: Mapping[str, Any], status: str) -> str:
        named = body.get("status")
        return named if named in ("active", "suspended", "retired") else status


class UpdatesActivate(Mutant):
    """An identity is active after each update."""

    breaks = GENERATED

    def updated_status(self, body: Mapping[str, Any], status: str) -> str:
        return "active" if super().updated_status(body, status) == "suspended" else status


class UpdatesOfANameEmptyTheScopes(Mutant):
    """An update that names no scopes leaves none."""

    breaks = GENERATED

    def written_identity(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"scopes": [], **said} if "name" in said else said


class ChangesOfMetadataResetTheRoles(Mutant):
    """A change that names metadata and no roles leaves no roles."""

    breaks = frozenset({"REV-07"})

    def written_identity(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"roles": [], **said} if "metadata" in said else said


class EmptyMetadataIsDropped(Mutant):
    """A member of metadata that is false, zero or empty is left out."""

    breaks = GENERATED

    def written_identity(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = {name: value for name, value in said.get("metadata", {}).items() if value}
        return {**said, "metadata": kept} if "metadata" in said else said


class RolesAreSorted(Mutant):
    """The roles of an identity are kept in the order of the alphabet."""

    breaks = GENERATED | {"REV-07"}

    def written_identity(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**said, "roles": sorted(said["roles"])} if "roles" in said else said
