"""The removal of what killed runs left, by the next run on the target and by a sweep."""

import json
import time
from pathlib import Path

import httpx
import pytest

from contract.harness.client import OLDER_THAN, OwnOrg, Service, sweep_target
from contract.harness.spec import ENDPOINTS
from tests.unit.client.killed_runs import NAMED, killed, work_everywhere
from tests.unit.client.scripted import Change, Deployment, reference


def made(deployment: Deployment) -> list[dict[str, str]]:
    """Every identity that was ever made on a deployment."""
    return [
        response.json()
        for request, response in deployment.watched.passed
        if (request.method, request.url.path) == ("POST", "/v1/identities")
    ]


def identities(deployment: Deployment) -> list[str]:
    """The names of the identities that are there."""
    key = {"x-api-key": deployment.key.reveal()}
    with deployment.connect() as connection:
        return [
            each["name"]
            for each in made(deployment)
            if connection.http.get(f"/v1/identities/{each['id']}", headers=key).status_code == 200
        ]


def listing(deployment: Deployment) -> Change:
    """Answer the list of identities, two pages of it, also where the reference has none."""

    def change(request: httpx.Request) -> httpx.Response | None:
        if (request.method, request.url.path) != ("GET", "/v1/identities"):
            return None
        first = "cursor" not in request.url.params
        page = made(deployment)[:1] if first else made(deployment)[1:]
        return httpx.Response(200, json={"data": page, **({"cursor": "second"} if first else {})})

    return change


def is_live(deployment: Deployment, token: str) -> bool:
    """What introspection says of a token."""
    with deployment.connect() as connection:
        key = {"x-api-key": deployment.key.reveal()}
        shown = connection.http.get("/v1/tokens/introspect", params={"token": token}, headers=key)
    return shown.json() is not None


def test_the_next_run_on_the_target_removes_what_a_killed_one_left(state: Path) -> None:
    """Sessions, identities and keys; its own journal and the old one are gone at its end."""
    with reference() as deployment:
        killed(deployment, work_everywhere)
        tokens = _refresh_tokens(deployment)
        assert any(is_live(deployment, token) for token in tokens)
        with deployment.connect() as connection:
            own_org = OwnOrg(Service(connection), deployment.key)
            own_org.open()
            assert len(identities(deployment)) == 1
            assert own_org.close() == []
        assert not any(is_live(deployment, token) for token in tokens)
        assert identities(deployment) == []
    assert list(state.iterdir()) == []


def _refresh_tokens(deployment: Deployment) -> list[str]:
    found = (
        response.json().get("refreshToken")
        for _, response in deployment.watched.passed
        if response.content.startswith(b"{")
    )
    return [text for text in found if text]


def test_a_sweep_removes_it_too(state: Path) -> None:
    """`sweep_target` needs no run."""
    with reference() as deployment:
        killed(deployment, work_everywhere)
        assert sweep_target(deployment.target()) == []
        assert identities(deployment) == []
        assert not any(is_live(deployment, token) for token in _refresh_tokens(deployment))
    assert list(state.iterdir()) == []


def test_a_run_in_progress_is_left_alone(state: Path) -> None:
    """Its journal is locked, and its identity is no stray either."""
    with reference() as deployment, deployment.connect() as connection:
        own_org = OwnOrg(Service(connection), deployment.key)
        own_org.open()
        pair = own_org.pair(NAMED)
        deployment.watched.change = listing(deployment)
        assert sweep_target(deployment.target(), older_than=-1) == []
        assert identities(deployment) == [own_org.name]
        assert is_live(deployment, pair.refresh.text)
        assert own_org.close() == []


def test_another_target_and_another_org_are_left_alone(state: Path) -> None:
    """What a key can't reach is not taken for removed."""
    with reference() as one, reference() as other:
        killed(one, lambda own_org: own_org.pair(NAMED))
        assert sweep_target(other.target()) == []
        assert len(list(state.iterdir())) == 1
        (file,) = state.iterdir()
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line.update({"key": "00000000", "org": "org_other"} if line["line"] == "org" else {})
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert sweep_target(one.target()) == []
        assert len(identities(one)) == 1
        assert list(state.iterdir()) == [file]


