"""Tests of a running deployment with a second API key, which must be of another org."""

import pytest

from tests.support.command import Check
from tests.support.deployments import ORG, SCOPES, deployed

ORGS = ("--clause", "REV-04", "--clause", "SEC-08", "--second-api-key-env", "OTHER_KEY")


def test_two_orgs_are_tried_against_each_other(check: Check) -> None:
    """With a key of each, a running deployment shows whether it keeps them apart."""
    with deployed() as there:
        said = check(there.url, *ORGS, key=there.key, OTHER_KEY=there.key_of("org_other"))
    assert said.code == 0, said.out
    assert {*said.outcomes("REV-04").values(), *said.outcomes("SEC-08").values()} == {"pass"}
    assert said.target["leftovers"] == []


@pytest.mark.parametrize("scopes", [SCOPES, SCOPES[1:]], ids=["its identities tell", "its tokens tell"])
def test_two_keys_of_one_org_are_no_two_orgs(check: Check, scopes: list[str]) -> None:
    """Whoever gives a second key of the same org is told so: it is no failure of the service."""
    with deployed(scopes=scopes) as there:
        said = check(there.url, *ORGS, key=there.key, OTHER_KEY=there.key_of(ORG))
    assert said.code == 2, said.out
    told = "the API key in OTHER_KEY belongs to the org of the first one"
    assert {why.startswith(told) for why in said.whys("error")} == {True}
    assert said.outcomes("REV-04")["path"] == said.outcomes("REV-04")["workspace-path"] == "error"
    assert said.whys("fail") == set()
    assert there.wall.request.count("POST /v1/identities") == 2
    assert said.target["leftovers"] == []


def test_a_second_key_that_is_refused_is_named_by_its_variable(check: Check) -> None:
    """It is asked about once, and what needs no other org is tried."""
    with deployed() as there:
        said = check(there.url, *ORGS, "--clause", "META-03", key=there.key, OTHER_KEY="rak_of-nobody")
    assert said.code == 2, said.out
    assert set(said.outcomes("META-03").values()) == {"pass"}
    told = "the API key in OTHER_KEY is refused with 401 (invalid_api_key)"
    assert {why.startswith(told) for why in said.whys("error")} == {True}
    assert there.wall.request.count("GET /v1/tokens/introspect") == 2  # one with each key


def test_what_needs_an_identity_of_another_org_is_not_tried_without_one(check: Check) -> None:
    """Two orgs whose keys may make none: the endpoints that need none are tried all the same."""
    with deployed(scopes=SCOPES[1:]) as there:
        said = check(there.url, *ORGS, key=there.key, OTHER_KEY=there.key_of("org_other"))
    assert said.code == 0, said.out
    assert said.outcomes("REV-04")["path"] == said.outcomes("REV-04")["workspace-path"] == "pass"
    assert set(said.outcomes("SEC-08").values()) == {"not_tried"}
