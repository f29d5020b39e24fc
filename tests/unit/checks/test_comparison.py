"""Two kinds of 404: what tells them apart, and what only varies from answer to answer."""

import contextlib
import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from contract.harness.checks import UnknownIdResponses
from contract.harness.checks.comparison import never_was
from contract.harness.client import Response, Service
from contract.harness.errors import Violation
from tests.support.fakes import org_key, served

THEIRS = "sess_90b87a8f9c1b932e0ef01f79"
# What a service says: the id that it is asked for, whether that is THEIRS, and which answer it is, from 1.
Telling = Callable[[str, bool, int], Any]


@contextlib.contextmanager
def asking(say: Telling) -> Iterator[tuple[Service, Callable[[str], Response], UnknownIdResponses]]:
    """A service that says of each id what it is told to, with 404."""
    count = itertools.count(1)

    def response(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)["sessionId"]
        said = say(sent, sent == THEIRS, next(count))
        return httpx.Response(404, content=said if isinstance(said, str) else json.dumps(said))

    with served(response) as service:

        def ask(identifier: str) -> Response:
            return service.revoke(org_key(), sessionId=identifier)

        yield service, ask, UnknownIdResponses(service, ask, sent="another org revoked by sessionId")


def requests(say: Telling, times: int = 1) -> int:
    """Hold what is said of THEIRS against what is said of nobody's, `times` over; return the requests."""
    with asking(say) as (service, ask, nobodys):
        for _ in range(times):
            nobodys.alike(ask(THEIRS), THEIRS)
        return service.requests


