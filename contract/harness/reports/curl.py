"""A failure as shell lines that reproduce it, with every credential and id as a variable."""

import contextlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.harness.client import Raw, Request, Response, on_the_wire
from contract.harness.jose import Malformed, read_token
from contract.harness.reports.first_run import set_first
from contract.harness.reports.shell import command, gives_pair, note, variables
from contract.harness.spec import routes

_TOKENS = {"accessToken": "ACCESS_TOKEN", "refreshToken": "REFRESH_TOKEN"}
# How jq reads a claim of a token: its payload is base64url, without padding.
_CLAIM = '.{token} | split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .{claim}'
LIFETIME = "exp - iat"  # how a failure names what a token's claims say of its lifetime
# What a response gives beside a pair, by the path that was posted to: each variable, and where its value is.
_MADE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    routes.IDENTITIES: {"ANOTHER_IDENTITY_ID": ("id",)},
    routes.WORKSPACE_TOKENS: {
        "ANOTHER_WORKSPACE_TOKEN": ("key",),
        "ANOTHER_WORKSPACE_TOKEN_ID": ("workspaceToken", "id"),
    },
    routes.API_KEYS: {"ANOTHER_API_KEY": ("key",), "ANOTHER_API_KEY_ID": ("apiKey", "id")},
}

# By the text that a response gave: the variable that keeps it, and the jq program that finds it.
Given = dict[str, tuple[str, str]]


def lines(transcript: Sequence[Response], decoded: str | None = None) -> list[str]:
    """Return the commands that send the requests of `transcript` again, in order.

    A token, a key or an id that a response gave and that is sent later is kept in a variable, such as
    `$REFRESH_TOKEN`; where several responses gave some, each has its number, as in `$REFRESH_TOKEN_2`. What
    is sent and no response gave is set first. Of the last pair, a line shows the lifetime of the token that
    `decoded` names.
    """
    kept = _kept(transcript)
    names = _names(transcript, kept)
    pairs = [turn for turn, response in enumerate(transcript) if _is_pair(response)]
    shown = pairs[-1] if decoded and pairs else None
    commands: list[str] = []
    for turn, (response, given) in enumerate(zip(transcript, kept, strict=True)):
        holds = bool(given) or turn == shown
        request, holder = command(response.request, names, whole=not holds), _holder(response)
        body = note(response.request.body, names)
        commands += [body] if body else []
        commands.append(f'{holder}=$({request}); echo "${holder}"' if holds else request)
        commands += [
            f'{names[text]}=$(printf %s "${holder}" | jq -r {_program(program)})'
            for text, (_, program) in given.items()
        ]
        if turn == shown:
            program = _CLAIM.format(token=decoded, claim="exp - .iat")
            commands.append(f'printf %s "${holder}" | jq -r {_program(program)}  # {LIFETIME}, in seconds')
    return [*set_first(commands), *commands]


def _is_pair(response: Response) -> bool:
    return gives_pair(response.request.path) and response.status in (200, 201)


def _kept(transcript: Sequence[Response]) -> list[Given]:
    """Return, for each response, what it was the first to give and what is sent later."""
    last = {text: turn for turn, response in enumerate(transcript) for text in _texts(response.request)}
    kept: list[Given] = []
    known: set[str] = set()
    for turn, response in enumerate(transcript):
        given = {text: way for text, way in _given(response).items() if last.get(text, 0) > turn}
        kept.append({text: way for text, way in given.items() if text not in known})
        known |= given.keys()
    return kept


def _given(response: Response) -> Given:
    """Return what a response gave: the tokens of a pair and the ids in them, or what was made."""
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
    """Return every text of a request that an earlier response may have given."""
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
    """Return a variable for each text that is kept, with the number of its response where it needs one."""
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
