"""What one process of several found out about a target, besides what its cases showed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.harness.client import Response


@dataclass(frozen=True)
class Opened:
    """What is known of a target once it was open."""

    kind: str
    capabilities: tuple[str, ...]
    missing: Mapping[str, str]
    fingerprint: Mapping[str, Any] | None


@dataclass(frozen=True)
class Part:
    """What one process of several found out about a target, besides its cases.

    `exchanges` are the first responses of each kind, of `number` in all; None if none were kept.
    """

    opened: Opened | None
    problem: str | None
    requests: int
    leftovers: tuple[str, ...]
    refusals: tuple[Response, ...]
    exchanges: tuple[Response, ...] | None
    number: int
