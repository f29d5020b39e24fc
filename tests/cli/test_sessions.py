"""Sessions on deployments with one fault of their own, and on those that differ where they may."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from reference_impl.facts import Grant, Session
from reference_impl.rules import Rules
from tests.support.command import Check
from tests.support.deployments import App, Scope, Send, deployed

ENDED = ("--clause", "SES-02", "--clause", "REV-01", "--endpoint", "agent")
IDENTITY_ENDS = ("--clause", "REV-03", "--endpoint", "agent")
Bent = tuple[int, dict[str, str], bytes] | None


class Replicas:
    """One replica for each connection: the first sees every revocation, the others refuse no bearer."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._first: object = None

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Let the reference answer; on any connection but the first a refused bearer is accepted."""
        self._first = self._first or scope["client"]
        lags = scope["client"] != self._first and scope["path"].startswith("/v1/identities/")

        async def bent(message: MutableMapping[str, Any]) -> None:
            if lags and message["type"] == "http.response.start" and message["status"] == 401:
                message["status"] = 404
            await send(message)

        await self._app(scope, receive, bent)


def test_a_replica_that_lags_is_seen_over_a_new_connection(check: Check) -> None:
    """The failure says over which connection the bearer was accepted, and after what."""
    with deployed() as there:
        there.wall.app = Replicas(there.wall.app)
        said = check(there.url, *ENDED, key=there.key)
    assert said.code == 1
    assert said.clauses("fail") == {"SES-02", "REV-01"}
    over = "then presented the newest access token as a bearer over a new connection"
    for why in said.whys("fail"):
        assert over in why or "presented it as a bearer over a new connection" in why


class _SessionsOfAnHourAreOne(Rules):
    def session_id(self, fresh: str, grant: Grant) -> str:
        return f"sess_{grant.subject}-{grant.minted_at // 3600}"


def test_sessions_that_share_their_sid_are_seen(check: Check) -> None:
    """A session id that is made of subject and time is no id of one session."""
    with deployed(rules=_SessionsOfAnHourAreOne()) as there:
        said = check(
            there.url, "--clause", "SES-04", "--case", "same_moment", "--endpoint", "path", key=there.key
        )
    (why,) = said.whys("fail")
    assert "both have the same sid" in why


def forbidden(method: str, path: str, status: int, body: bytes) -> Bent:
    """Answer 403 instead of 404 to a mint for an inactive identity."""
    return (403, {}, b'{"error": "forbidden"}') if path == "/v1/tokens/agent" and status == 404 else None


def without_routes(method: str, path: str, status: int, body: bytes) -> Bent:
    """Know no way to suspend or retire an identity."""
    gone = path.endswith(("/suspend", "/retire", "/reactivate"))
    return (404, {}, b'{"error": "not_found"}') if gone else None


def busy(method: str, path: str, status: int, body: bytes) -> Bent:
    """Answer 409 without a code where the reference refuses a refresh token."""
    return (409, {}, b'{"error": "a refresh is under way"}') if (path, status) == REFUSED else None


REFUSED = ("/v1/tokens/refresh", 401)


def test_an_inactive_identity_may_be_forbidden(check: Check) -> None:
    """Some deployments answer 403 to a mint for it."""
    with deployed(forbidden) as there:
        said = check(there.url, *IDENTITY_ENDS, key=there.key)
    assert said.outcomes("REV-03") == {"agent": "pass"}


def test_a_deployment_without_suspension_is_not_called_broken(check: Check) -> None:
    """What it has no route for is not tried; deletion is."""
    with deployed(without_routes) as there:
        said = check(there.url, *IDENTITY_ENDS, key=there.key)
    assert said.outcomes("REV-03") == {"agent": "not_tried"}
    assert all("no route" in why for why in said.whys("not_tried"))


def test_who_loses_a_race_may_be_told_that_another_is_under_way(check: Check) -> None:
    """409 for the losers breaks nothing, and where it answered a replay the round is not counted."""
    with deployed(busy) as there:
        said = check(there.url, "--clause", "SES-05", "--endpoint", "agent", key=there.key)
    assert said.clauses("fail") == set()


class _SparesOldSessions(Rules):
    def revoking_identity_ends(self, session: Session, now: float) -> bool:
        return False


def test_a_revocation_that_does_nothing_is_not_blamed_on_a_race(check: Check) -> None:
    """REV-05 is blocked where the same revocation ends nothing without a race."""
    with deployed(rules=_SparesOldSessions()) as there:
        said = check(
            there.url, "--clause", "REV-01", "--clause", "REV-05", "--endpoint", "agent", key=there.key
        )
    assert said.outcomes("REV-01") == {"agent": "fail"}
    assert said.outcomes("REV-05") == {"agent": "blocked"}
