"""Token pairs that several clauses use: what was minted or rotated once can be inspected many times."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from contract.harness.client.messages import Pair, Response, pair_of
from contract.harness.client.own_org import OwnOrg
from contract.harness.errors import Blocked, Violation
from contract.harness.spec import MintEndpoint

ENDED_EARLY = ("SES-04", "CLK-01")
"""The clauses that are broken where a session ends that should live: by other sessions, or by time."""
SPARE_TTL = 3600
"""Seconds: enough for any clause that does not move the clock."""


class TokenPairs:
    """The pairs of a run: of each mint, of its rotation, and so on.

    A pair of `pair` and `generation` may be inspected, and its tokens may not be presented for a refresh; a
    clause that does so takes a `fresh` pair or one to `spend`.
    """

    def __init__(self, own_org: OwnOrg) -> None:
        self.own_org = own_org
        self.service = own_org.service
        self._lineages: dict[str, list[Pair]] = {}
        self._spares: dict[str, list[Pair]] = {}

    def pair(self, mint: MintEndpoint, **fields: Any) -> Pair:
        """Return the pair of a mint with `fields`."""
        return self.generation(mint, 0, **fields)

    def fresh(self, mint: MintEndpoint, **fields: Any) -> Pair:
        """Mint a pair that no other clause uses."""
        return self.own_org.pair(mint, **fields)

    def spend(self, mint: MintEndpoint) -> Pair:
        """Return a live pair to refresh: the one kept last, else a fresh one with a TTL of an hour."""
        spares, now = self._spares.get(str(mint), []), self.service.clock.now()
        while spares:
            spare = spares.pop()
            if min(spare.refresh.exp, spare.access.exp) > now and self._lasts(spare):
                self.service.transcript.record(spare.response)
                return spare
        return self.fresh(mint, refreshTokenTtlSeconds=SPARE_TTL)

    def keep(self, mint: MintEndpoint, pair: Pair) -> None:
        """Leave a live pair, whatever its TTL, for the next `spend`."""
        if self._lasts(pair):
            self._spares.setdefault(str(mint), []).append(pair)

    def forget(self, mint: MintEndpoint) -> None:
        """Drop the pair that was kept last: its refresh token was used."""
        if spares := self._spares.get(str(mint)):
            spares.pop()

    def drop(self, subject: str) -> None:
        """Keep no pair of `subject` any longer: its sessions have been ended."""
        for kept in (self._spares, self._lineages):
            for name, pairs in kept.items():
                kept[name] = [pair for pair in pairs if pair.refresh.claims["sub"] != subject]

    def generation(self, mint: MintEndpoint, number: int, **fields: Any) -> Pair:
        """Return the pair after `number` rotations of a mint with `fields`."""
        key = f"{mint} {json.dumps(fields, sort_keys=True)}"
        lineage = self._lineages.get(key, [])
        expired = len(lineage) <= number and lineage and lineage[-1].refresh.exp <= self.service.clock.now()
        if expired or (lineage and not self._lasts(lineage[-1])):
            lineage = []
        if not lineage:
            lineage = self._lineages[key] = [self.own_org.pair(mint, **fields)]
        while len(lineage) <= number:
            response = self.service.refresh(lineage[-1].refresh)
            if response.status != 200:
                lineage = self._lineages[key] = self._new_lineage(mint, len(lineage), fields)
                self._ended_early(response)
            lineage.append(pair_of(response))
        self.service.transcript.show(pair.response for pair in lineage[: number + 1])
        return lineage[number]

    def _new_lineage(self, mint: MintEndpoint, rotations: int, fields: Mapping[str, Any]) -> list[Pair]:
        """Mint and rotate in one go; a `Violation` if a rotation is refused then as well."""
        lineage = [self.fresh(mint, **fields)]
        for _ in range(rotations):
            lineage.append(self.rotate(lineage[-1]))
        return lineage

    def attempt(
        self, mint: MintEndpoint, refresh: Callable[[Pair], Response], *expected: int
    ) -> tuple[Pair, Response]:
        """Do `refresh` with a pair that `spend` gives; return both the pair and the response.

        If the status is not 200 or one of `expected`, it is done again with a new pair, which is returned if
        the response is as bad. If it is not, something else ended the session before: `Blocked`.
        """
        pair = self.spend(mint)
        response = refresh(pair)
        if response.status in (200, *expected):
            return pair, response
        new = self.fresh(mint, refreshTokenTtlSeconds=SPARE_TTL)
        again = refresh(new)
        if again.status in (200, *expected):
            self._ended_early(response)
        return new, again

    def _ended_early(self, response: Response) -> NoReturn:
        raise Blocked(
            ENDED_EARLY,
            f"a session of this run had ended before its refresh ({response.summary}), although nothing "
            "should have ended it; a new session is refreshed without fault",
        )

    def rotate(self, pair: Pair, **fields: Any) -> Pair:
        """Refresh with the refresh token of `pair`; a `Violation` if that does not succeed."""
        return redeemed(self.service.refresh(pair.refresh, **fields))

    def _lasts(self, pair: Pair) -> bool:
        """Say whether the run did not end the session of `pair` to make room for another."""
        return not self.own_org.was_ended(pair)


def redeemed(response: Response) -> Pair:
    """Return the pair of a refresh; a `Violation` if there is none."""
    if response.status != 200:
        raise Violation(f"presented a live refresh token; the contract requires 200; got {response.summary}")
    return pair_of(response)
