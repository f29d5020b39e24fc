"""Sets of several keys, keys that come back or are added, and the ways that are not taken to a set."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
import respx
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from reference_impl.rules import Rules
from tests.reference.conftest import Opening
from tests.reference.test_reference_keys import BASE, JWKS, unbound
from tests.reference.world import World, key, own, published

RSA = jwt.algorithms.RSAAlgorithm


def rsa(number: int, **more: str) -> dict[str, Any]:
    """The public JWK of one of the run's other keys."""
    return dict(RSA.to_jwk(key(number).private.public_key(), as_dict=True)) | more


def strange() -> list[Any]:
    """Entries that a verifier of RS256 passes over."""
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    return [
        rsa(1, kid="another", use="sig", alg="RS256"),
        dict(jwt.algorithms.ECAlgorithm.to_jwk(curve, as_dict=True)) | {"kid": "ec"},
        dict(jwt.algorithms.OKPAlgorithm.to_jwk(edwards, as_dict=True)) | {"kid": "okp"},
        rsa(2, kid="encryption", use="enc", alg="RSA-OAEP"),
        {"kty": "oct", "k": "AAAA", "kid": "secret"},
        {"kty": "future", "kid": "new"},
        {"kty": "RSA", "kid": "half"},
        7,
        None,
    ]


@respx.mock
@pytest.mark.parametrize("place", [0, 4, 9], ids=["first", "middle", "last"])
def test_the_key_is_found_among_others(opened: Opening, world: World, place: int) -> None:
    """By the `kid` of the token, wherever it stands; what is not understood is passed over."""
    (ours,), rows = published(world)["keys"], strange()
    respx.get(BASE + JWKS).respond(json={"keys": [*rows[:place], ours, *rows[place:]]})
    alone = opened(unbound(BASE_URL=BASE))
    assert alone.bearer(own(world)).status_code == 404
    assert alone.bearer(own(world, {"kid": "another"})).status_code == 401


@respx.mock
@pytest.mark.parametrize(
    ("name", "slip"),
    [
        ("considered", lambda _, rows: rows[:1]),
        ("considered", lambda _, rows: rows if all(isinstance(row, dict) for row in rows) else []),
        ("understands_key", lambda _, jwk: jwk["kid"] == "another"),
    ],
    ids=["first-only", "one-spoils-all", "other-key"],
)
def test_a_slip_in_reading_a_set_shows(opened: Opening, world: World, name: str, slip: Any) -> None:
    """Each way to read a set too narrowly refuses the bearer that is accepted above."""
    respx.get(BASE + JWKS).respond(json={"keys": [*strange(), *published(world)["keys"]]})
    rules = type("Slip", (Rules,), {name: slip})()
    assert opened(unbound(BASE_URL=BASE), rules).bearer(own(world)).status_code == 401


@respx.mock
@pytest.mark.parametrize(
    "change",
    [{"use": "enc"}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}],
    ids=str,
)
def test_a_key_for_another_use_verifies_nothing(opened: Opening, world: World, change: Any) -> None:
    """Though it is ours, and the token names it."""
    (ours,) = published(world)["keys"]
    respx.get(BASE + JWKS).respond(json={"keys": [ours | change]})
    assert opened(unbound(BASE_URL=BASE)).bearer(own(world)).status_code == 401


@respx.mock
@pytest.mark.parametrize(
    "before",
    [httpx.Response(500), {"keys": []}, {"keys": strange()[:1]}],
    ids=["server-error", "empty", "strange"],
)
def test_a_key_that_appears_is_found_in_time(opened: Opening, world: World, before: Any) -> None:
    """The set was down, empty or held another key: ten seconds later ours is found, without a restart."""
    route = respx.get(BASE + JWKS)
    route.mock(
        return_value=before if isinstance(before, httpx.Response) else httpx.Response(200, json=before)
    )
    alone = opened(unbound(BASE_URL=BASE))
    assert alone.bearer(own(world)).status_code == 401
    route.mock(return_value=httpx.Response(200, json=published(world)))
    alone.now += 11
    assert alone.bearer(own(world)).status_code == 404


@respx.mock
def test_a_clock_that_is_set_back_keeps_no_old_set(opened: Opening, world: World) -> None:
    """The age of a set is that of the one clock: a set from the future is fetched anew, and not for ever."""
    route = respx.get(BASE + JWKS).respond(json=published(world))
    alone = opened(unbound(BASE_URL=BASE))
    assert alone.bearer(own(world)).status_code == 404
    alone.now -= 400
    token = own(world, iat=int(alone.now), exp=int(alone.now) + 600)
    assert [alone.bearer(token).status_code for _ in range(3)] == [404] * 3
    assert route.call_count == 2


@respx.mock
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(opened: Opening, world: World, status: int) -> None:
    """401, and where it leads nobody asks; with the rule taken otherwise it would be followed."""
    target = respx.get("http://elsewhere.test/keys").respond(json=published(world))
    moved = httpx.Response(status, headers={"location": "http://elsewhere.test/keys"})
    respx.get(BASE + JWKS).mock(return_value=moved)
    assert opened(unbound(BASE_URL=BASE)).bearer(own(world)).status_code == 401
    assert target.call_count == 0
    slip = type("Slip", (Rules,), {"follows_redirects": lambda _: True})
    assert opened(unbound(BASE_URL=BASE), slip()).bearer(own(world)).status_code == 404


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A socket that answers nothing but 502, and what was asked of it."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(
                    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


@pytest.mark.parametrize(("slips", "seen"), [(False, 0), (True, 1)], ids=["as-it-is", "slip"])
def test_loopback_is_never_asked_through_a_proxy(
    opened: Opening, world: World, proxy: tuple[str, list[bytes]], *, slips: bool, seen: int
) -> None:
    """Whatever proxy the machine has; with the rule taken otherwise the proxy hears of it."""
    address, asked = proxy
    rules = type("Slip", (Rules,), {"asks_through_a_proxy": lambda *_: True}) if slips else Rules
    with socket.create_server(("127.0.0.1", 0)) as free:
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            patch.setenv(name, address)
        assert opened(unbound(BASE_URL=base), rules()).bearer(own(world)).status_code == 401
    assert len(asked) == seen
