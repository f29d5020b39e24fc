"""Scopes: what a grant covers."""

import pytest

from reference_impl.scopes import covers


@pytest.mark.parametrize(
    ("grant", "wanted", "covered"),
    [("*:*:*:*", "cloud:run:read", True), ("cloud:run:manage", "cloud:run:delete", True),
     ("cloud:run:manage", "cloud:run:invoke", False), ("cloud:run:read", "cloud:run:manage", False),
     ("cloud:run:manage", "cloud:run:*", False), ("cloud:run:read", "relayfile:run:read", False),
     ("relayfile:fs:read:/a/*", "relayfile:fs:read:/a/b/c", True), ("relayfile:fs:read:/a/*",
      "relayfile:fs:read:/a", False),
     ("relayfile:fs:read:/a/*", "relayfile:fs:read:/ab", False), ("relayfile:fs:read:/a/*",
      "relayfile:fs:read", False),
     ("relayfile:fs:read:/a/*", "relayfile:fs:read:/a/../b", False), ("relayfile:fs:read:/a",
      "relayfile:fs:read:/a/b", False),
     ("cloud:run:read:/a/*", "cloud:run:read:/a/b", False), ("cloud:run", "cloud:run:read", False)],
    ids=["all", "manage", "manage-is-four", "read-is-not-manage", "star-asked", "plane", "below", "itself",
         "neighbour", "pathless", "climbing", "no-star", "other-plane", "malformed"],
)  # fmt: skip
def test_a_grant_matches_segment_by_segment(grant: str, wanted: str, covered: bool) -> None:
    """wire.md, Scopes."""
    assert covers(grant, wanted) is covered
