"""Servers that differ from the reference where the contract leaves it open: the SEC and JWKS chapters pass.

And a fault that no single rule of the reference can show.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract.harness.jose import other_key, read_token
from contract.harness.run import Settings, TargetReport, run_contract
from contract.harness.targets import Connection, Target
from contract.harness.targets.in_process import _deployed
from reference_impl.app import create_app
from reference_impl.errors import Forbidden
from reference_impl.facts import Kind, Owner, Principal
from reference_impl.rules import Rules
from tests.support.deployments import App, Scope, Send, Spoil, Spoilt

CHAPTERS = ("JWKS-*", "SEC-*")


@dataclass(frozen=True)
class Server:
    """One server in this process: the reference with other rules, behind a wall that changes responses."""

    rules: type[Rules] = Rules
    spoil: Spoil | None = None
    around: Callable[[App], App] = field(default=lambda app: app)

    def check(self, *clauses: str) -> TargetReport:
        """Run these clauses against it."""

        def make(env: Mapping[str, str]) -> App:
            return self.around(Spoilt(create_app(env, rules=self.rules()), self.spoil))

        @contextlib.contextmanager
        def opened(target: Target) -> Iterator[Connection]:
            with _deployed(target.name, "reference", make) as connection:
                yield connection

        target = Target("variant", "reference", opened_by=opened)
        (report,) = run_contract(Settings(targets=(target,), clauses=clauses, fuzz_examples=0, polite=True))
        return report


def outcomes(report: TargetReport) -> dict[str, str]:
    """Return what is not a pass, each clause with its outcome and the reason."""
    return {each.clause: f"{each.outcome}: {each.why}" for each in report.results if each.outcome != "pass"}


class _NoSkew(Rules):
    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now


class _MuchSkew(Rules):
    def expired(self, kind: Kind, exp: int, now: float) -> bool:
        return now >= exp + 59

    def not_yet(self, iat: int, now: float) -> bool:
        return iat > now + 59


class _FetchesEachTime(Rules):
    def jwks_fresh_for(self) -> float:
        return 0.001

    def jwks_rest(self) -> float:
        return 0.0


class _RefusesForeignIdentities(Rules):
    def delegated_owner(
        self, principal: Principal, workspace: str, subject: str, named: Mapping[str, Any] | None
    ) -> Owner:
        if named is not None and named["org"] != principal.org:
            raise Forbidden("the identity is not the caller's", code="identity_not_found")
        return super().delegated_owner(principal, workspace, subject, named)


def _several_published_keys(
    method: str, path: str, status: int, body: bytes
) -> tuple[int, dict[str, str], bytes] | None:
    if not path.endswith("jwks.json"):
        return None
    own = json.loads(body)["keys"]
    others = [
        {"kty": "EC", "crv": "P-256", "kid": "ec-1", "x": "AQ", "y": "AQ", "use": "sig", "alg": "ES256"},
        {"kty": "OKP", "crv": "X25519", "kid": "okp-1", "x": "AQ", "use": "enc"},
        {**other_key().jwk, "use": "enc", "alg": "RSA-OAEP", "kid": "enc-1"},
        {**other_key().jwk, "exp": 2000000000},
    ]
    return status, {"content-type": "application/json"}, json.dumps({"keys": [*others, *own]}).encode()


def _no_assertions(
    method: str, path: str, status: int, body: bytes
) -> tuple[int, dict[str, str], bytes] | None:
    if not path.endswith("relayhistory-assertion"):
        return None
    return 404, {"content-type": "application/json"}, b'{"error": "not_found"}'


def _prose_and_400_at_refresh(
    method: str, path: str, status: int, body: bytes
) -> tuple[int, dict[str, str], bytes] | None:
    if not path.endswith("/refresh") or status != 401:
        return None
    return 400, {"content-type": "application/json"}, b'{"error": "This token can not be refreshed."}'


CONFORMING = {
    "no clock skew": Server(rules=_NoSkew),
    "59 s of clock skew": Server(rules=_MuchSkew),
    "fetches the JWKS for each bearer": Server(rules=_FetchesEachTime),
    "refuses the agentId of another org": Server(rules=_RefusesForeignIdentities),
    "publishes several keys": Server(spoil=_several_published_keys),
    "400 and prose at refresh": Server(spoil=_prose_and_400_at_refresh),
}


@pytest.mark.parametrize("server", CONFORMING.values(), ids=CONFORMING)
def test_a_conforming_server_passes(server: Server) -> None:
    """Every clause of both chapters passes."""
    assert outcomes(server.check(*CHAPTERS)) == {}


def test_without_the_route_assertions_are_not_tried() -> None:
    """An older deployment answers 404 there: SEC-10 is not tried and says why."""
    report = Server(spoil=_no_assertions).check("SEC-10")
    (result,) = report.results
    assert result.outcome == "not_tried"
    assert result.why.startswith("the deployment has no /v1/tokens/relayhistory-assertion (it answered 404")


class _RefreshesAssertions:
    """Answers an assertion at refresh with the pair that was minted last."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pair = b""

    async def __call__(self, scope: Scope, receive: Callable[[], Any], send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        if scope["path"].endswith("/refresh") and self._is_assertion(body):
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._pair})
            return

        async def again() -> Any:
            return message

        async def kept(sent: Any) -> None:
            if b'"refreshToken"' in sent.get("body", b""):
                self._pair = sent["body"]
            await send(sent)

        await self._app(scope, again, kept)

    @staticmethod
    def _is_assertion(body: bytes) -> bool:
        try:
            return bool(read_token(json.loads(body)["refreshToken"]).claims["aud"] == ["relayhistory"])
        except (ValueError, KeyError, TypeError):
            return False


def test_an_assertion_that_can_be_refreshed_is_a_failure() -> None:
    """The reference refuses it for three reasons, so no mutant with one changed rule shows this fault."""
    report = Server(around=_RefreshesAssertions).check("SEC-10")
    (result,) = report.results
    assert result.outcome == "fail"
    assert "presented an assertion for a refresh" in result.why
