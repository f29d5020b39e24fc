"""One request as a shell line, in which every credential and every id of the run is a variable."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from contract.harness.client import Raw, Request, Variable, displayable
from contract.harness.jose import Token
from contract.harness.redaction import scrub
from contract.harness.spec import ENDPOINTS, routes

JSON = "-H 'content-type: application/json'"
_VARIABLE = re.compile(
    r"\$((?:(?:SECOND|ANOTHER|UNKNOWN)_)?"
    r"(?:(?:API_KEY|(?:WORKSPACE|ACCESS|REFRESH)_TOKEN)(?:_ID)?|(?:WORKSPACE|IDENTITY|SESSION|AGENT)_ID|NAME)"
    r"(?:_\d+)?)\b"
)
_PAIRS = {routes.REFRESH, *(mint.path for mint in ENDPOINTS.values())}
LONGEST_LINE = 400  # characters of a body that is shown in full


def command(sent: Request, names: Mapping[str, str], *, whole: bool = True) -> str:
    """Return the command that sends a request again.

    `whole` shows status and headers as well, but for a request that is answered with a pair.
    """
    names = {**sent.names, **names}
    parts = ["curl -sS -i" if whole and not gives_pair(sent.path) else "curl -sS"]
    if sent.method != "GET":
        parts.append(f"-X {sent.method}")
    parts.append(f'"$RELAYAUTH_URL{_address(sent, names)}"')
    if sent.key is not None:
        parts.append(f'-H "x-api-key: {displayable(sent.key, names)}"')
    elif sent.bearer is not None:
        bearer = displayable(sent.bearer, names) if isinstance(sent.bearer, Token) else "$ACCESS_TOKEN"
        parts.append(f'-H "authorization: {sent.scheme} {bearer}"')
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in sent.headers.items()]
    if isinstance(sent.body, Raw):
        parts += [JSON, _raw(sent.body, names)]
    elif sent.body is not None:
        parts += [JSON, f"-d {quoted(displayable(sent.body, names))}"]
    return " ".join(parts)


def _address(sent: Request, names: Mapping[str, str]) -> str:
    """Return path and query, fit to stand between double quotes."""
    path = "/".join(
        f"${names[part]}" if part in names else quote(scrub(part), safe="%", errors="replace")
        for part in sent.path.split("/")
    )
    query = [(name, displayable(value, names)) for name, value in sent.query.items()]
    text = "&".join(
        f"{name}={value if isinstance(value, Variable) else quote(str(value))}" for name, value in query
    )
    return f"{path}?{text}" if text else path


def _raw(body: Raw, names: Mapping[str, str]) -> str:
    """Return the option for a body that is not JSON; one that no shell line can hold comes from a file."""
    return "--data-binary @body" if note(body, names) else f"-d {_with_variables(body.text(names))}"


def note(body: Any, names: Mapping[str, str]) -> str | None:
    """Return the comment that says what the file `body` must hold, if a command reads one."""
    text = body.text(names) if isinstance(body, Raw) else ""
    if len(text) <= LONGEST_LINE and text.isprintable() and "\\" not in text:
        return None
    return f"# body: a file of {len(body.content)} bytes that begin {text[:12]!r}"


def gives_pair(path: str) -> bool:
    """Say whether a request to `path` is answered with a pair."""
    return path in _PAIRS


def quoted(body: Any) -> str:
    """Return `body` as JSON, quoted for the shell."""
    return _with_variables(json.dumps(_literal(body)).replace(r"\ue000", r"\u0024"))


def _literal(value: Any) -> Any:
    """Return `value` with another character for the `$` of a text that only looks like a variable."""
    if isinstance(value, Mapping):
        return {name: _literal(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, str) and not isinstance(value, Variable) and _VARIABLE.fullmatch(value):
        return value.replace("$", "\ue000")
    return value


def _with_variables(text: str) -> str:
    """Quote `text` for the shell, except its variables: each is a whole JSON string."""
    return re.sub(rf'"({_VARIABLE.pattern})"', r'''"'"\1"'"''', shlex.quote(text))


def variables(commands: Iterable[str]) -> set[str]:
    """Return the names of all variables in `commands`."""
    return set(_VARIABLE.findall("\n".join(commands)))
