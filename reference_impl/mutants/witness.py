"""A witness: rules that decide as the contract says, and note which mutants would have decided otherwise."""

import copy
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from reference_impl.mutants import Mutant, mutants
from reference_impl.rules import Rules

Decision = Callable[..., Any]
_FIXED = frozenset({str, bytes, int, float, bool, type(None)})


def witness(noticed: set[str]) -> Rules:
    """Return the unbroken rules; the names of mutants that differ at any decision are added to `noticed`.

    A mutant that never differs while a question is asked answers that question as the reference does.
    """
    dissenters: dict[str, dict[str, Decision]] = defaultdict(dict)
    for name, mutant in mutants().items():
        decision = overridden(mutant)
        dissenters[decision][name] = getattr(mutant(), decision)
    ours = {decision: _watched(decision, others, noticed) for decision, others in dissenters.items()}
    watching: Rules = type("Witness", (Rules,), ours)()
    return watching


def overridden(mutant: type[Mutant]) -> str:
    """Return the name of the one decision that `mutant` or a base of it overrides."""
    (decision,) = (
        name
        for name in dir(Rules)
        if not name.startswith("__") and getattr(mutant, name) is not getattr(Rules, name)
    )
    return decision


def _watched(decision: str, others: Mapping[str, Decision], noticed: set[str]) -> Decision:
    right: Decision = getattr(Rules, decision)

    def decide(rules: Rules, *args: Any, **named: Any) -> Any:
        waiting = [name for name in others if name not in noticed]
        theirs, lent = {}, _lent(args, named) if waiting else ((), {})
        for name in waiting:
            theirs[name] = _outcome(others[name], *lent)
            if lent != (args, named):  # A mutant may change what it is given.
                lent = _lent(args, named)
        found = right(rules, *args, **named)
        noticed.update(name for name in waiting if theirs[name] != _comparable(found))
        return found

    return decide


def _lent(args: Any, named: Any) -> Any:
    """Return copies that a mutant may change."""
    return _copied(args), _copied(named)


def _copied(value: Any) -> Any:
    """Return a deep copy; what can't be changed is the same object.

    `copy.deepcopy` would take longer than all decisions together, and copies no key of cryptography 43.
    """
    kind = type(value)
    if kind in _FIXED:
        return value
    if kind is dict:
        return {name: _copied(each) for name, each in value.items()}
    if kind is list or kind is tuple:
        return kind([_copied(each) for each in value])
    if dataclasses.is_dataclass(value):
        found = object.__new__(kind)
        vars(found).update(_copied(vars(value)))
        return found
    return value if isinstance(value, RSAPublicKey) else copy.deepcopy(value)


def _outcome(decision: Decision, args: Any, named: Any) -> Any:
    """Return what a decision comes to; an error that it raises is one too."""
    try:
        return _comparable(decision(*args, **named))
    except Exception as error:  # noqa: BLE001 - a mutant may raise anything
        return "raised", _comparable(error)


def _comparable(found: Any) -> Any:
    """Return what can be compared: two refusals are equal if they say the same."""
    return (type(found), found.args, vars(found)) if isinstance(found, Exception) else found
