"""One list of values for the field that requests a refresh TTL; it serves TTL-05, TTL-06 and TTL-07."""

import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from contract.harness.checks.assertions import require_status
from contract.harness.checks.strategies import for_all, values_by_type
from contract.harness.client import Pair, Raw, Response, TokenPairs
from contract.harness.errors import Blocked
from contract.harness.spec import ENDPOINTS, REFRESH_TTL_CAP, REFRESH_TTL_FIELD, MintEndpoint

USABLE: Mapping[str, Mapping[str, Any]] = {
    "numbers": {
        "1e300": 1e300,
        "2^31": 2**31,
        "2^53": 2**53,
        "2^63": 2**63,
    },
}
UNUSABLE: Mapping[str, Mapping[str, Any]] = {
    "fractions below 1": {"0.5": 0.5, "1e-9": 1e-9, "0.999": 0.999},
    "not positive": {"-1": -1, "0": 0, "-0.0": -0.0, "-1e300": -1e300},
    "booleans": {"true": True, "false": False},
    "words": {"empty": "", "words": "ninety days", "-60": "-60", "NaN": "NaN"},
    "lists": {"one number": [60], "empty": [], "one text": ["60"]},
    "objects": {"seconds": {"seconds": 60}, "empty": {}},
}
TEXT: Mapping[str, Mapping[str, Any]] = {
    "text that begins with a number": {
        "3600abc": "3600abc",
        "30 days": "30 days",
        "60 60": "60 60",
        "7200,5": "7200,5",
        "10 kB": "60" + "x" * 10_000,
    },
    "text that is a number": {
        "1e9": "1e9",
        "60": "60",
        "with blanks": " 60 ",
        "31536000": "31536000",
        "60.5": "60.5",
        "0x10": "0x10",
    },
}
"""Values by group and name: what is a usable number of seconds, what is none, and text of a number.

The first of a group is requested at every endpoint of every target, the others on a URL at one of them.
"""
OF_NUMBERS = ("numbers", "text that is a number")
"""Groups of which no value is requested at every endpoint of a URL: TTL-01 and TTL-02 request such ones."""

# Spellings that no JSON library writes; what is no JSON at all is among them (RFC 8259, sections 6 and 8.1).
SPELLINGS: Mapping[str, str] = {
    "1e400": "1e400",
    "-1e400": "-1e400",
    "-0": "-0",
    "1E2": "1E2",
    "0.1e1": "0.1e1",
    "2e-324": "2e-324",
    "400 digits": "9" * 400,
    "400 decimals": "0." + "9" * 400,
    "leading zeros": "0060",
    "plus sign": "+60",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "twice, the second longer": f'60, "{REFRESH_TTL_FIELD}": 31536000',
    "twice, the second null": f'31536000, "{REFRESH_TTL_FIELD}": null',
    "5000 brackets": "[" * 5000 + "]" * 5000,
}
SHORT_LIVED = 5
"""Seconds: on a clock that can't be set, a token with less left may expire before it is presented."""
# The same in another encoding than UTF-8, or behind a byte order mark.
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32")


def is_unusable(value: Any) -> bool:
    """Say whether `value` is no text, and no usable number of seconds either: none of at least 1."""
    if isinstance(value, str) or value is None:
        return False
    return isinstance(value, bool) or not isinstance(value, int | float) or value < 1


def whole_number(text: str) -> float | None:
    """Return the number that `text` is as a whole, by the most lenient of readings; None if it is none."""
    with suppress(ValueError):
        return float(text)
    with suppress(ValueError):
        return int(text.strip(), 0)
    return None


def effective(seconds: float) -> int:
    """Return the refresh TTL that a request for `seconds` gets, 0 if it is no usable number."""
    return 0 if math.isnan(seconds) else math.floor(max(0, min(seconds, REFRESH_TTL_CAP)))


def _spellings(body: str) -> Mapping[str, bytes]:
    """Return the mint's JSON `body` with each spelling of the field added, by its name."""
    rows = {
        name: f'{body[:-1]}, "{REFRESH_TTL_FIELD}": {text}}}'.encode() for name, text in SPELLINGS.items()
    }
    plain = f'{body[:-1]}, "{REFRESH_TTL_FIELD}": 60}}'
    return rows | {f"60 in {encoding}": plain.encode(encoding) for encoding in ENCODINGS}


