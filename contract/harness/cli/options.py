"""The options that several commands share, and help that shows options in sections."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from contract.harness.cli.completions import paths
from contract.harness.reports.formats import FORMATS
from contract.harness.spec import routes

DEFAULT_KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"
SECOND_KEY_VARIABLE = "RELAYAUTH_CONTRACT_SECOND_API_KEY"  # what `start` calls the key of another org
PATHS = (*(row.name for row in FORMATS), "baseline", "signing_key", "cacert", "cwd")
"""The options whose value is a path: in the configuration file it is relative to that file."""
_KEYS = {"any_host": "i-may-test-this-host"}
_F = TypeVar("_F", bound=Callable[..., Any])


_PATH_KINDS = {"FILE": "file", "DIR": "dir"}


def key_of(name: str) -> str:
    """Return what the configuration file calls the option with this name."""
    return _KEYS.get(name, name.replace("_", "-"))


class _Option(click.Option):
    """An option that the help shows under `section`."""

    def __init__(self, *args: Any, section: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.section = section


class Seed(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has no type argument
    """A whole number of at least 0, or `random` for one that is drawn now."""

    name = "seed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seed as a number."""
        if str(value).lower() == "random":
            import secrets

            return secrets.randbelow(1 << 32)
        if not str(value).isdecimal():
            self.fail(f"{value!r} is neither a whole number nor `random`", param, ctx)
        return int(value)


def option(section: str, *names: str, **settings: Any) -> Callable[[_F], _F]:
    """Return what adds an option to a command; the help shows it under `section`."""
    kind = _PATH_KINDS.get(settings.get("metavar", ""))
    if kind:
        settings = {"shell_complete": paths(kind), **settings}
    return click.option(*names, cls=_Option, section=section, **settings)


HELP_FLAGS = ["-h", "--help"]


class Command(click.Command):
    """A command whose help shows its options in sections, and ends with examples.

    It names its own help flags: click keeps the help option of a command as it was when it was first
    needed, perhaps without the group.
    """

    def __init__(self, *args: Any, examples: str = "", **settings: Any) -> None:
        settings["context_settings"] = {"help_option_names": HELP_FLAGS}
        super().__init__(*args, **settings)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options section by section, in the order in which they were added."""
        for title, records in sections(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples."""
        if self.examples:
            formatter.write(f"\nExamples:\n{self.examples}")


def sections(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Return the options of a command with their help, by the section under which they are shown."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and not isinstance(parameter, click.Argument) and parameter.name != "help":
            section = parameter.section if isinstance(parameter, _Option) else "Options"
            found.setdefault(section, []).append(record)
    return found


@dataclass(frozen=True)
class Opener:
    """One option that says how a target is opened: the name of its value, its flag, and click's settings."""

    name: str
    flag: str
    section: str
    settings: Mapping[str, Any]

    def words(self, value: Any) -> list[str]:
        """Return the option as it is typed for `value`; nothing for its default."""
        if value in (None, False, (), self.settings.get("default")):
            return []
        if value is True:
            return [self.flag]
        values = value if isinstance(value, tuple) else (value,)
        return [
            word for each in values for word in (self.flag, f"{each:g}" if isinstance(each, float) else each)
        ]


_DEPLOYMENT, _COMMAND = "A deployment (https://...)", "A server that is started (exec:...)"
ACCESS: tuple[Opener, ...] = (
    Opener("api_key_env", "--api-key-env", _DEPLOYMENT, {
        "metavar": "NAME", "default": DEFAULT_KEY_VARIABLE, "show_default": True,
        "help": "The variable that holds the org API key."}),
    Opener("second_api_key_env", "--second-api-key-env", _DEPLOYMENT, {
        "metavar": "NAME", "help": "The variable that holds an API key of another org."}),
    Opener("signing_key", "--signing-key", _DEPLOYMENT, {
        "metavar": "FILE", "help": "The private key that the deployment signs with, as PEM."}),
    Opener("cacert", "--cacert", _DEPLOYMENT, {
        "metavar": "FILE", "help": "Trust the certificate authorities in this file as well."}),
    Opener("allow_http", "--allow-http", _DEPLOYMENT, {
        "is_flag": True, "help": "Send credentials over plain http."}),
    Opener("rate", "--rate", _DEPLOYMENT, {
        "metavar": "N/s", "help": "Send at most N requests a second."}),
    Opener("any_host", "--yes-i-may-test-this-host", _DEPLOYMENT, {
        "is_flag": True, "help": "Test a host whose name does not say that it is there for tests."}),
)  # fmt: skip
LAUNCHING: tuple[Opener, ...] = (
    Opener("cwd", "--cwd", _COMMAND, {"metavar": "DIR", "help": "Start the command in this folder."}),
    Opener("env", "--env", _COMMAND, {
        "metavar": "NAME=VALUE", "multiple": True, "help": "Set a variable for the command. Repeatable."}),
    Opener("ready_path", "--ready-path", _COMMAND, {
        "metavar": "PATH",
        "help": f"Wait until a GET of this path is answered.  [default: {routes.HEALTH}]"}),
    Opener("ready_timeout", "--ready-timeout", _COMMAND, {
        "metavar": "SECONDS", "type": click.FloatRange(0, min_open=True),
        "help": "Wait at most so long for an answer.  [default: 30; 10 for a deployment]"}),
)  # fmt: skip
CONFIG = Opener("config", "--config", "Which target", {
    "metavar": "FILE", "help": "The file with named targets.  [default: the nearest relayauth-contract.toml]",
})  # fmt: skip
OPENERS = (CONFIG, *ACCESS, *LAUNCHING)
FLAGS: Mapping[str, str] = {each.name: each.flag for each in OPENERS}


def opens_targets(command: _F) -> _F:
    """Add every option that says how a target is opened."""
    for each in reversed(OPENERS):
        command = option(each.section, each.flag, each.name, **each.settings)(command)
    return command


@dataclass(frozen=True)
class Opening:
    """The values of the options that `opens_targets` adds."""

    config: str | None = None
    access: Mapping[str, Any] = field(default_factory=dict)
    launching: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def taken_from(cls, chosen: dict[str, Any]) -> "Opening":
        """Take the values out of a command's arguments."""
        access = {each.name: chosen.pop(each.name) for each in ACCESS}
        launching = {each.name: chosen.pop(each.name) for each in LAUNCHING}
        return cls(chosen.pop(CONFIG.name), access, launching)

    @property
    def text(self) -> str:
        """The options as they are typed, with a space before each; empty if all have their defaults."""
        values = {CONFIG.name: self.config, **self.access, **self.launching}
        words = [word for each in OPENERS for word in each.words(values.get(each.name))]
        return "".join(f" {shlex.quote(word)}" for word in words)
