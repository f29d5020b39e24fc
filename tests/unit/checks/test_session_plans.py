"""Plans of walks: each step has something to act on, and the same seed gives the same steps."""

import json
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from contract.harness.checks.session_plans import LONGEST, SHORTEST, Plan
from contract.harness.checks.session_steps import walks
from contract.harness.checks.session_walker import Walker, rows_from, seed_of, walking
from contract.harness.checks.session_walks import ROWS, Step, Walk
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import Target, connect

PLANS = 40


def plan(number: int, endpoint: str = "path") -> list[Step]:
    return Plan(rows_from(endpoint, ()), random.Random(number)).steps


@pytest.fixture(scope="module")
def walker() -> Iterator[Walker]:
    with connect(Target("reference", "reference")) as connection, walking(connection) as walker:
        yield walker


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_step_of_a_plan_does_something_on_the_reference(walker: Walker, endpoint: str) -> None:
    for number in range(PLANS // len(ENDPOINTS)):
        walk = Walk(walker.own_org, walker.restart)
        walk.take(plan(number, endpoint))
        assert len(walk.history) == walk.taken + walk.looks


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_plan_begins_with_a_mint_at_its_own_endpoint(endpoint: str) -> None:
    for number in range(PLANS):
        first, *_ = plan(number, endpoint)
        assert (first["do"], ROWS[first["at"]].name) == ("mint", endpoint)


def test_plans_are_of_many_lengths_and_do_everything() -> None:
    plans = [plan(number) for number in range(10 * PLANS)]
    assert min(map(len, plans)) <= SHORTEST + 4
    assert max(map(len, plans)) >= LONGEST
    done = Counter(step["do"] for steps in plans for step in steps)
    assert done.keys() == {
        *("mint", "refresh", "replay", "bearer", "introspect", "revoke", "wait", "restart"),
        *("suspend", "reactivate", "retire", "delete", "revoke workspace token"),
    }
    ways = Counter(step["by"] for steps in plans for step in steps if step["do"] == "revoke")
    assert ways.keys() == {"session", "identity", "refresh token", "access token"}
    ages = {step["age"] for steps in plans for step in steps if step["do"] == "replay"}
    assert ages >= set(range(6))


def taken_with(seed: int, endpoint: str) -> list[str]:
    taken: list[str] = []
    walks(
        rows_from(endpoint, ()),
        lambda steps: taken.append(json.dumps(steps)),
        first=(),
        number=5,
        seed=seed_of(endpoint, seed),
        shrink=False,
    )
    return taken


def test_the_same_seed_gives_the_same_walks_and_another_one_gives_others() -> None:
    assert taken_with(3, "path") == taken_with(3, "path")
    seen = [taken_with(seed, endpoint) for seed in (0, 1) for endpoint in ENDPOINTS]
    assert len({walk for walks_of_one in seen for walk in walks_of_one}) == 5 * len(seen)


def test_a_closed_endpoint_is_minted_at_by_no_walk() -> None:
    assert {ROWS[row].name for row in rows_from("path", {"agent", "identity"})} == {"path", "workspace-path"}
