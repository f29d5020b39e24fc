"""Faults in what a scope covers when a credential hands it on (wire.md, Scopes)."""

from reference_impl.facts import Principal
from reference_impl.mutants import Mutant
from reference_impl.scopes import permitted


class AStarIsWithinAnyPath(Mutant):
    """A requested path of `*`, or none, is covered by every granted path."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        kind = scope.removesuffix(":*")
        whole = kind.count(":") == 2 and any(each.startswith(f"{kind}:") for each in principal.scopes)
        return whole or super().may_hand_out(principal, scope)


class AGrantWithoutAPathCoversNone(Mutant):
    """A granted scope that has no path covers no scope that has one."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        grants = [each for each in principal.scopes if each.count(":") > 2 or each == scope]
        return permitted(grants, scope)


class SubtreesEndAfterThreeSegments(Mutant):
    """A path of more than three segments lies below no other one."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        return scope.count("/") <= 4 and super().may_hand_out(principal, scope)


class PathsIgnoreCapitals(Mutant):
    """Paths are compared in lower case."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        return permitted([each.lower() for each in principal.scopes], scope.lower())


class ManagingGrantsEveryAction(Mutant):
    """Who may manage may hand out the action `*`."""

    breaks = frozenset({"SEC-05"})

    def may_hand_out(self, principal: Principal, scope: str) -> bool:
        return super().may_hand_out(principal, scope) or permitted(
            principal.scopes, scope.replace(":*:", ":manage:")
        )
