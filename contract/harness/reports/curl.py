"""A failure as shell lines that show it again, with every credential and id as a variable."""

import contextlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.harness.client import Raw, Request, Response, Variable, on_the_wire
from contract.harness.jose import Malformed, read_token
from contract.harness.reports.shell import JSON, command, gives_pair, note, quoted, variables
from contract.harness.spec import IDENTITY_SCOPES, routes

_TOKENS = {"accessToken": "ACCESS_TOKEN", "refreshToken": "REFRESH_TOKEN"}
# How jq reads a claim of a token: its payload is base64url, without padding.
_CLAIM = '.{token} | split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .{claim}'
# What an answer gives beside a pair, by the path that was posted to: each variable, and where its value is.
_MADE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    routes.IDENTITIES: {"ANOTHER_IDENTITY_ID": ("id",)},
    routes.WORKSPACE_TOKENS: {
        "ANOTHER_WORKSPACE_TOKEN": ("key",),
        "ANOTHER_WORKSPACE_TOKEN_ID": ("workspaceToken", "id"),
    },
    routes.API_KEYS: {"ANOTHER_API_KEY": ("key",), "ANOTHER_API_KEY_ID": ("apiKey", "id")},
}

# By the text that an answer gave: the variable that it is kept in, and the jq program that finds it.
Given = dict[str, tuple[str, str]]


def lines(transcript: Sequence[Response]) -> list[str]:
    """Return the commands that ask again what `trail` asked, in order.

    A token, a key or an id that an answer gave and that is sent later is kept in a variable, such as
    `$REFRESH_TOKEN`; where several answers gave some, each has its number, as in `$REFRESH_TOKEN_2`. What is
    sent and no answer gave is set first.
    """
    kept = _kept(transcript)
    names = _names(transcript, kept)
    told: list[str] = []
    for response, given in zip(transcript, kept, strict=True):
        asks, holder = command(response.request, names, whole=not given), _holder(response)
        body = note(response.request.body, names)
        told += [body] if body else []
        told.append(f'{holder}=$({asks}); echo "${holder}"' if given else asks)
        told += [
            f'{names[text]}=$(printf %s "${holder}" | jq -r {_program(program)})'
            for text, (_, program) in given.items()
        ]
    return [*_set_first(told), *told]


def _kept(transcript: Sequence[Response]) -> list[Given]:
    """Return of each answer what it gave first and is sent later."""
    last = {text: turn for turn, response in enumerate(transcript) for text in _texts(response.request)}
    kept: list[Given] = []
    known: set[str] = set()
    for turn, response in enumerate(transcript):
        given = {text: way for text, way in _given(response).items() if last.get(text, 0) > turn}
        kept.append({text: way for text, way in given.items() if text not in known})
        known |= given.keys()
    return kept


