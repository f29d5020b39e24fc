"""What a mint endpoint enters into `meta` by itself (docs/contract.md, Entries of meta)."""

import json
from typing import Any

from contract.harness.checks.assertions import describe, require
from contract.harness.client import Pair
from contract.harness.spec import DEFAULT_AGENT_NAME, MintEndpoint


def require_own_entries(pair: Pair, mint: MintEndpoint, first: Pair, *, sent: str) -> None:
    """Require that `meta` of both tokens holds the own entries of `mint`, as its pair `first` has to.

    An entry that is JSON text may list its values in any order. ROT-07 is about a token without parent.
    """
    body, granted = first.response.request.members, first.access.claims
    lists = {
        "paths": body.get("paths"),
        "accessScopes": granted.get("scopes"),
        "accessAudience": granted.get("aud"),
    }
    texts = {"agentName": body.get("agentName") or body.get("agentId") or DEFAULT_AGENT_NAME}
    if (parent := granted.get("parentTokenId")) is not None:
        texts["workspaceTokenId"] = parent
    for name, token in pair.tokens.items():
        for entry in sorted(mint.own_meta):
            got = token.meta.get(entry)
            if entry in lists:
                want, same = lists[entry], entries_of(got) == _sorted(lists[entry])
            else:
                want, same = texts.get(entry, got), texts.get(entry, got) == got
            require(
                same,
                sent=sent,
                requires=f"meta.{entry} is {describe(want)}{', as JSON text' if entry in lists else ''}",
                got=f"it was {describe(got)} in the {name} token",
            )


def entries_of(text: Any) -> list[str] | None:
    """Return the sorted entries of a JSON list that stands as text in `meta`, None if it is none."""
    try:
        return _sorted(json.loads(text))
    except (TypeError, ValueError):
        return None


def _sorted(entries: Any) -> list[str] | None:
    return sorted(map(str, entries)) if isinstance(entries, list) else None
