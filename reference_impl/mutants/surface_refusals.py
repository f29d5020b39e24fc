"""Faults of the surface of refusals: a refusal is right, and not as the document says."""

from reference_impl.mutants.edits import GENERATED, MINTS, EditedAnswer, members, status, whole


class RefusalsHaveNoError(EditedAnswer):
    """The refusal of a mint has a message and no error."""

    breaks = GENERATED
    at = MINTS
    edit = members(lambda _: {"message": "refused"}, among=(400,))


class MissingMembersAreUnprocessable(EditedAnswer):
    """A key that is requested with a member missing is refused with 422."""

    breaks = GENERATED
    at = "keys.create_api_key"
    edit = status(422, instead_of=400)


class ListsAreNotFound(EditedAnswer):
    """A mint whose body is no object is answered as if the identity were missing."""

    breaks = GENERATED
    at = ("minting.mint_agent", "minting.mint_identity")
    edit = status(404, instead_of=400, where=b"no JSON object")


class BadPagesFail(EditedAnswer):
    """A page of identities with an unusable limit makes the service fail."""

    breaks = GENERATED
    at = "identities.index"
    edit = status(500, instead_of=400)


class BadChangesAreTeapots(EditedAnswer):
    """An unusable change is refused with a status that no document knows."""

    breaks = GENERATED
    at = "identities.change"
    edit = status(418, instead_of=400)


class EmptySuspensionsAreText(EditedAnswer):
    """A suspension without a reason is refused in plain text."""

    breaks = GENERATED
    at = "identities.suspend"
    edit = whole(b"no reason", "text/plain", instead_of=400)


class RefusedAssertionsFail(EditedAnswer):
    """An assertion that is requested for too long makes the service fail."""

    breaks = GENERATED | {"SEC-10"}
    at = "assertions.create"
    edit = status(500, instead_of=400, where=b"invalid_expires_in")


class UnconfirmedDeletionsConflict(EditedAnswer):
    """A deletion that was not confirmed is refused with 428."""

    breaks = GENERATED
    at = "identities.delete"
    edit = status(428, instead_of=400)


class StrangersAreForbidden(EditedAnswer):
    """Who sends no credential to the list of identities gets 403."""

    breaks = GENERATED
    at = "identities.index"
    edit = status(403, instead_of=401)
