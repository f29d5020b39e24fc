"""Answers to the steps of a walk, held against what the model of a session says of them."""

from contract.harness.checks.assertions import alike, require
from contract.harness.checks.session_oracle import WalkedSession
from contract.harness.client import Response
from contract.harness.jose import Token
from contract.harness.spec import routes
from contract.harness.spec.session_model import Answer

_INACTIVE = (403, 404)  # docs/contract.md, Identities: a mint for one that is not active


def must(kept: bool, response: Response, requires: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Require of an answer what the model of a session says."""
    answer = response.summary
    if response.request.path == routes.INTROSPECT and response.status == 200:
        answer += " with null" if response.content.strip() == b"null" else " with claims"
    require(
        kept,
        sent=f"sent {response.request.where}",
        requires=f"the model of a session says that {requires}",
        got=f"it answered {answer}",
    )


def must_not_mint(response: Response) -> None:
    """Require of a mint for an identity that is not active that it is refused."""
    must(response.status in _INACTIVE, response, "no mint for an identity that is not active")


def agree(accepted: bool, expected: Answer, response: Response, session: WalkedSession, what: str) -> None:  # noqa: FBT001
    """Require that `what` was accepted or refused as `expected`, if the model says which."""
    if expected is not Answer.EITHER:
        kept = accepted is (expected is Answer.ACCEPTED)
        must(kept, response, f"{what} is {expected.value}, {session.told}")


def judge_claims(response: Response, token: Token) -> None:
    """Require of an introspection that shows a token that it shows the token's own claims."""
    if isinstance(response.json, dict):
        shown = response.json
        others = sorted(name for name, value in token.claims.items() if not alike(shown.get(name), value))
        must(not others, response, f"it shows the token's own {', '.join(others)}")


def judge_refresh(
    response: Response, expected: Answer, session: WalkedSession, *, identity_is_active: bool
) -> None:
    """Require of the answer to a refresh what the model says; `identity_is_active` tells of the walk's."""
    if expected is Answer.ACCEPTED:
        must(response.status == 200, response, f"a refresh is {expected.value}, it is {session.told}")
    elif expected is Answer.REFUSED:
        inactive = (session.identity and not identity_is_active) or session.lost_identity
        must(
            response.status in ((401, 404) if inactive else (401,)),
            response,
            f"a refresh is refused, {session.told}",
        )
    else:
        must(response.status < 500, response, "a refresh is answered")