def _given(response: Response) -> Given:
    """Return what an answer gave: the tokens of a pair and the ids in them, or what was made."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    found = dict(_of_pair(body)) if gives_pair(response.request.path) else {}
    for variable, way in _MADE.get(response.request.path, {}).items():
        value: Any = body
        for member in way:
            value = value.get(member) if isinstance(value, dict) else None
        if isinstance(value, str):
            found[value] = variable, "." + ".".join(way)
    return found


def _of_pair(body: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for member, variable in _TOKENS.items():
        if not isinstance(body.get(member), str):
            continue
        yield body[member], (variable, f".{member}")
        with contextlib.suppress(Malformed):
            claims = read_token(body[member]).claims
            for claim, its_variable in (("jti", f"{variable}_ID"), ("sid", "SESSION_ID")):
                if isinstance(claims.get(claim), str):
                    yield claims[claim], (its_variable, _CLAIM.format(token=member, claim=claim))


def _texts(sent: Request) -> set[str]:
    """Return every text that went out with a request and may be one that an answer gave."""
    found = set(sent.path.split("/"))

    def look(value: Any) -> None:
        if isinstance(value, Mapping | list | tuple):
            for each in value.values() if isinstance(value, Mapping) else value:
                look(each)
        elif isinstance(value, Raw):
            look(value.parts)
        elif isinstance(on_the_wire(value), str):
            found.add(on_the_wire(value))

    look([sent.body, sent.key, sent.bearer, sent.query])
    return found


def _names(transcript: Sequence[Response], kept: Sequence[Given]) -> dict[str, str]:
    """Return a variable for each text that is kept, with the number of its answer where it needs one."""
    responses = Counter(_holder(response) for response, given in zip(transcript, kept, strict=True) if given)
    given_here = dict.fromkeys((text for given in kept for text in given), "GIVEN")
    from_elsewhere = variables(command(response.request, given_here) for response in transcript)
    number: Counter[str] = Counter()
    names: dict[str, str] = {}
    for response, given in zip(transcript, kept, strict=True):
        holder = _holder(response)
        number[holder] += bool(given)
        for text, (name, _) in given.items():
            alone = responses[holder] == 1 and name not in from_elsewhere
            names[text] = name if alone else f"{name}_{number[holder]}"
    return names


def _holder(response: Response) -> str:
    return "PAIR" if gives_pair(response.request.path) else "MADE"


def _program(text: str) -> str:
    return text if re.fullmatch(r"[.\w]+", text) else shlex.quote(text)


def _make(variable: str, path: str, body: Mapping[str, Any], member: str) -> str:
    key = "SECOND_API_KEY" if variable.startswith("SECOND_") else "API_KEY"
    asks = f'curl -sS "$RELAYAUTH_URL{path}" -H "x-api-key: ${key}" {JSON} -d {quoted(body)}'
    return f"{variable}=$({asks} | jq -r {member})"


def _make_identity(variable: str, name: str, workspace: str) -> str:
    name, workspace = Variable(name), Variable(workspace)
    body = {
        "name": name,
        "sponsorId": "user_by-hand",
        "workspaceId": workspace,
        "scopes": list(IDENTITY_SCOPES),
    }
    return _make(variable, routes.IDENTITIES, body, ".id")


_FREE_NAME = "ANOTHER_NAME=by-hand-$RANDOM$RANDOM"
# What is sent and no answer gave, in the order in which it is to be set.
_ELSEWHERE = {
    "ACCESS_TOKEN": "ACCESS_TOKEN=...  # a bearer: of a live pair, or signed with the deployment's key",
    "REFRESH_TOKEN": "REFRESH_TOKEN=...  # of a live pair",
    "UNKNOWN_API_KEY": "UNKNOWN_API_KEY=...  # one that was never made",
    "ANOTHER_API_KEY": "ANOTHER_API_KEY=...  # one more API key, such as the sentence names",
    "ANOTHER_WORKSPACE_TOKEN": "ANOTHER_WORKSPACE_TOKEN=...  # one more, such as the sentence names",
    "ANOTHER_NAME": _FREE_NAME,
    "ANOTHER_IDENTITY_ID": f"{_FREE_NAME}; "
    + _make_identity("ANOTHER_IDENTITY_ID", "$ANOTHER_NAME", "$WORKSPACE_ID"),
}


def _set_first(commands: Sequence[str]) -> list[str]:
    """Return the lines that set what `commands` use before one of them sets it."""
    wanted: set[str] = set()
    known: set[str] = set()
    for line in commands:
        variable, assigns, _ = line.partition("=$(")
        wanted |= variables([line]) - known
        known |= {variable} if assigns else set()
    return [line for variable, line in _ELSEWHERE.items() if variable in wanted]


def preamble(url: str | None, api_key_envs: Sequence[str | None], commands: Sequence[str]) -> list[str]:
    """Return the lines that set the variables of `commands`.

    `url` is None for a target in this process; `api_key_envs` are the variables with the keys of both orgs.
    """
    used = variables(commands)
    export = f"export RELAYAUTH_URL={shlex.quote(url or 'http://127.0.0.1:8787')}"
    first = [export if url else f"{export}  # relayauth-contract serve"]
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
