"""The legal life of a session as one table: what each event makes of it, and what each request is answered.

It is the oracle of API-03, written from docs/contract.md alone. `docs/session-model.md` is drawn from it.
"""

import enum
from collections.abc import Iterator, Mapping


class State(enum.Enum):
    """What has become of a session; the value is what a person reads."""

    LIVE = "its newest refresh token can be redeemed"
    ORPHANED = "the workspace token that minted it is revoked"
    EXPIRED = "its newest refresh token has expired"
    OPEN = "the contract does not say whether it goes on"
    ENDED = "it is revoked, with all its tokens"


class Event(enum.Enum):
    """What happens to a session; the value is what a person reads."""

    REFRESH = "its newest refresh token is redeemed"
    REPLAY = "a used refresh token is presented before its exp"
    LATE_REPLAY = "a used refresh token is presented after its exp"
    REVOKE = "it is revoked by session, by identity or by the id of a refresh token"
    REVOKE_ACCESS = "one of its access tokens is revoked by its id"
    END_IDENTITY = "its identity is suspended, retired or deleted"
    END_NAMESAKE = "an identity ends that a path token happens to name"
    REVOKE_MINTER = "the workspace token that minted it is revoked"
    EXPIRE = "the exp of its newest refresh token passes"
    REACTIVATE = "its identity is reactivated"
    RESTART = "the server restarts on the same database"


class Answer(enum.Enum):
    """What a request about a session is answered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    EITHER = "either"


_S, _E, _A = State, Event, Answer

TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    _S.LIVE: {
        _E.REFRESH: _S.LIVE,
        _E.REPLAY: _S.ENDED,
        _E.LATE_REPLAY: _S.OPEN,
        _E.REVOKE: _S.ENDED,
        _E.REVOKE_ACCESS: _S.OPEN,
        _E.END_IDENTITY: _S.ENDED,
        _E.END_NAMESAKE: _S.OPEN,
        _E.REVOKE_MINTER: _S.ORPHANED,
        _E.EXPIRE: _S.EXPIRED,
        _E.REACTIVATE: _S.LIVE,
        _E.RESTART: _S.LIVE,
    },
    _S.ORPHANED: {
        _E.REFRESH: _S.ORPHANED,
        _E.REPLAY: _S.ORPHANED,
        _E.LATE_REPLAY: _S.ORPHANED,
        _E.REVOKE: _S.ENDED,
        _E.REVOKE_ACCESS: _S.ORPHANED,
        _E.END_IDENTITY: _S.ENDED,
        _E.END_NAMESAKE: _S.ORPHANED,
        _E.REVOKE_MINTER: _S.ORPHANED,
        _E.EXPIRE: _S.ORPHANED,
        _E.REACTIVATE: _S.ORPHANED,
        _E.RESTART: _S.ORPHANED,
    },
    _S.EXPIRED: {
        _E.REFRESH: _S.EXPIRED,
        _E.REPLAY: _S.ENDED,
        _E.LATE_REPLAY: _S.OPEN,
        _E.REVOKE: _S.ENDED,
        _E.REVOKE_ACCESS: _S.OPEN,
        _E.END_IDENTITY: _S.ENDED,
        _E.END_NAMESAKE: _S.OPEN,
        _E.REVOKE_MINTER: _S.ORPHANED,
        _E.EXPIRE: _S.EXPIRED,
        _E.REACTIVATE: _S.EXPIRED,
        _E.RESTART: _S.EXPIRED,
    },
    _S.OPEN: {
        _E.REFRESH: _S.OPEN,
        _E.REPLAY: _S.ENDED,
        _E.LATE_REPLAY: _S.OPEN,
        _E.REVOKE: _S.ENDED,
        _E.REVOKE_ACCESS: _S.OPEN,
        _E.END_IDENTITY: _S.ENDED,
        _E.END_NAMESAKE: _S.OPEN,
        _E.REVOKE_MINTER: _S.ORPHANED,
        _E.EXPIRE: _S.OPEN,
        _E.REACTIVATE: _S.OPEN,
        _E.RESTART: _S.OPEN,
    },
    _S.ENDED: dict.fromkeys(_E, _S.ENDED),
}
"""What each event makes of a session in each state."""

REFRESHES: Mapping[State, Answer] = {
    _S.LIVE: _A.ACCEPTED,
    _S.ORPHANED: _A.REFUSED,
    _S.EXPIRED: _A.REFUSED,
    _S.OPEN: _A.EITHER,
    _S.ENDED: _A.REFUSED,
}
"""What its newest refresh token is answered at refresh. A used one is refused in every state."""

BEARERS: Mapping[State, Answer] = {
    _S.LIVE: _A.ACCEPTED,
    _S.ORPHANED: _A.EITHER,
    _S.EXPIRED: _A.ACCEPTED,
    _S.OPEN: _A.EITHER,
    _S.ENDED: _A.REFUSED,
}
"""What its access tokens are answered before their own `exp`, presented as bearers or introspected."""

SHOWN: Mapping[State, Answer] = {
    _S.LIVE: _A.ACCEPTED,
    _S.ORPHANED: _A.EITHER,
    _S.EXPIRED: _A.REFUSED,
    _S.OPEN: _A.EITHER,
    _S.ENDED: _A.REFUSED,
}
"""Whether introspection shows its newest refresh token. A used one is never shown."""


def after(state: State, event: Event) -> State:
    """Return what `event` makes of a session in `state`."""
    return TRANSITIONS[state][event]


def diagram() -> Iterator[str]:
    """Yield the table as a state diagram of Mermaid; events that change nothing are left out."""
    yield "stateDiagram-v2"
    yield "    [*] --> LIVE: minted"
    for state, row in TRANSITIONS.items():
        for event, becomes in row.items():
            if becomes is not state:
                yield f"    {state.name} --> {becomes.name}: {event.name}"


def page() -> str:
    """Return `docs/session-model.md`."""
    events = "\n".join(f"| `{event.name}` | {event.value} |" for event in Event)
    states = "\n".join(
        f"| `{state.name}` | {state.value} | {REFRESHES[state].value} | {BEARERS[state].value} | "
        f"{SHOWN[state].value} |"
        for state in State
    )
    drawing = "\n".join(diagram())
    return f"""# The life of a session

Drawn from the table in `contract/harness/spec/session_model.py`, the oracle of API-03.

```mermaid
{drawing}
```

| state | what it means | refresh | bearer | introspection of its refresh token |
| --- | --- | --- | --- | --- |
{states}

What is said of bearers holds to their own `exp`. A used refresh token is refused in every state. Between an
`exp` and 60 s after it either answer is right.

| event | what happens |
| --- | --- |
{events}
"""
