"""Takes walks: 10,000 steps on the reference, and on each mutant of sessions until it is killed."""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from contract.harness.checks.session_steps import walks
from contract.harness.checks.session_walker import Walker, rows_from, seed_of, walking
from contract.harness.errors import Violation
from contract.harness.jose import other_key, run_key
from contract.harness.spec import ENDPOINTS
from contract.harness.targets import Target, connect
from reference_impl.mutants import mutants
from tests.support.unseen_by_walks import UNSEEN

STEPS = 10_000
"""Steps on the reference: those of the walks, and the looks at what became of a session."""
CPU_SECONDS = 20.0
MOST = 5_000
"""Steps, counted in the same way, within which a mutant must be killed."""
AT_A_TIME = 5
"""Walks from one endpoint before it is the next one's turn."""
MODULES = (
    "inactive_identities",
    "introspection",
    "lasting",
    "org_borders",
    "restarts",
    "revocation",
    "rotation",
    "sequences",
    "sessions",
)
FAMILIES = ("CLK", "META", "REV", "ROT", "SES", "TTL")


def mutants_of_sessions() -> Sequence[str]:
    """Return the mutants of the modules about sessions, and those that break a clause about them."""
    return [
        name
        for name, mutant in mutants().items()
        if mutant.__module__.rpartition(".")[2] in MODULES
        or any(clause.startswith(FAMILIES) for clause in mutant.breaks)
    ]


def turns(walker: Walker, seed: int) -> Iterator[str]:
    """Take some walks from one endpoint after the other, without end; yield the endpoint after each turn."""
    for number in itertools.count():
        for endpoint in ENDPOINTS:
            own = f"{seed_of(endpoint, seed)}{number:04}"
            rows = rows_from(endpoint, walker.own_org.closed)
            walks(rows, walker.take, first=(), number=AT_A_TIME, seed=int(own), shrink=False)
            yield endpoint


@dataclass(frozen=True)
class Soaked:
    """What walks came to on one target: `looks` of the `steps` were looks; `found` is what a mutant did."""

    name: str
    steps: int
    looks: int
    cpu_seconds: float
    found: str = ""


def soak(name: str, steps: int, seed: int = 0) -> Soaked:
    """Take walks on a target, `steps` at least unless one fails first."""
    begun, found = time.process_time(), ""
    target = Target(name, name)
    with connect(target) as connection, walking(connection) as walker:
        try:
            for _ in turns(walker, seed):
                if walker.steps + walker.looks >= steps:
                    break
        except Violation as violation:
            found = str(violation).partition(" (after: ")[0]
    taken = walker.steps + walker.looks
    return Soaked(name.removeprefix("mutant:"), taken, walker.looks, time.process_time() - begun, found)


def reference(seed: int) -> bool:
    """Print how fast walks are on the reference; False if one failed or the bound is passed."""
    soaked = soak("reference", STEPS, seed)
    print(
        f"reference: {soaked.steps} steps, {soaked.looks} of them looks, in {soaked.cpu_seconds:.1f} CPU s"
        f" (at most {CPU_SECONDS:g} for {STEPS}): {soaked.steps / soaked.cpu_seconds:.0f} steps/s",
        flush=True,
    )
    if soaked.found:
        print(f"reference: {soaked.found}", flush=True)
    return not soaked.found and soaked.cpu_seconds * STEPS <= CPU_SECONDS * soaked.steps


def killed(names: Sequence[str], seed: int) -> bool:
    """Print after how many steps each mutant was killed; False if one survives."""
    run_key(), other_key()  # made once, before the processes are forked
    survived, taken = [], []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for soaked in pool.map(partial(soak, steps=MOST, seed=seed), [f"mutant:{name}" for name in names]):
            dead = bool(soaked.found) and soaked.steps <= MOST
            taken.append(soaked.steps)
            if not dead:
                survived.append(soaked.name)
            print(
                f"{'killed' if dead else 'SURVIVED':<9} {soaked.name:<52} {soaked.steps:>5} steps", flush=True
            )
    print(
        f"{len(names) - len(survived)} of {len(names)} mutants of sessions killed, each within {MOST} steps;"
        f" half of them within {sorted(taken)[len(taken) // 2]}"
    )
    return not survived


def main(arguments: list[str] | None = None) -> int:
    """Take the walks; 0 if the reference agrees with the model in time and every mutant is killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("mutants", nargs="*", metavar="MUTANT", help="these mutants alone (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of all walks (default: %(default)s)")
    sent = parser.parse_args(arguments)
    known = mutants_of_sessions()
    unseen = {name for names in UNSEEN.values() for name in names}
    if unknown := sorted(set(sent.mutants) - set(known)):
        parser.error(f"no mutant of sessions: {', '.join(unknown)}")
    if sent.mutants:
        return 0 if killed(sent.mutants, sent.seed) else 1
    kept = reference(sent.seed)
    for why, names in UNSEEN.items():
        print(f"{len(names):>3} mutants are not tried: {why}")
    kept = killed([name for name in known if name not in unseen], sent.seed) and kept
    print("the soak holds" if kept else "the soak does not hold")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