def test_what_a_run_kept_on_purpose_goes_only_by_a_sweep(state: Path) -> None:
    """`--keep` is not undone by the next run."""
    with reference() as deployment:
        with deployment.connect() as connection:
            own_org = OwnOrg(Service(connection), deployment.key)
            own_org.open()
            assert len(own_org.kept()) == 2
        with deployment.connect() as connection:
            second = OwnOrg(Service(connection), deployment.key)
            second.open()
            assert second.close() == []
        assert identities(deployment) == [own_org.name]
        assert sweep_target(deployment.target()) == []
        assert identities(deployment) == []


@pytest.mark.parametrize(("older_than", "left"), [(OLDER_THAN, 1), (-1, 0)], ids=["a day", "at once"])
def test_an_identity_without_a_journal_goes_when_it_is_old(state: Path, older_than: float, left: int) -> None:
    """By its name it is a run's, perhaps one in progress on another machine; other names are left alone."""
    with reference() as deployment:
        killed(deployment)
        for file in state.iterdir():
            file.unlink()
        with deployment.connect() as connection:
            connection.http.post(
                "/v1/identities",
                headers={"x-api-key": deployment.key.reveal()},
                json={"name": "somebody", "sponsorId": "user_x"},
            )
        deployment.watched.change = listing(deployment)
        assert sweep_target(deployment.target(), older_than) == []
        assert len([name for name in identities(deployment) if name != "somebody"]) == left
        assert "somebody" in identities(deployment)


def refusing(request: httpx.Request) -> httpx.Response | None:
    """Refuse to remove anything."""
    gone = request.method == "DELETE" or request.url.path.endswith("/revoke")
    return httpx.Response(500, json={"error": "x"}) if gone else None


def unknown(request: httpx.Request) -> httpx.Response | None:
    """Know no session any more."""
    return (
        httpx.Response(404, json={"error": "token_not_found"})
        if request.url.path == "/v1/tokens/revoke"
        else None
    )


@pytest.mark.parametrize(
    ("change", "told", "kept"),
    [(refusing, ["identity", "session", "workspace token"], True), (unknown, ["perhaps session"], False)],
    ids=["refused", "not found"],
)
def test_what_a_sweep_could_not_remove_is_named(
    state: Path, change: Change, told: list[str], kept: bool
) -> None:
    """It is tried again next time, unless nothing more can be done; a 404 is no proof."""
    with reference() as deployment:
        killed(deployment, lambda own_org: own_org.pair(NAMED))
        deployment.watched.change = change
        left = sweep_target(deployment.target())
        assert [any(each.startswith(kind) for each in left) for kind in told] == [True] * len(told)
        assert len(left) == len(told)
        assert bool(list(state.iterdir())) == kept
        deployment.watched.change = lambda _request: None
        assert sweep_target(deployment.target()) == []


def test_a_session_that_has_expired_is_not_asked_about(state: Path) -> None:
    """Time is proof as well."""
    with reference() as deployment:
        killed(deployment, lambda own_org: own_org.pair(ENDPOINTS["path"]))
        (file,) = state.iterdir()
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            if line.get("expires"):
                line["expires"] = time.time() - 3600
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        before = len(deployment.watched.sent("POST", "/v1/tokens/revoke"))
        assert sweep_target(deployment.target()) == []
        assert len(deployment.watched.sent("POST", "/v1/tokens/revoke")) == before


def test_a_line_that_was_cut_off_does_no_harm(state: Path) -> None:
    """A run that is killed while it writes leaves half a line."""
    with reference() as deployment:
        killed(deployment)
        (file,) = state.iterdir()
        file.write_text(file.read_text() + '{"line": "entry", "kind": "iden')
        assert sweep_target(deployment.target()) == []
    assert list(state.iterdir()) == []
