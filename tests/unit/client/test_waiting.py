"""A service that is busy: how long it is waited for, and when it is given up."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from freezegun import freeze_time

from contract.harness.client.waiting import LONGEST_WAIT, LONGEST_WAITS
from contract.harness.errors import CouldNotTry
from tests.support.fakes import Script, served

FINE = httpx.Response(200, json={"status": "ok"})


def _busy(retry_after: str | None) -> httpx.Response:
    return httpx.Response(
        429, headers=[] if retry_after is None else [(b"retry-after", retry_after.encode())]
    )


WAITS: dict[str, tuple[str | None, float]] = {
    "seconds": ("2", 2),
    "the longest": (f"{LONGEST_WAIT:.0f}", LONGEST_WAIT),
    "none": (None, 1),
    "now": ("0", 0.5),
    "spaces": (" 3 ", 3),
    "no number": ("soon", 1),
    "negative": ("-5", 1),
    "a fraction": ("1.5", 1),
    "a superscript": ("²", 1),
    "empty": ("", 1),
    "a date gone by": ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5),
    "a date that is none": ("Wed, 99 Oct 2015 07:28:00 GMT", 1),
    "a date of no calendar": ("Mon, 01 Jan 99999 00:00:00 GMT", 1),
}


@pytest.mark.parametrize(("retry_after", "seconds"), WAITS.values(), ids=WAITS)
def test_a_429_is_waited_out(slept: list[float], retry_after: str | None, seconds: float) -> None:
    """As long as the service says; a second where it says nothing that can be read; never not at all."""
    script = Script(_busy(retry_after), FINE)
    with served(script) as service:
        response = service.call("POST", "/v1/tokens", body={"a": 1})
    assert response.status == 200
    assert slept == [seconds]
    assert [request.content for request in script.requests] == [b'{"a": 1}'] * 2
    assert service.requests == 2
    assert list(service.transcript) == [response]


def test_a_429_with_a_date_is_waited_out_to_that_date(slept: list[float]) -> None:
    """RFC 9110, section 10.2.3: a date is as good as seconds."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    with served(Script(_busy(later), FINE)) as service:
        assert service.call("GET", "/health").status == 200
    assert slept == [pytest.approx(29.5, abs=1)]


TOO_LONG = {
    "an hour": ("3600", "3600 s"),
    "a second too many": ("61", "61 s"),
    "without end": ("9" * 400, "inf s"),
    "a date of next year": (
        format_datetime(datetime.now(UTC) + timedelta(days=366), usegmt=True), "316"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("retry_after", "told"), TOO_LONG.values(), ids=TOO_LONG)
def test_a_wait_too_long_is_no_answer(slept: list[float], retry_after: str, told: str) -> None:
    """It is not begun: the sentence says what was asked and which bound of the run it passes."""
    script = Script(_busy(retry_after))
    with served(script) as service, pytest.raises(CouldNotTry) as why:
        service.call("GET", "/health")
    assert slept == []
    assert len(script.requests) == 1
    assert str(why.value).startswith(f"GET /health: 429 asks to wait {told}")
    assert str(why.value).endswith("; this run waits 60 s at most for one answer")


@pytest.mark.parametrize(("now", "told"), [("00.6", r"60\.4 s"), ("00.997", r"60\.01 s")])
def test_a_part_of_a_second_too_much_is_told_as_such(slept: list[float], now: str, told: str) -> None:
    """A sentence that says 60 s of 60.4 s contradicts itself."""
    busy = _busy("Wed, 25 Nov 2026 07:01:01 GMT")
    why = pytest.raises(CouldNotTry, match=f"asks to wait {told}; this run")
    with freeze_time(f"2026-11-25T07:00:{now}Z"), served(Script(busy)) as service, why:
        service.call("GET", "/health")
    assert slept == []


def test_waits_that_are_too_long_together_are_told_with_their_sum(slept: list[float]) -> None:
    """Each alone is within its bound: the sentence names the other one."""
    with served(Script(_busy("50"))) as service, pytest.raises(CouldNotTry) as why:
        service.call("GET", "/health")
    assert slept == [50.0] * 3
    assert str(why.value).endswith(
        "429 asks to wait 50 s; this run has waited 150 s, of 180 s at most in all"
    )


@pytest.mark.parametrize("retry_after", ["0", "1", "50"])
def test_a_429_for_ever_is_given_up(slept: list[float], retry_after: str) -> None:
    """All waits of a run together are bounded, however short each is."""
    with served(Script(_busy(retry_after))) as service, pytest.raises(CouldNotTry):
        service.call("GET", "/health")
    assert LONGEST_WAITS - LONGEST_WAIT < sum(slept) <= LONGEST_WAITS + 0.5
