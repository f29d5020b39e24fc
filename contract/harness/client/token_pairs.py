"""Pairs that serve several clauses: what was minted or rotated once may be inspected many times."""

import json
from typing import Any

from contract.harness.client.messages import Pair, Response, pair_of
from contract.harness.client.own_org import OwnOrg
from contract.harness.errors import Violation
from contract.harness.spec import MintEndpoint

SPARE_TTL = 3600  # seconds: enough for any clause that does not move the clock


class TokenPairs:
    """A store of lineages: the pair of a mint, the pair of its rotation, and so on.

    What it hands out may be inspected but not redeemed; a clause that spends tokens takes a `fresh` pair.
    """

    def __init__(self, own_org: OwnOrg) -> None:
        self.own_org = own_org
        self.service = own_org.service
        self._lineages: dict[str, list[Pair]] = {}
        self._spares: dict[str, list[Pair]] = {}

    def pair(self, mint: MintEndpoint, **fields: Any) -> Pair:
        """Return the pair that `mint` gave when asked with `fields`."""
        return self.generation(mint, 0, **fields)

    def fresh(self, mint: MintEndpoint, **fields: Any) -> Pair:
        """Mint a pair that nobody else has seen, to be spent."""
        return self.own_org.pair(mint, **fields)

    def spend(self, mint: MintEndpoint) -> Pair:
        """Return a live pair to be spent: the one kept last, else a fresh one that asks for an hour."""
        spares, now = self._spares.get(str(mint), []), self.service.clock.now()
        while spares:
            spare = spares.pop()
            if min(spare.refresh.exp, spare.access.exp) > now:
                self.service.transcript.record(spare.response)
                return spare
        return self.fresh(mint, refreshTokenTtlSeconds=SPARE_TTL)

    def keep(self, mint: MintEndpoint, pair: Pair) -> None:
        """Leave a live pair, whatever its TTL and mark, for the next that `spend`s."""
        self._spares.setdefault(str(mint), []).append(pair)

    def forget(self, mint: MintEndpoint) -> None:
        """Drop the pair that was kept last: it turned out to be spent."""
        self._spares[str(mint)].pop()

    def generation(self, mint: MintEndpoint, number: int, **fields: Any) -> Pair:
        """Return the pair after `number` rotations of a mint with `fields`."""
        key = f"{mint} {json.dumps(fields, sort_keys=True)}"
        lineage = self._lineages.get(key, [])
        if len(lineage) <= number and lineage and lineage[-1].refresh.exp <= self.service.clock.now():
            lineage = []
        if not lineage:
            lineage = self._lineages[key] = [self.own_org.pair(mint, **fields)]
        while len(lineage) <= number:
            lineage.append(self.rotate(lineage[-1]))
        self.service.transcript.show(pair.response for pair in lineage[: number + 1])
        return lineage[number]

    def rotate(self, pair: Pair, **fields: Any) -> Pair:
        """Redeem the refresh token of `pair`; a `Violation` if that does not succeed."""
        return redeemed(self.service.refresh(pair.refresh, **fields))


def redeemed(response: Response) -> Pair:
    """Read the pair of a refresh; a `Violation` if there is none."""
    if response.status != 200:
        raise Violation(
            f"presented a live refresh token; the contract says 200; it answered {response.summary}"
        )
    return pair_of(response)
