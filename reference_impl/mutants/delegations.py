"""Mutants in how `delegationNotAfter` is read, and in what bodies without a name are given."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reference_impl.facts import Endpoint, Rotation
from reference_impl.mutants import Mutant


class OffsetIsIgnored(Mutant):
    """The offset of a time is read over, as if it were UTC."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        local = isinstance(asked, str) and asked[-6:-5] in ("+", "-")
        return super().horizon(f"{asked[:-6]}Z" if local else asked)


class OffsetIsTakenTheOtherWay(Mutant):
    """The offset of a time is added where it should be taken away."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        if isinstance(asked, str) and asked[-6:-5] in ("+", "-"):
            asked = asked[:-6] + asked[-6:].translate(str.maketrans("+-", "-+"))
        return super().horizon(asked)


class MinutesOfAnOffsetHaveNoSign(Mutant):
    """The minutes of an offset are taken for minutes east of UTC, whatever its sign."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        horizon = super().horizon(asked)
        west = isinstance(asked, str) and asked[-6:-5] == "-"
        return horizon - 120 * int(asked[-2:]) if west and horizon is not None else horizon


class OnlyUtcIsRead(Mutant):
    """A time with an offset is refused."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        return super().horizon(asked) if not isinstance(asked, str) or asked.endswith("Z") else None


class OnlyNumbersAreRead(Mutant):
    """A time in ISO 8601 is refused."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        return None if isinstance(asked, str) else super().horizon(asked)


class EpochIsReadAsMilliseconds(Mutant):
    """Epoch seconds are taken for milliseconds, and lie long ago."""

    breaks = frozenset({"CLK-04", "ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        moment = super().horizon(asked)
        return moment if moment is None or isinstance(asked, str) else moment / 1000


class TimesAreCutToTheMinute(Mutant):
    """A time in ISO 8601 is cut to whole minutes."""

    breaks = frozenset({"ROT-09"})

    def horizon(self, asked: Any) -> float | None:
        if not isinstance(asked, str):
            return super().horizon(asked)
        return datetime.fromisoformat(asked).replace(second=0, microsecond=0).timestamp() - 60


class NamedAgentsForgetTheTtl(Mutant):
    """A path mint that names an agent does not read refreshTokenTtlSeconds."""

    breaks = frozenset({"META-01", "ROT-01", "ROT-02", "ROT-09"})

    def asked_ttl(self, endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
        return None if "agentName" in body else super().asked_ttl(endpoint, body)


class PathSessionsOfAnIdentityShrink(Mutant):
    """A path session whose agentId names an identity shrinks to 24 h at its first rotation."""

    breaks = frozenset({"ROT-01", "ROT-02", "ROT-04", "ROT-05", "ROT-09"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        of_identity = rotation.named is not None and rotation.grant.identity is None
        return None if of_identity else super().rotated_ttl(rotation)


class PathSessionsOfNobodyShrink(Mutant):
    """A session whose subject is no identity shrinks to 24 h at its first rotation."""

    breaks = frozenset({"CLK-02", "CLK-03", "ROT-01", "ROT-02", "ROT-04", "ROT-05", "ROT-09"})

    def rotated_ttl(self, rotation: Rotation) -> int | None:
        return None if rotation.named is None else super().rotated_ttl(rotation)
