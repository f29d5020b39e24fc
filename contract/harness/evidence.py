"""Pairs that serve several clauses: what was minted or rotated once may be inspected many times."""

import json
from typing import Any

from contract.harness.errors import Violation
from contract.harness.exchanges import Answer, Pair, pair_of
from contract.harness.mints import Mint
from contract.harness.tenancy import Tenant


class Evidence:
    """A store of lineages: the pair of a mint, the pair of its rotation, and so on.

    What it hands out may be inspected but not redeemed; a clause that spends tokens takes a `fresh` pair.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.service = tenant.service
        self._lineages: dict[str, list[Pair]] = {}
        self._spares: dict[str, list[Pair]] = {}

    def pair(self, mint: Mint, **fields: Any) -> Pair:
        """Return the pair that `mint` gave when asked with `fields`."""
        return self.generation(mint, 0, **fields)

    def fresh(self, mint: Mint, **fields: Any) -> Pair:
        """Mint a pair that nobody else has seen, to be spent."""
        return self.tenant.pair(mint, **fields)

    def spend(self, mint: Mint) -> Pair:
        """Return a live pair to be spent: the one kept last, else a fresh one that asks for an hour."""
        spares, now = self._spares.get(mint.name, []), self.service.clock.now()
        while spares:
            spare = spares.pop()
            if min(spare.refresh.exp, spare.access.exp) > now:
                self.service.trail.append(spare.answer)
                return spare
        return self.fresh(mint, refreshTokenTtlSeconds=3600)

    def keep(self, mint: Mint, pair: Pair) -> None:
        """Leave a live pair, whatever its TTL and mark, for the next that `spend`s."""
        self._spares.setdefault(mint.name, []).append(pair)

    def forget(self, mint: Mint) -> None:
        """Drop the pair that was kept last: it turned out to be spent."""
        self._spares[mint.name].pop()

    def generation(self, mint: Mint, number: int, **fields: Any) -> Pair:
        """Return the pair after `number` rotations of a mint with `fields`."""
        key = f"{mint.name} {json.dumps(fields, sort_keys=True)}"
        lineage = self._lineages.get(key, [])
        if len(lineage) <= number and lineage and lineage[-1].refresh.exp <= self.service.clock.now():
            lineage = []
        if not lineage:
            lineage = self._lineages[key] = [self.tenant.pair(mint, **fields)]
        while len(lineage) <= number:
            lineage.append(self.rotate(lineage[-1]))
        self.service.trail[:] = [pair.answer for pair in lineage[: number + 1]]
        return lineage[number]

    def rotate(self, pair: Pair, **fields: Any) -> Pair:
        """Redeem the refresh token of `pair`; a `Violation` if that does not succeed."""
        return redeemed(self.service.refresh(pair.refresh, **fields))


def redeemed(answer: Answer) -> Pair:
    """Read the pair of a refresh; a `Violation` if there is none."""
    if answer.status != 200:
        raise Violation(f"presented a live refresh token; the contract says 200; it answered {answer.told}")
    return pair_of(answer)
