"""A failure as shell lines that show it again, with every credential as a variable."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contract.harness.exchanges import Answer, Asked, Raw

_KEYS = {"api key": "API_KEY", "workspace token": "WORKSPACE_TOKEN", "second api key": "SECOND_API_KEY"}
_JSON = "-H 'content-type: application/json'"
_AGENT = "IDENTITY_ID"
LONGEST_LINE = 400  # bytes of a body that is shown in full


def lines(trail: Sequence[Answer]) -> list[str]:
    """Return the commands that ask again what `trail` asked, in order; a pair is handed on in `$PAIR`."""
    commands = [_command(answer.asked) for answer in trail]
    told: list[str] = []
    for number, (answer, command) in enumerate(zip(trail, commands, strict=True)):
        later = "\n".join(commands[number + 1 :])
        if not _gives_pair(answer.asked.path) or not ("$REFRESH_TOKEN" in later or "$ACCESS_TOKEN" in later):
            told.append(command)
            continue
        told.append(f'PAIR=$({command}); echo "$PAIR"')
        told += [
            f'{kind.upper()}_TOKEN=$(printf %s "$PAIR" | jq -r .{kind}Token)'
            for kind in ("refresh", "access")
            if f"${kind.upper()}_TOKEN" in later
        ]
    return told


def _command(asked: Asked) -> str:
    parts = ["curl -sS" if _gives_pair(asked.path) else "curl -sS -i"]
    if asked.method != "GET":
        parts.append(f"-X {asked.method}")
    parts.append(f'"$RELAYAUTH_URL{asked.path}"')
    if asked.credential in _KEYS:
        parts.append(f'-H "x-api-key: ${_KEYS[asked.credential]}"')
    elif asked.credential == "bearer":
        parts.append('-H "authorization: Bearer $ACCESS_TOKEN"')
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in asked.headers.items()]
    if isinstance(asked.body, Raw):
        parts += [_JSON, _raw(asked.body)]
    elif asked.body is not None:
        parts += [_JSON, f"-d {_quoted(asked.body)}"]
    return " ".join(parts)


def _raw(body: Raw) -> str:
    """Give a body that is no JSON; one that no shell line can hold is to be put into a file."""
    text, size = body.text, len(body.content)
    if size > LONGEST_LINE or not text.isprintable() or "\\" in text:
        return f"--data-binary @body  # {size} bytes that begin {text[:12]!r}"
    return f"-d {_with_variables(text)}"


def _gives_pair(path: str) -> bool:
    return path in ("/v1/tokens", "/v1/tokens/refresh") or path.startswith(
        ("/v1/tokens/agent", "/v1/tokens/path", "/v1/tokens/workspace-path")
    )


def _quoted(body: Any) -> str:
    """Quote a JSON body for the shell; what stands for a secret or a thing of the run becomes a variable."""
    if isinstance(body, Mapping):
        own = {"identityId": f"${_AGENT}", "agentId": f"${_AGENT}", "workspaceId": "$WORKSPACE_ID"}
        body = {name: own.get(name, value) for name, value in body.items()}
    return _with_variables(json.dumps(body, ensure_ascii=False))


def _with_variables(text: str) -> str:
    text = shlex.quote(text)
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
