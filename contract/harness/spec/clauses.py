"""The catalogue: what the contract says, clause by clause, read from `clauses.toml`."""

import fnmatch
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.harness.errors import UsageError
from contract.harness.spec.endpoints import ENDPOINTS, GROUPS

Level = Literal["must", "should"]
Profile = Literal["core", "full"]
CAPABILITIES = ("clock", "key", "env", "orgs")
_FILE = Path(__file__).parents[2] / "clauses.toml"


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the contract.

    `endpoints` are the mint endpoints that it is tested on, empty where it is about the service as a whole;
    `shapes` says with which body shapes: the usual one of each endpoint, or all of them. `needs` are the
    capabilities of a target without which it can't be tested.
    """

    id: str
    level: Level
    title: str
    text: str
    source: str
    endpoints: tuple[str, ...] = ()
    shapes: Literal["usual", "all"] = "usual"
    needs: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """The id's prefix, which is also the name of the chapter's file: `TTL` of `TTL-02`."""
        return self.id.partition("-")[0]


@dataclass(frozen=True)
class Catalogue:
    """The whole contract: its version, its digest, the rotation model it stands on, and its clauses by id."""

    version: str
    sha256: str
    rotation_model: str
    chapters: Mapping[str, str]
    profiles: Mapping[str, tuple[str, ...]]
    clauses: Mapping[str, Clause]

    def __getitem__(self, clause_id: str) -> Clause:
        try:
            return self.clauses[clause_id]
        except KeyError:
            raise UsageError(
                f"there is no clause {clause_id!r}: `relayauth-contract clauses` lists them"
            ) from None

    def select(
        self, patterns: Iterable[str], level: Level | None = None, profile: Profile = "full"
    ) -> tuple[str, ...]:
        """Return the ids of `profile` that match any of `patterns` (all, if there are none) and have `level`.

        Raises `UsageError` for a pattern that matches nothing: a misspelt gate must not pass in silence.
        """
        chosen: set[str] = set()
        patterns = tuple(patterns) or ("*",)
        for pattern in patterns:
            matching = fnmatch.filter(self.clauses, pattern.upper())
            if not matching:
                raise UsageError(
                    f"--clause {pattern!r} matches no clause: `relayauth-contract clauses` lists them"
                )
            chosen.update(matching)
        chapters = self.profiles[profile]
        return tuple(
            each.id
            for each in self.clauses.values()
            if each.id in chosen and level in (None, each.level) and each.chapter in chapters
        )


@functools.cache
def catalogue() -> Catalogue:
    """Read the catalogue once."""
    import hashlib  # Here: `--help` reads no catalogue.
    import tomllib

    raw = _FILE.read_bytes()
    table = tomllib.loads(raw.decode())
    head = table.pop("contract")
    return Catalogue(
        version=head["version"],
        sha256=hashlib.sha256(raw).hexdigest(),
        rotation_model=head["rotation_model"],
        chapters=head["chapters"],
        profiles={name: tuple(chapters) for name, chapters in head["profiles"].items()},
        clauses={name: _clause(name, row) for name, row in table.items()},
    )


def _clause(name: str, row: dict[str, object]) -> Clause:
    """Read one row; `endpoints` is a word of `GROUPS`, or a list of names."""
    fields = {
        key: tuple(value) if isinstance(value, list) else " ".join(str(value).split())
        for key, value in row.items()
    }
    if isinstance(group := fields.get("endpoints"), str):
        fields["endpoints"] = GROUPS.get(group, (group,))
    clause = Clause(id=name, **fields)  # type: ignore[arg-type]
    unknown = set(clause.endpoints) - set(ENDPOINTS) | set(clause.needs) - set(CAPABILITIES)
    if unknown or clause.level not in ("must", "should") or clause.shapes not in ("usual", "all"):
        raise ValueError(f"clauses.toml: {name} has an unknown value: {unknown or clause}")
    return clause