ALIKE: dict[str, Telling] = {
    "the same": lambda sent, theirs, n: {"error": "no such token", "code": "token_not_found"},
    "no JSON": lambda sent, theirs, n: "no such token",
    "no JSON, with an id": lambda sent, theirs, n: f"no such token (request {n})",
    "the id asked for": lambda sent, theirs, n: {"error": f"no session: {sent}", "at": [1, sent]},
    "the id asked for, cut": lambda sent, theirs, n: {"error": f"no session: {sent[:8]}***{sent[-4:]}"},
    "a request id": lambda sent, theirs, n: {"error": "no such token", "requestId": f"req_{n}"},
    "a request id in words": lambda sent, theirs, n: {"error": f"no such token (request {n}); see the log"},
    "a request id within": lambda sent, theirs, n: {"error": {"text": "none", "trace": [{"id": n}]}},
    "a count": lambda sent, theirs, n: {"error": "no such token", "left": 100 - n},
    "a clock of seconds": lambda sent, theirs, n: {"error": "no such token", "at": n // 7},
    "milliseconds": lambda sent, theirs, n: {"error": "none", "ms": random.Random(n).choice([0, 0, 1])},
    "a hint now and then": lambda sent, theirs, n: {"error": "x"} | random.Random(n).choice([{}, {"b": 1}]),
    "members in any order": lambda sent, theirs, n: dict([("a", 1), ("b", 2)][:: 1 if theirs else -1]),
}  # fmt: skip


@pytest.mark.parametrize("say", ALIKE.values(), ids=ALIKE)
def test_what_varies_by_itself_tells_nothing(say: Telling) -> None:
    """Also not at the tenth time, when the first answers about nobody's are long gone by."""
    assert requests(say, times=10) < 10 * 2


def test_where_nothing_varies_nobodys_answer_is_asked_for_once() -> None:
    """Four endpoints and three fields are asked on somebody's service."""
    assert requests(ALIKE["the id asked for"], times=10) == 10 + 1


def test_where_something_varies_that_is_learned_once() -> None:
    """One more of each kind, in all."""
    assert requests(ALIKE["a request id"], times=10) <= 10 + 2 + 1


APART: dict[str, Telling] = {
    "other words": lambda sent, theirs, n: {"error": "not yours" if theirs else "no such token"},
    "one other word": lambda sent, theirs, n: {"error": f"{'not' if theirs else 'no'} {sent} {n}"},
    "other words, no JSON": lambda sent, theirs, n: "not yours" if theirs else "no such token",
    "another code": lambda sent, theirs, n: {"error": "x", "code": "foreign" if theirs else "none", "id": n},
    "another kind of value": lambda sent, theirs, n: {"error": "x", "found": theirs or 0, "id": n},
    "true for 1": lambda sent, theirs, n: {"error": "x", "found": theirs or 1},
    "a member more": lambda sent, theirs, n: {"error": "x"} | ({"owner": n} if theirs else {}),
    "a member less": lambda sent, theirs, n: {"error": "x"} | ({} if theirs else {"hint": "x"}),
    "a longer list": lambda sent, theirs, n: {"error": "x", "at": [n] * (2 if theirs else 1)},
    "a member less that varies": lambda sent, theirs, n: {"error": "x"} | ({} if theirs else {"id": n}),
    "what varies for theirs alone": lambda sent, theirs, n: {"error": f"id {n if theirs else 0}"},
}  # fmt: skip


@pytest.mark.parametrize("say", APART.values(), ids=APART)
def test_what_tells_them_apart_is_seen(say: Telling) -> None:
    """However much beside it varies; and the sentence says that it was the words."""
    with pytest.raises(Violation, match="can't tell it from one that never existed; it answered 404"):
        requests(say)


def test_a_failure_shows_one_answer_of_each_kind() -> None:
    """Whoever repeats it by hand asks two questions, not twelve."""
    with asking(APART["other words"]) as (service, ask, nobodys):
        with pytest.raises(Violation, match="in other words"):
            nobodys.alike(ask(THEIRS), THEIRS)
        theirs, nobody = [response.request.body["sessionId"] for response in service.transcript]
    assert theirs == THEIRS != nobody


def test_what_never_was_is_not_to_be_found() -> None:
    """A service that revokes what never was is no control for one that hides what is another's."""
    with served(lambda request: httpx.Response(204)) as service:
        nobodys = UnknownIdResponses(
            service, lambda its_id: service.revoke(org_key(), sessionId=its_id), sent="revoked"
        )
        with pytest.raises(
            Violation, match="with an id that never existed; it is not found; it answered 204"
        ):
            nobodys.alike(service.present_bearer("a bearer"), THEIRS)


LONG = {
    "hex": (THEIRS, "sess_[0-9a-f]{24}"),
    "digits": ("tok_0123456789", "tok_[0-9]{10}"),
    "two prefixes": ("relay_pa_9f8e7d6c5b4a39281706f5e4", "relay_pa_[0-9a-f]{24}"),
    "a UUID": ("0b9e6a34-5f0e-4c2b-9a64-1c1d2e3f4a5b", "0b9e6a34-5f0e-4c2b-9a64-[0-9a-f]{12}"),
    "a ULID": ("01J9ZK3T8Q6V5W4X3Y2Z1A0B9C", "01J9ZK3T8Q6V5W[0-9A-HJKMNP-TV-Z]{12}"),
    "base58": ("sess_3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "sess_[1-9A-HJ-NP-Za-km-z]{34}"),
    "base32": ("sess_mfrggzdfmztwq2lkmfrggzdf", "sess_[a-z2-7]{24}"),
    "a line near its end": ("sess_V1StGXR8Z5jdHi6BmyT_a", r"sess_V1StGXR8\w{11}_\w"),
    "a name": ("agent_relayauth-contract-1f2e3d4c", "agent_relayauth-cont[a-z]{4}-[0-9a-f]{8}"),
}  # fmt: skip


@pytest.mark.parametrize(("like", "form"), LONG.values(), ids=LONG)
def test_an_id_that_never_was_has_the_form_of_one_that_is(like: str, form: str) -> None:
    """Prefix, length, the kinds of its signs and what stands in front stay: no form gives it away."""
    made = {never_was(like) for _ in range(50)}
    assert len(made) == 50
    assert like not in made
    assert [each for each in made if not re.fullmatch(form, each)] == []


@pytest.mark.parametrize("like", ["sess_42", "42", "relay_pa_123456", "", "sess_", "\u00e4" * 30, "....."])
def test_an_id_that_could_be_guessed_is_not_made(like: str) -> None:
    """Of a short one the next may be somebody's session, which would be ended."""
    made = {never_was(like) for _ in range(50)}
    assert len(made) == 50
    assert {len(each) for each in made} == {len(like.rpartition("_")[0]) + ("_" in like) + 24}


@pytest.mark.parametrize("depth", [300, 900, 1500])
def test_a_deep_body_is_compared(depth: int) -> None:
    """Whatever a service nests into an error, the harness goes on."""
    with pytest.raises(Violation, match="in other words"):
        requests(lambda sent, theirs, n: "[" * depth + str(int(theirs)) + "]" * depth)
