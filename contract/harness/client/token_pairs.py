"""Token pairs that several clauses use: what was minted or rotated once can be inspected many times."""

import json
from typing import Any

from contract.harness.client.messages import Pair, Response, pair_of
from contract.harness.client.own_org import OwnOrg
from contract.harness.errors import Violation
from contract.harness.spec import MintEndpoint

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
                self.service.transcript.append(spare.response)
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
            lineage.append(self.rotate(lineage[-1]))
        self.service.transcript[:] = [pair.response for pair in lineage[: number + 1]]
        return lineage[number]

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
