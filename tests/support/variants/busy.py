"""Servers that turn requests away: losers of a race, more than a limit, and all in a storm."""

import asyncio
import time
from collections import deque
from typing import Any

from tests.support.deployments import App, Scope
from tests.support.variants.around import IDENTITIES, REFRESH, Wall, told

_PRESSURE = {
    "error": "storage_overloaded",
    "code": "storage_overloaded",
    "retryable": True,
    "operation": "write",
    "requestId": "r-1",
}


class LosersGet(Wall):
    """A refresh of a token whose refresh is under way gets this answer, and counts for nothing."""

    answer: tuple[int, dict[str, str], bytes]

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._under_way: set[bytes] = set()

    async def within(self, scope: Scope, request: Any) -> tuple[int, dict[str, str], bytes]:
        if scope["path"] != REFRESH:
            return await super().within(scope, request)
        presented = request.get("body", b"")
        if presented in self._under_way:
            return self.answer
        self._under_way.add(presented)
        try:
            await asyncio.sleep(0)
            return await super().within(scope, request)
        finally:
            self._under_way.discard(presented)


class LosersGet409(LosersGet):
    """With 409."""

    answer = told(409, {"error": "conflict", "code": "conflict"})


class LosersGet429(LosersGet):
    """With 429, and a time to come again."""

    answer = told(429, {"error": "rate_limited", "code": "rate_limited"}, retry_after="1")


class LosersGet503(LosersGet):
    """With 503, and a time to come again."""

    answer = told(503, _PRESSURE, retry_after="1", cache_control="no-store")


class LimitsRefreshes(Wall):
    """At most 30 refreshes in a second of its own clock, which stands still between two steps."""

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self._taken: deque[float] = deque(maxlen=30)

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if scope["path"] != REFRESH:
            return None
        if len(self._taken) < 30 or time.time() >= self._taken[0] + 1:
            self._taken.append(time.time())
            return None
        return told(429, {"error": "rate_limited", "code": "rate_limited"}, retry_after="1")


class LimitsIdentities(Wall):
    """Ten identities can be made; more can be when a minute is over."""

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if (scope["method"], scope["path"]) != ("POST", IDENTITIES) or self.seen[scope["path"]] <= 10:
            return None
        return told(429, {"error": "rate_limited", "code": "rate_limited"}, retry_after="61")


class StorageStorms(Wall):
    """Every 25th request finds the storage overloaded, whatever it asks for."""

    def refusal(self, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        if scope["path"] == "/health" or self.seen.total() % 25:
            return None
        return told(503, _PRESSURE, retry_after="1", cache_control="no-store")
