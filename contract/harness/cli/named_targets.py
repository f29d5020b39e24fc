"""From the words of a command line to targets: named ones from the target file, others as they are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.harness.errors import UsageError

if TYPE_CHECKING:
    from contract.harness.targets import Target

DEFAULT_KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"


def targets_of(
    names: Sequence[str],
    config: str | None,
    access: dict[str, Any] | None = None,
    launching: dict[str, Any] | None = None,
) -> "list[Target]":
    """Return the targets that `names` stand for: named ones from the target file, others as they are."""
    from contract.harness.cli import configuration as targetfile
    from contract.harness.targets import Launching, Target, access_from

    file = Path(config) if config else targetfile.find(Path.cwd())
    rows = targetfile.read(file) if file else {}
    found: list[Target] = []
    for name in dict.fromkeys(names):
        if file and name in rows:
            _not_twice(name, file, {**(access or {}), **(launching or {})})
            found.append(targetfile.target(name, rows[name], file.parent))
            continue
        if ":" not in name and name != "reference":
            known = (
                f"{file} names {', '.join(rows) or 'no target'}" if file else "there is no target file here"
            )
            raise UsageError(f"{name!r} is no target: {known}; or write one such as https://HOST")
        given = {key: value for key, value in (launching or {}).items() if value}
        given["env"] = _variables(given.get("env", ()))
        found.append(Target(name, name, access_from(**(access or {})), Launching(**given)))
    # One target's credentials are none of another's business, be it on session today or not.
    rows_name = {row.get(key) for row in rows.values() for key in ("api-key-env", "second-api-key-env")}
    held = {
        each for target in found for each in (target.access.api_key_env, target.access.second_api_key_env)
    }
    withheld = frozenset(filter(None, rows_name | held))
    return [replace(each, launching=replace(each.launching, withheld=withheld)) for each in found]


def _not_twice(name: str, file: Path, options: dict[str, Any]) -> None:
    """Refuse an option that would be ignored: a named target is described in its file."""
    usual = {None, (), False, DEFAULT_KEY_VARIABLE}
    for option, value in options.items():
        if value not in usual:
            raise UsageError(f"--{option.replace('_', '-')}: {name} is described in {file}: say it there")


def _variables(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word[1:]:
            raise UsageError(f"--env {word}: write NAME=VALUE")
    return dict(word.split("=", 1) for word in words)
