"""A failure as shell lines that show it again, with every credential as a variable."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from contract.harness.exchanges import Answer

_KEYS = {"api key": "API_KEY", "workspace token": "WORKSPACE_TOKEN", "second api key": "SECOND_API_KEY"}
_JSON = "-H 'content-type: application/json'"
_AGENT = "IDENTITY_ID"


def lines(trail: Iterable[Answer]) -> list[str]:
    """Return the commands that ask again what `trail` asked, in order; a pair is handed on in `$PAIR`."""
    commands = [_command(answer) for answer in trail]
    return [line for command in commands for line in command]


def _command(answer: Answer) -> list[str]:
    asked = answer.asked
    parts = ["curl -sS" if _gives_pair(asked.path) else "curl -sS -i"]
    if asked.method != "GET":
        parts.append(f"-X {asked.method}")
    parts.append(f'"$RELAYAUTH_URL{asked.path}"')
    if asked.credential in _KEYS:
        parts.append(f'-H "x-api-key: ${_KEYS[asked.credential]}"')
    elif asked.credential == "bearer":
        parts.append('-H "authorization: Bearer $ACCESS_TOKEN"')
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in asked.headers.items()]
    if asked.body is not None:
        parts += [_JSON, f"-d {_quoted(asked.body)}"]
    command = " ".join(parts)
    if not _gives_pair(asked.path):
        return [command]
    return [
        f'PAIR=$({command}); echo "$PAIR"',
        "REFRESH_TOKEN=$(printf %s \"$PAIR\" | jq -r .refreshToken); "
        "ACCESS_TOKEN=$(printf %s \"$PAIR\" | jq -r .accessToken)",
    ]  # fmt: skip


def _gives_pair(path: str) -> bool:
    return path in ("/v1/tokens", "/v1/tokens/refresh") or path.startswith(
        ("/v1/tokens/agent", "/v1/tokens/path", "/v1/tokens/workspace-path")
    )


def _quoted(body: Any) -> str:
    """Quote a JSON body for the shell; what stands for a secret or a thing of the run becomes a variable."""
    if isinstance(body, Mapping):
        own = {"identityId": f"${_AGENT}", "agentId": f"${_AGENT}", "workspaceId": "$WORKSPACE_ID"}
        body = {name: own.get(name, value) for name, value in body.items()}
    text = shlex.quote(json.dumps(body, ensure_ascii=False))
    for name in ("REFRESH_TOKEN", "ACCESS_TOKEN", _AGENT, "WORKSPACE_ID"):
        text = text.replace(f'"${name}"', f'"\'"${name}"\'"')
    return text


def preamble(url: str | None, api_key_env: str, commands: Iterable[str]) -> list[str]:
    """Return the lines that set the variables of `commands`; `url` is None for a target in this process."""
    used = "\n".join(commands)
    export = f"export RELAYAUTH_URL={shlex.quote(url or 'http://127.0.0.1:8787')}"
    first = [export if url else f"{export}  # relayauth-contract serve"]
    if "$API_KEY" in used or "$WORKSPACE_TOKEN" in used or f"${_AGENT}" in used:
        first.append(f'API_KEY="${api_key_env}"')
    if "$WORKSPACE_ID" in used or "$WORKSPACE_TOKEN" in used or f"${_AGENT}" in used:
        first.append("WORKSPACE_ID=ws_by-hand-$$")
    if f"${_AGENT}" in used:
        body = {"name": "$WORKSPACE_ID", "sponsorId": "user_by-hand", "workspaceId": "$WORKSPACE_ID"}
        body["scopes"] = ["relayauth:identity:read:*"]  # type: ignore[assignment]
        first.append(_make(_AGENT, "/v1/identities", body, ".id"))
    if "$WORKSPACE_TOKEN" in used:
        first.append(
            _make("WORKSPACE_TOKEN", "/v1/tokens/workspace", {"workspaceId": "$WORKSPACE_ID"}, ".key")
        )
    if "$ACCESS_TOKEN" in used and "$PAIR" not in used:
        first.append("ACCESS_TOKEN=...  # a bearer signed with the deployment's key (wire.md, last section)")
    return first


def _make(variable: str, path: str, body: dict[str, Any], member: str) -> str:
    command = f'curl -sS "$RELAYAUTH_URL{path}" -H "x-api-key: $API_KEY" {_JSON} -d {_quoted(body)}'
    return f"{variable}=$({command} | jq -r {member})"