def _share(mint: MintEndpoint, rows: Mapping[str, Any], ways: int) -> Iterator[tuple[str, Any]]:
    """Yield the rows for one endpoint where each of them is for every `ways`th one."""
    place = tuple(ENDPOINTS).index(mint.name)
    return (item for number, item in enumerate(rows.items()) if number % ways == place % ways)


class RequestedValues:
    """The mints of the list on one target; each value is requested once from each endpoint.

    `examples` is how many values of each type are generated from `seed`. While `sparing` says so, the list is
    spread over the endpoints.
    """

    def __init__(
        self, token_pairs: TokenPairs, *, examples: int, seed: int, sparing: Callable[[], bool]
    ) -> None:
        self._token_pairs = token_pairs
        self._sparing = sparing
        self._examples = examples
        self._seed = seed
        self._responses: dict[str, Response] = {}

    @property
    def sparing(self) -> bool:
        """Whether few requests are sent: the list is spread over the endpoints."""
        return self._sparing()

    def of_group(self, mint: MintEndpoint, group: str) -> Mapping[str, Any]:
        """Return the values of a group that are requested from `mint`, by their names."""
        rows = {**USABLE, **UNUSABLE, **TEXT}[group]
        everywhere = dict(list(rows.items())[:1]) if group not in OF_NUMBERS else {}
        return everywhere | dict(self._spread(mint, rows))

    def spelled(self, mint: MintEndpoint) -> Iterator[tuple[str, Response]]:
        """Request its spellings from `mint`, and yield each name with the response.

        Each is requested from two endpoints, on a URL from one.
        """
        body = json.dumps(self._token_pairs.own_org.mint_body(mint))
        for name, raw in _share(mint, _spellings(body), len(ENDPOINTS) if self.sparing else 2):
            self._token_pairs.service.transcript.begin_case()
            yield name, self._once(f"{mint} spelled {name}", functools.partial(self._send, mint, raw))

    def for_generated(self, mint: MintEndpoint, judge: Callable[[Any], None]) -> None:
        """Call `judge` with generated values; each type is tried at two endpoints, on a URL at one."""
        ways = len(ENDPOINTS) if self.sparing else len(ENDPOINTS) // 2

        def strategy() -> Any:
            from hypothesis import strategies as st

            return st.tuples(*dict(_share(mint, values_by_type(), ways)).values())

        def case(values: tuple[Any, ...]) -> None:
            for value in values:
                judge(value)

        for_all(strategy, case, examples=self._examples, seed=self._seed, shrink=not self.sparing)

    def response(self, mint: MintEndpoint, value: Any) -> Response:
        """Return the response of `mint` to a request for `value`."""
        own_org, fields = self._token_pairs.own_org, {REFRESH_TTL_FIELD: value}
        self._token_pairs.service.transcript.begin_case()
        return self._once(f"{mint} {json.dumps(value)}", functools.partial(own_org.mint, mint, **fields))

    def require_usable(self, mint: MintEndpoint, pair: Pair, *, sent: str) -> None:
        """Require that the refresh token of a pair from the list can be used at once; it is used once.

        On a URL a pair that is as if no TTL had been requested is left out: ROT-03 is about those.
        """
        if self.sparing and pair.refresh.mark is None:
            return
        clock, refresh = self._token_pairs.service.clock, self._token_pairs.service.refresh
        if not clock.settable and pair.refresh.exp - clock.now() < SHORT_LIVED:
            return
        response = self._once(f"refresh {pair.refresh.text}", functools.partial(refresh, pair.refresh))
        if response.status == 200:
            return
        if refresh(self._token_pairs.fresh(mint).refresh).status != 200:
            raise Blocked("ROT-03", "no refresh token can be used here, whatever TTL was requested")
        requires = "the refresh token can be used at once"
        require_status(response, 200, sent=f"{sent}, then refreshed", requires=requires)

    def _spread(self, mint: MintEndpoint, rows: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        return _share(mint, rows, len(ENDPOINTS) if self.sparing else 1)

    def _send(self, mint: MintEndpoint, body: bytes) -> Response:
        own_org = self._token_pairs.own_org
        return own_org.service.call("POST", mint.path, body=Raw((body,)), key=own_org.key_for(mint))

    def _once(self, key: str, send: Callable[[], Response]) -> Response:
        if key in self._responses:
            self._token_pairs.service.transcript.record(self._responses[key])
        else:
            self._responses[key] = send()
        return self._responses[key]
