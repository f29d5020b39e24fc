"""Bodies of requests: as they are given, as they go over the wire, and as they may be shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from contract.harness.jose import Token
from contract.harness.redaction import Secret, scrub


def json_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`; an empty one if it is anything else."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def json_of(body: Any) -> bytes:
    """Return `body` as clients send it: JSON in UTF-8, escaped only where a text can't be written in that."""
    value = on_the_wire(body)
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value).encode()


def in_two(content: bytes) -> list[bytes]:
    """Return `content` in two parts, cut within its first character beyond ASCII if there is one."""
    cut = next((place for place, octet in enumerate(content) if octet > 0x7F), len(content) // 2 - 1) + 1
    return [content[:cut], content[cut:]]


@dataclass(frozen=True, repr=False)
class Raw:
    """A body that is sent as it is, JSON or not: text, bytes and tokens, joined."""

    parts: tuple[Token | bytes | str, ...]

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        return b"".join(
            part if isinstance(part, bytes) else str(on_the_wire(part)).encode() for part in self.parts
        )

    def text(self, names: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the body with secrets as variables; bytes that are not text are escaped."""
        return "".join(
            part.decode("utf-8", "backslashreplace")
            if isinstance(part, bytes)
            else str(displayable(part, names))
            for part in self.parts
        )


def called(kind: str) -> str:
    """Return the name of the shell variable for a thing of this kind: `API_KEY`."""
    return kind.upper().replace(" ", "_")


class Variable(str):
    """The name of a shell variable with its `$`; a text of the service never is one."""

    __slots__ = ()


def displayable(value: Any, names: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return `value` with every secret and token replaced by the `Variable` that stands for it.

    `names` maps single texts to their variables; any other token or secret gets the variable of its kind.
    """
    if isinstance(value, Token):
        kind = "REFRESH_TOKEN" if value.claims.get("token_type") == "refresh" else "ACCESS_TOKEN"
        return Variable(f"${names.get(value.text, kind)}")
    if isinstance(value, Secret):
        return Variable(f"${names.get(value.reveal(), called(value.kind))}")
    if isinstance(value, Mapping):
        return {name: displayable(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [displayable(item, names) for item in value]
    if isinstance(value, str):
        return Variable(f"${names[value]}") if value in names else scrub(value)
    return value


def on_the_wire(value: Any) -> Any:
    """Return `value` as it goes over the wire: tokens and secrets as their text."""
    if isinstance(value, Token):
        return value.text
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: on_the_wire(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [on_the_wire(item) for item in value]
    return value
