"""How a failure is reproduced: by curl commands, or by the command itself where a person can't do it."""

import shlex
from dataclasses import dataclass

from contract.harness.redaction import scrub
from contract.harness.reports.curl import LIFETIME, lines
from contract.harness.reports.first_run import PLACEHOLDER
from contract.harness.run import ClauseResult
from contract.harness.spec import catalogue

# What no shell line can do: set the server's clock, start it with another configuration, sign as it does.
_NOT_BY_HAND = frozenset({"clock", "env", "key"})


@dataclass(frozen=True)
class Again:
    """How what failed on a target is sent again.

    `command` is the `check` of that target, with the options that open it. `url` is where it answers, and
    `start` the line that starts it first; both are None for a target that runs inside the command, and
    `bundled` is true if the bundled server behaves the same. `api_key_envs` are the variables that hold the
    API keys of both orgs.
    """

    command: str
    url: str | None = None
    start: str | None = None
    bundled: bool = False
    api_key_envs: tuple[str | None, ...] = ("RELAYAUTH_CONTRACT_API_KEY", None)

    @property
    def reachable(self) -> bool:
        """Whether a request that is sent by hand reaches the same code."""
        return bool(self.url or self.start or self.bundled)

    @property
    def address(self) -> str:
        """The line that sets RELAYAUTH_URL."""
        if self.start:
            return self.start
        if self.url:
            return f"export RELAYAUTH_URL={shlex.quote(self.url)}"
        if self.bundled:
            return "export RELAYAUTH_URL=http://127.0.0.1:8787  # the address of `relayauth-contract serve`"
        return "RELAYAUTH_URL=...  # the target runs inside the command: where else the same code listens"

    def case(self, result: ClauseResult) -> str:
        """Return the command that sends the case that decided `result` again, and shows the exchange."""
        endpoint = f" --endpoint {result.endpoint}" if result.endpoint else ""
        case = shlex.quote(scrub(result.telling[0].case))
        return f"{self.command} --clause {result.clause}{endpoint} --case {case} -v"


def reproduction(result: ClauseResult, again: Again) -> list[str]:
    """Return the lines that show a failure again.

    They are curl commands where a person can send the requests by hand; where not, the last one is a `check`
    of that case alone.
    """
    row = result.telling[0]
    if not _NOT_BY_HAND.isdisjoint(catalogue()[result.clause].needs):
        return [again.case(result)]
    decoded = (
        None if LIFETIME not in row.why
        else "accessToken" if f"{LIFETIME} of the access token" in row.why
        else "refreshToken"
    )  # fmt: skip
    found = lines(row.transcript, decoded)
    by_hand = found and again.reachable and not any(PLACEHOLDER in line for line in found)
    return found if by_hand else [*found, again.case(result)]
