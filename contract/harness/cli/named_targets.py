"""From the words of a command line to targets: named ones come from the target file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.harness.cli.options import DEFAULT_KEY_VARIABLE, FLAGS, Opening, key_of
from contract.harness.errors import UsageError

if TYPE_CHECKING:
    from contract.harness.targets import Target


def targets_of(names: Sequence[str], opening: Opening, *, polite: bool = False) -> "list[Target]":
    """Return the targets that `names` stand for; `polite` bounds the pace of every URL among them."""
    from contract.harness.cli import configuration
    from contract.harness.targets import Launching, Target, access_from

    file = Path(opening.config) if opening.config else configuration.find_here()
    rows = configuration.read(file) if file else {}
    found: list[Target] = []
    for name in dict.fromkeys(names):
        if file and name in rows:
            _refuse_options(name, file, {**opening.access, **opening.launching})
            found.append(configuration.target(name, rows[name], file.parent, polite=polite))
            continue
        if ":" not in name and name != "reference":
            known = f"{file} names {', '.join(rows) or 'none'}" if file else "no target file was found"
            raise UsageError(
                f"{name!r} is not a target: {known}; write a target such as https://HOST or exec:COMMAND, "
                "or give the file that names it with --config FILE"
            )
        given = {key: value for key, value in opening.launching.items() if value}
        given["env"] = _variables(given.get("env", ()))
        found.append(Target(name, name, access_from(**opening.access, polite=polite), Launching(**given)))
    return _with_credentials_withheld(found, rows)


def names_of_targets(opening: Opening) -> list[str]:
    """Return the names that the target file gives."""
    from contract.harness.cli import configuration

    file = Path(opening.config) if opening.config else configuration.find_here()
    return [*configuration.read(file)] if file else []


def _with_credentials_withheld(
    targets: "Sequence[Target]", rows: Mapping[str, Mapping[str, Any]]
) -> "list[Target]":
    """Keep every variable that holds a credential of some target from each server that is started."""
    in_file = {row.get(key) for row in rows.values() for key in ("api-key-env", "second-api-key-env")}
    in_use = {
        each for target in targets for each in (target.access.api_key_env, target.access.second_api_key_env)
    }
    withheld = frozenset(filter(None, in_file | in_use))
    return [replace(each, launching=replace(each.launching, withheld=withheld)) for each in targets]


def _refuse_options(name: str, file: Path, options: Mapping[str, Any]) -> None:
    """Refuse an option that would be ignored: a named target is described in its file."""
    for option, value in options.items():
        if value not in (None, (), False, DEFAULT_KEY_VARIABLE):
            key = key_of(option)
            raise UsageError(
                f"{FLAGS[option]}: the target {name!r} is described in {file}: "
                f"leave the option out, and set `{key}` in [targets.{name}] there"
            )


def _variables(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word[1:]:
            raise UsageError(f"--env {word}: write NAME=VALUE")
    return dict(word.split("=", 1) for word in words)
