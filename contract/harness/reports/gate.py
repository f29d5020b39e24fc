"""Whether results are good enough to merge or deploy, with a sentence for each reason why not."""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.harness.errors import UsageError
from contract.harness.reports.outcomes import having, heading
from contract.harness.reports.text import clip, one_line

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCKS_APART = timedelta(minutes=5)
"""How far a result may be from the future: two machines' clocks differ."""
_MOST_NAMED = 5
_MOST_TEXT = 300


@dataclass(frozen=True)
class Conditions:
    """What is demanded beside the verdict; what is None or empty is not.

    `contract` is 64 hex digits; `require` are globs of clauses, such as `TTL-*`, each of which must have been
    tried wherever it was chosen, in at least one of the results.
    """

    max_age: timedelta | None = None
    contract: str | None = None
    require: tuple[str, ...] = ()
    commit: str | None = None


def age(text: str) -> timedelta:
    """Return the time span that `24h`, `90m`, `7d` says; `UsageError` for anything else."""
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    if not found:
        raise UsageError(f"{text!r} is no time span: write a number and s, m, h, d or w, such as 24h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def digest(text: str) -> str:
    """Return the hex digits of `sha256:...`; `UsageError` for anything else."""
    hex_digits = text.lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{64}", hex_digits):
        raise UsageError(
            f"{text!r} is no digest of a contract: write sha256: and 64 hex digits, "
            "which `relayauth-contract clauses` and every result name"
        )
    return hex_digits


def reasons(results: Mapping[str, Mapping[str, Any]], conditions: Conditions, now: datetime) -> list[str]:
    """Return why `results`, by file name, are not good enough at `now` (aware); an empty list: they are."""
    if not results:
        return ["No result was given."]
    found = [why for name, result in results.items() for why in _of_one(name, result, conditions, now)]
    return [*found, *_untried(results, conditions.require)]


def _of_one(name: str, result: Mapping[str, Any], conditions: Conditions, now: datetime) -> Iterator[str]:
    yield from _judged(name, result)
    started = datetime.fromisoformat(result["started"])
    old = now - started
    if old < -_CLOCKS_APART:
        yield f"{name}: says that it was made in the future ({result['started']})."
    elif conditions.max_age is not None and old > conditions.max_age:
        yield f"{name}: is {_span(old)} old, and at most {_span(conditions.max_age)} are allowed."
    checked = result["contract"]["sha256"]
    if conditions.contract is not None and checked != conditions.contract:
        wanted = conditions.contract[:12]
        version = one_line(result["contract"]["version"])
        yield f"{name}: was checked against contract {version} (sha256:{checked[:12]}), not sha256:{wanted}."
    if conditions.commit is not None and result["commit"] != conditions.commit:
        tested = one_line(result["commit"]) if result["commit"] else "no commit"
        yield f"{name}: names {tested}, not commit {one_line(conditions.commit)}."
    yield from _expired(name, result, now)


def _judged(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the verdict has against a result; a verdict is made again from what it stands on."""
    if not result["targets"] and "proof" not in result:
        yield f"{name}: holds no target."
    if result["interrupted"]:
        yield f"{name}: the run was interrupted."
    if result.get("proof") and not result["proof"]["stands"]:
        yield f"{name}: the proof does not stand."
    for target in result["targets"]:
        musts = [row for row in target["results"] if row["level"] == "must"]
        failed, errors = having(musts, "fail"), having(musts, "error")
        who = f"{name}: {clip(one_line(target['name']), _MOST_TEXT)}"
        if failed:
            yield f"{who} does not conform: {_listed([heading(row) for row in failed])} failed."
        elif target["problem"]:
            yield f"{who} could not be judged: {clip(one_line(target['problem']), _MOST_TEXT)}"
        elif errors:
            yield f"{who} has no verdict: {_listed([heading(row) for row in errors])} ended in an error."
        elif not having(musts, "pass"):
            yield f"{who} has no verdict: no must passed."
        elif target["verdict"] != "holds":
            yield f"{who}: {clip(one_line(target['sentence']), _MOST_TEXT)}"


def _expired(name: str, result: Mapping[str, Any], now: datetime) -> Iterator[str]:
    today = now.astimezone(UTC).date().isoformat()
    for target in result["targets"]:
        for row in having(target["results"], "known"):
            until = (row.get("known") or {}).get("until")
            if until and until[:10] < today:
                yield f"{name}: the known failure {heading(row)} was accepted until {until[:10]} alone."


def _untried(results: Mapping[str, Mapping[str, Any]], globs: Sequence[str]) -> Iterator[str]:
    """Yield each required clause that no result has tried: what one target lacks another one may offer."""
    rows = [row for result in results.values() for target in result["targets"] for row in target["results"]]
    for glob in globs:
        asked = [row for row in rows if fnmatch.fnmatchcase(row["clause"], glob)]
        tried = {heading(row) for row in having(asked, "pass", "fail", "known")}
        missing = list(dict.fromkeys(heading(row) for row in asked if heading(row) not in tried))
        if not asked:
            yield f"No result says anything of {one_line(glob)}, which is required."
        elif missing:
            yield f"{_listed(missing)}: required by {one_line(glob)}, and tried in no result."


def _listed(named: Sequence[str]) -> str:
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return ", ".join(named[:_MOST_NAMED]) + more


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 1:
        return f"{span.total_seconds() / 60:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"
