"""Faults that show when a session was rotated several times."""

from collections.abc import Mapping
from typing import Any

from reference_impl.facts import Kind, Rotation
from reference_impl.mutants import Mutant

LATE = 4
"""The first rotation that goes wrong: a test of two or three finds nothing."""


class PrefixIsLostAtTheFourthRotation(Mutant):
    """A token of a delegated class is a plain one from the fourth rotation on."""

    breaks = frozenset({"ROT-08"})

    def rotated_prefix(self, rotation: Rotation) -> str:
        return "" if rotation.number >= LATE else super().rotated_prefix(rotation)


class HorizonIsForgottenAtTheFourthRotation(Mutant):
    """The end of a delegation counts for three rotations."""

    breaks = frozenset({"ROT-09"})

    def rotated_within_horizon(self, rotation: Rotation, exp: int) -> int:
        return exp if rotation.number >= LATE else super().rotated_within_horizon(rotation, exp)


class OwnMetaIsLostAtTheFourthRotation(Mutant):
    """The endpoint's own entries of meta are there for three rotations."""

    breaks = frozenset({"ROT-07"})

    def rotated_meta(self, rotation: Rotation, kind: Kind) -> Mapping[str, Any]:
        return {} if rotation.number >= LATE else super().rotated_meta(rotation, kind)


class ParentIsLostAtTheFourthRotation(Mutant):
    """The parent token is named for three rotations."""

    breaks = frozenset({"ROT-07"})

    def rotated_parent(self, rotation: Rotation) -> str | None:
        return None if rotation.number >= LATE else super().rotated_parent(rotation)
