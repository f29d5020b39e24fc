"""A command whose options may also come from the configuration file, for every run or by a profile's name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from contract.harness.cli.options import PATHS, Command, key_of
from contract.harness.errors import UsageError

STANDARD_OUTPUT = "-"


class ConfiguredCommand(Command):
    """Takes what is not typed from [profiles.NAME], then from [check]; it counts as if it were typed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Fill in the options, and run."""
        from contract.harness.cli import configuration

        given = ctx.params["config"]
        file = Path(given) if given else configuration.find_here()
        found = configuration.load(file) if file else None
        values, profile = _chosen(ctx.params["profile"], found)
        if found:
            ctx.params.update(self._values(ctx, values, found.folder))
        ctx.params["profile"] = profile if profile else values.get("profile", "full")
        return super().invoke(ctx)

    def _values(self, ctx: click.Context, values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """Return the values of the options that were not typed."""
        taken: dict[str, Any] = {}
        for parameter in self.params:
            name = str(parameter.name)
            typed = ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)
            typed = typed and ctx.params[name] != ()  # click before 8.3 calls no arguments at all typed
            if key_of(name) in values and not typed and name != "profile":
                taken[name] = parameter.type_cast_value(ctx, _as_typed(name, values[key_of(name)], folder))
        if ctx.params["more_targets"]:
            taken.pop("targets", None)
        if ctx.params["quiet"] or ctx.params["verbose"]:
            taken = {name: value for name, value in taken.items() if name not in ("quiet", "verbose")}
        return taken


def _chosen(profile: str | None, found: Any) -> tuple[Mapping[str, Any], str]:
    """Return the options of the file for `profile`, and the contract's own profile if that was named."""
    from contract.harness.cli.configuration import BUILT_IN_PROFILES

    base: Mapping[str, Any] = found.check if found else {}
    if profile is None or profile in BUILT_IN_PROFILES:
        return base, profile or ""
    if found and profile in found.profiles:
        return {**base, **found.profiles[profile]}, ""
    names = ", ".join((*BUILT_IN_PROFILES, *(found.profiles if found else ())))
    file = found.file if found else "a configuration file"
    raise UsageError(f"--profile {profile}: write one of {names}; or add [profiles.{profile}] to {file}")


def _as_typed(name: str, value: Any, folder: Path) -> Any:
    """Return a value of the file in the form in which it is typed."""
    if name in PATHS and value != STANDARD_OUTPUT:
        return str(folder / value)
    if isinstance(value, Mapping):
        return [f"{key}={text}" for key, text in value.items()]
    return value
