"""A failure as shell lines that show it again, with every credential as a variable."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from contract.harness.exchanges import Answer, Asked, Raw, shown
from contract.harness.tokens import Token

_KEYS = {"api key": "API_KEY", "workspace token": "WORKSPACE_TOKEN", "second api key": "SECOND_API_KEY"}
_JSON = "-H 'content-type: application/json'"
_AGENT = "IDENTITY_ID"
_MEMBERS = {"REFRESH_TOKEN": "refreshToken", "ACCESS_TOKEN": "accessToken"}
_VARIABLE = re.compile(r"\$((?:REFRESH|ACCESS)_TOKEN(?:_\d+)?|IDENTITY_ID|WORKSPACE_ID)\b")
# What no command above gives, by the variable that it is to be put into.
_WANTED = {
    "ACCESS_TOKEN": "a bearer: of a live pair, or signed with the deployment's key (wire.md, last section)",
    "REFRESH_TOKEN": "of a live pair",
}
LONGEST_LINE = 400  # bytes of a body that is shown in full


def lines(trail: Sequence[Answer]) -> list[str]:
    """Return the commands that ask again what `trail` asked, in order.

    A pair whose tokens are presented later is kept in `$PAIR`, and they in `$REFRESH_TOKEN` and
    `$ACCESS_TOKEN`; of several pairs each has its number, as in `$REFRESH_TOKEN_2`.
    """
    given = [_given(answer) for answer in trail]
    numbered = _numbered(given)
    presented = set(_VARIABLE.findall("\n".join(_command(answer.asked, numbered) for answer in trail)))
    kept = [pair for pair in given if any(numbered[text] in presented for text in pair)]
    names = _numbered(kept) if len(kept) > 1 else {text: kind for pair in kept for text, kind in pair.items()}
    commands = [_command(answer.asked, names) for answer in trail]
    told: list[str] = []
    for number, (pair, command) in enumerate(zip(given, commands, strict=True)):
        later = set(_VARIABLE.findall("\n".join(commands[number + 1 :])))
        wanted = [(names[text], kind) for text, kind in pair.items() if names.get(text) in later]
        told.append(f'PAIR=$({command}); echo "$PAIR"' if wanted else command)
        told += [f'{name}=$(printf %s "$PAIR" | jq -r .{_MEMBERS[kind]})' for name, kind in wanted]
    return told


def _numbered(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {text: f"{kind}_{number}" for number, pair in enumerate(pairs, 1) for text, kind in pair.items()}


def _given(answer: Answer) -> dict[str, str]:
    """Return the tokens of the pair that an answer gave, and which is which; none if it gave no pair."""
    try:
        body = json.loads(answer.content) if _gives_pair(answer.asked.path) else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    return {body[name]: kind for kind, name in _MEMBERS.items() if isinstance(body.get(name), str)}


def _command(asked: Asked, names: Mapping[str, str]) -> str:
    parts = ["curl -sS" if _gives_pair(asked.path) else "curl -sS -i"]
    if asked.method != "GET":
        parts.append(f"-X {asked.method}")
    parts.append(f'"$RELAYAUTH_URL{asked.path}"')
    if asked.credential in _KEYS:
        parts.append(f'-H "x-api-key: ${_KEYS[asked.credential]}"')
    elif asked.credential == "bearer":
        bearer = shown(asked.bearer, names) if isinstance(asked.bearer, Token) else "$ACCESS_TOKEN"
        parts.append(f'-H "authorization: Bearer {bearer}"')
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in asked.headers.items()]
    if isinstance(asked.said, Raw):
        parts += [_JSON, _raw(asked.said, names)]
    elif asked.said is not None:
        parts += [_JSON, f"-d {_quoted(shown(asked.said, names))}"]
    return " ".join(parts)


def _raw(body: Raw, names: Mapping[str, str]) -> str:
    """Give a body that is no JSON; one that no shell line can hold is to be put into a file."""
    text, size = body.text(names), len(body.content)
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
    """Quote `text` for the shell, but for its variables: each stands alone in a JSON string."""
    return re.sub(rf'"({_VARIABLE.pattern})"', r'''"'"\1"'"''', shlex.quote(text))


def preamble(url: str | None, api_key_env: str, commands: Sequence[str]) -> list[str]:
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
    set_here = {line.partition("=")[0] for line in commands}
    wanted = sorted(set(_VARIABLE.findall(used)) & _WANTED.keys() - set_here)
    return first + [f"{name}=...  # {_WANTED[name]}" for name in wanted]


def _make(variable: str, path: str, body: dict[str, Any], member: str) -> str:
    command = f'curl -sS "$RELAYAUTH_URL{path}" -H "x-api-key: $API_KEY" {_JSON} -d {_quoted(body)}'
    return f"{variable}=$({command} | jq -r {member})"
