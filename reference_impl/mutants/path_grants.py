"""Slips in what a path mint may grant: scopes beyond the paths, and paths that are none."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from reference_impl import paths, scopes
from reference_impl.facts import Endpoint
from reference_impl.mutants import Mutant


class AnyFileScopeIsGranted(Mutant):
    """A path mint grants every scope that its credential holds, whatever the paths."""

    breaks = frozenset({"SEC-05"})

    def scope_is_within(self, scope: str, granted: Collection[str]) -> bool:
        return True


class ABroadScopeNeedsOnePath(Mutant):
    """A scope that is broader than one of the paths is granted, whatever the others are."""

    breaks = frozenset({"SEC-05"})

    def scope_is_within(self, scope: str, granted: Collection[str]) -> bool:
        return any(paths.within(scope, [path]) for path in granted)


class PathsAreComparedAsText(Mutant):
    """A scope is within a path if it begins with the same letters, the last `/*` aside."""

    breaks = frozenset({"SEC-05"})

    def scope_is_within(self, scope: str, granted: Collection[str]) -> bool:
        path = scopes.parse(scope)[3]
        begun = any(path.startswith(each.removesuffix("/*")) for each in granted)
        return super().scope_is_within(scope, granted) or (begun and scope.startswith("relayfile:fs:"))


class NoScopeIsBroaderThanAPath(Mutant):
    """A scope that covers every path is refused like one beside them."""

    breaks = frozenset({"ROT-10"})

    def scope_is_within(self, scope: str, granted: Collection[str]) -> bool:
        path = scopes.parse(scope)[3]
        inside = any(path == each or scopes.below(path, each) for each in granted)
        return inside and super().scope_is_within(scope, granted)


class SubjectsAreCutAt64Characters(Mutant):
    """The subject of a path token is the beginning of its name: two long names may have one."""

    breaks = frozenset({"ROT-07"})

    def subject(self, name: str) -> str:
        return super().subject(name)[:64]


class SubjectsKeepTheirCharacters(Mutant):
    """The subject of a path token is the name as it was sent, behind a prefix."""

    breaks = frozenset({"ROT-07"})

    def subject(self, name: str) -> str:
        return f"agent_{name.removeprefix('agent_')}"


class OnlyTheFirstPathIsStated(Mutant):
    """`meta.paths` names the first of several paths."""

    breaks = frozenset({"ROT-10"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        stated = json.loads(entries.get("paths", "[]"))[:1]
        return {**entries, "paths": json.dumps(stated)} if stated else entries


class PathsMayClimb(Mutant):
    """A path may hold `..`, which a file system follows out of the granted tree."""

    breaks = frozenset({"SEC-05"})

    def path_is_delegable(self, path: object) -> bool:
        return super().path_is_delegable(str(path).replace("/../", "/up/"))


class PathsOfMetaEndAtEight(Mutant):
    """`meta.paths` names eight paths at most."""

    breaks = frozenset({"ROT-10"})

    def own_meta(self, endpoint: Endpoint, entries: Mapping[str, str]) -> Mapping[str, Any]:
        stated = json.loads(entries.get("paths", "[]"))[:8]
        return {**entries, "paths": json.dumps(stated)} if stated else entries


class DotsMayStandAnywhere(Mutant):
    """A path may have `.` for any of its segments but the first."""

    breaks = frozenset({"SEC-05"})

    def path_is_delegable(self, path: object) -> bool:
        return super().path_is_delegable(str(path).replace("/./", "/dot/"))


class AStarMayStandAnywhere(Mutant):
    """A path may have a `*` for any of its segments."""

    breaks = frozenset({"SEC-05"})

    def path_is_delegable(self, path: object) -> bool:
        return super().path_is_delegable(str(path).replace("/*/", "/star/"))
