"""The shell lines that come first: they set what the commands under the failures use."""

from collections.abc import Mapping, Sequence
from typing import Any

from contract.harness.client import Variable
from contract.harness.reports.shell import JSON, quoted, variables
from contract.harness.spec import IDENTITY_SCOPES, routes


def _make(variable: str, path: str, body: Mapping[str, Any], member: str) -> str:
    key = "SECOND_API_KEY" if variable.startswith("SECOND_") else "API_KEY"
    request = f'curl -sS "$RELAYAUTH_URL{path}" -H "x-api-key: ${key}" {JSON} -d {quoted(body)}'
    return f"{variable}=$({request} | jq -r {member})"


def _make_identity(variable: str, name: str, workspace: str) -> str:
    name, workspace = Variable(name), Variable(workspace)
    scopes = list(IDENTITY_SCOPES)
    body = {"name": name, "sponsorId": "user_by-hand", "workspaceId": workspace, "scopes": scopes}
    return _make(variable, routes.IDENTITIES, body, ".id")


_FREE_NAME = "ANOTHER_NAME=by-hand-$RANDOM$RANDOM"
PLACEHOLDER = "=...  #"  # stands in a line that a person has to complete
# What is sent and no response gave, in the order in which it is to be set.
_ELSEWHERE = {
    "ACCESS_TOKEN": "ACCESS_TOKEN=...  # a bearer: of a live pair, or signed with the deployment's key",
    "REFRESH_TOKEN": "REFRESH_TOKEN=...  # of a live pair",
    "UNKNOWN_API_KEY": "UNKNOWN_API_KEY=...  # one that was never made",
    "ANOTHER_API_KEY": "ANOTHER_API_KEY=...  # one more API key, of the kind that the failure names",
    "ANOTHER_WORKSPACE_TOKEN": "ANOTHER_WORKSPACE_TOKEN=...  # one more, of the kind that the failure names",
    "ANOTHER_NAME": _FREE_NAME,
    "ANOTHER_IDENTITY_ID": f"{_FREE_NAME}; "
    + _make_identity("ANOTHER_IDENTITY_ID", "$ANOTHER_NAME", "$WORKSPACE_ID"),
}


def set_first(commands: Sequence[str]) -> list[str]:
    """Return the lines that set what `commands` use before one of them sets it."""
    wanted: set[str] = set()
    known: set[str] = set()
    for line in commands:
        variable, assigns, _ = line.partition("=$(")
        wanted |= variables([line]) - known
        known |= {variable} if assigns else set()
    return [line for variable, line in _ELSEWHERE.items() if variable in wanted]


def preamble(address: str, api_key_envs: Sequence[str | None], commands: Sequence[str]) -> list[str]:
    """Return the lines that set the variables of `commands`; nothing if no request is among them.

    `address` is the line that sets RELAYAUTH_URL; `api_key_envs` are the variables with the API keys of both
    orgs.
    """
    used = variables(commands)
    if not any("$RELAYAUTH_URL" in line for line in commands):
        return []
    first = [address]
    for org, key_env in zip(("", "SECOND_"), api_key_envs, strict=True):
        key, workspace, identity, workspace_token = (
            f"{org}{each}" for each in ("API_KEY", "WORKSPACE_ID", "IDENTITY_ID", "WORKSPACE_TOKEN")
        )
        made = used & {identity, workspace_token}
        if made or key in used:
            first.append(f'{key}="${key_env}"' if key_env else f"{key}=...  # an org API key of another org")
        if made or workspace in used:
            first.append(f"{workspace}=ws_by-hand-$RANDOM$RANDOM")
        if f"{org}AGENT_ID" in used:
            first.append(f"{org}AGENT_ID=agent_by-hand-$RANDOM$RANDOM")
        if identity in used:
            first.append(_make_identity(identity, f"${workspace}", f"${workspace}"))
        if workspace_token in used:
            body = {"workspaceId": Variable(f"${workspace}")}
            first.append(_make(workspace_token, routes.WORKSPACE_TOKENS, body, ".key"))
    return first
