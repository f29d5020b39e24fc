"""`relayauth-contract start`: a server started as `check` starts it, for requests by hand."""

import contextlib
import os
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.harness.cli.named_targets import targets_of
from contract.harness.cli.options import SECOND_KEY_VARIABLE, Command, Opening, opens_targets
from contract.harness.errors import UsageError

if TYPE_CHECKING:
    from contract.harness.targets.launched import StartedServer

EXAMPLES = """\
  relayauth-contract start "exec:npm start" >started.sh &
  . ./started.sh
  curl -sS "$RELAYAUTH_URL/health"
"""
ANSWER_TIMEOUT = 30.0  # seconds in which the server has to answer a request for an API key


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("target", metavar="exec:COMMAND")
@opens_targets
def start(target: str, **chosen: Any) -> None:
    """Start a server as `check` does, and leave it running to reproduce a failure.

    Prints the lines that a shell has to run to reach it: its address, and the files with its API keys and its
    signing key, which are readable by you alone. When the command is interrupted, the server, its database
    and these files are removed.

    Exit code: 0 if it was started, else 2.
    """
    (named,) = targets_of((target,), Opening.taken_from(chosen))
    if not named.spec.startswith("exec:"):
        raise UsageError(
            f"start: {target!r} is not a command: write exec:COMMAND, or a name that stands for one "
            "(`relayauth-contract serve` runs the bundled reference server)"
        )

    from contract.harness.run import interruptible
    from contract.harness.targets.launched import started

    with contextlib.suppress(KeyboardInterrupt), interruptible(), started(named) as server:
        click.echo("\n".join(_lines(server, named.access.api_key_env)))
        sys.stdout.flush()
        threading.Event().wait()


def _lines(server: "StartedServer", key_variable: str) -> Iterator[str]:
    yield f"export RELAYAUTH_URL={server.url}"
    for variable, org in ((key_variable, "org_by-hand"), (SECOND_KEY_VARIABLE, "org_by-hand-2")):
        file = server.key_file.with_name(f"api-key-{org}")
        problem = _make_key(server, org, file)
        yield (
            f"# {variable}: {problem}" if problem else f'export {variable}="$(cat {shlex.quote(str(file))})"'
        )
    yield f"export RELAYAUTH_SIGNING_KEY={shlex.quote(str(server.key_file))}"
    if server.clock_stamp:
        stamp = shlex.quote(str(server.clock_stamp))
        yield "# Its clock stands still. To set it, in Unix seconds:"
        yield f"# echo 1800000000 >{stamp}.new && mv {stamp}.new {stamp}"
    yield f"# Its output is in {server.log}. To stop it: kill {os.getpid()}"


def _make_key(server: "StartedServer", org: str, file: Path) -> str:
    """Make an org API key and write it to `file`; return why that was not possible, or nothing."""
    import httpx

    from contract.harness.jose import admin_claims, run_key
    from contract.harness.redaction import plain
    from contract.harness.spec import routes

    bearer = run_key().sign(admin_claims(time.time(), org))
    try:
        response = httpx.post(
            f"{server.url}{routes.API_KEYS}",
            headers={"authorization": f"Bearer {bearer}"},
            json={"name": "by-hand", "scopes": ["*:*:*:*"]},
            timeout=ANSWER_TIMEOUT,
            trust_env=False,
        )
        key = response.json()["key"] if response.status_code == 201 else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return f"no key could be made: POST {routes.API_KEYS}: {type(error).__name__}"
    if not isinstance(key, str):
        return plain(f"no key could be made: POST {routes.API_KEYS} was answered {response.status_code}")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(key)
    return ""
