"""Walks on two targets at once: how a step is told, and what of a walk is left in real time."""

import pytest

from contract.harness.checks.paired_walks import in_real_time, told
from contract.harness.checks.session_walks import Step


def test_a_walk_in_real_time_waits_for_nothing() -> None:
    steps: list[Step] = [
        {"do": "mint", "at": "path-named", "ttl": 60, "horizon": 600},
        {"do": "wait", "seconds": 8 * 86400},
        {"do": "refresh", "session": 0},
    ]
    kept = in_real_time(steps)
    assert [each["do"] for each in kept] == ["mint", "refresh"]
    assert kept[0]["ttl"] >= 3600
    assert kept[0]["horizon"] >= 86400
    assert steps[0]["ttl"] == 60


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"do": "mint", "at": "agent", "ttl": None, "horizon": 600}, "mint session 3 at agent with no TTL"),
        (
            {"do": "mint", "at": "path-bare", "ttl": 60, "horizon": 600},
            "mint session 3 at path-bare with refreshTokenTtlSeconds 60, delegationNotAfter in 600 s",
        ),
        ({"do": "refresh", "session": 3}, "refresh session 2"),
        ({"do": "replay", "session": 0, "age": 4},
         "present the used refresh token of session 1, from 1 rotation ago"),
        ({"do": "bearer", "session": 0, "age": 2},
         "present the access token of session 1, from 2 rotations ago, as a bearer"),
        ({"do": "introspect", "session": 1, "kind": "access"}, "introspect the access token of session 2"),
        ({"do": "revoke", "session": 1, "by": "refresh token"},
         "revoke by the id of the refresh token of session 2"),
        ({"do": "revoke", "session": 1, "by": "identity"}, "revoke by the identity id of session 2"),
        ({"do": "delete"}, "delete the identity"),
        ({"do": "revoke workspace token"}, "revoke the workspace token"),
    ],
)  # fmt: skip
def test_a_step_is_told_in_plain_words(step: Step, text: str) -> None:
    """Of two sessions, the first of which was rotated twice."""
    assert told(step, (2, 0)) == text
