"""Measures what the project promises, on loopback, and says of each figure whether it keeps its bound."""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.delay_relay import delayed
from tests.measuring import COMMAND, CaseResult, Served, UnmeasuredError, run, served

CORE = ["--profile", "core"]
KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"
RUNS = 5
ONE_WAY_S = 0.05
CONNECTIONS = 4
ENDPOINTS = 2000
IMPORTS = "pytest, httpx, hypothesis, freezegun, respx, jwt, cryptography, starlette, click, rich"


def cold_check() -> Iterator[CaseResult]:
    """The contract on the bundled reference, beside a plain pytest run with the same imports and no test.

    Both keep their bytecode, as they do on a second run.
    """
    with tempfile.TemporaryDirectory() as room:
        empty = Path(room) / "test_empty.py"
        empty.write_text(f'"""Nothing."""\nimport {IMPORTS}\n\ndef test_nothing():\n    pass\n')
        nothing = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", room, str(empty)]
        check = [COMMAND, "check", *CORE]
        run(check), run(nothing)
        pairs = [(run(check), run(nothing)) for _ in range(RUNS)]
        whole = [run([COMMAND, "check"]).seconds for _ in range(RUNS)]
    ours, theirs = (statistics.median(one.seconds for one in column) for column in zip(*pairs, strict=True))
    yield CaseResult(f"check reference, core, cold: median of {RUNS}", ours, 4, "s")
    yield CaseResult(f"  times an empty pytest run ({theirs:.2f} s)", ours / theirs, 5, "x")
    yield CaseResult("  peak memory", max(one.peak_mb for one, _ in pairs), 150, "MB")
    yield CaseResult(f"check reference, full, cold: median of {RUNS}", statistics.median(whole), 15, "s")


def starts() -> Iterator[CaseResult]:
    """How fast help is there, beside an interpreter that imports click alone, and a page of a full run."""
    click = [sys.executable, "-c", "import click"]
    for words in (["--help"], ["check", "--help"], ["report", "--help"], ["compare", "--help"]):
        run([COMMAND, *words]), run(click)
        pairs = [(run([COMMAND, *words]).cpu, run(click).cpu) for _ in range(2 * RUNS)]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        yield CaseResult(f"{' '.join(words)}: processor, median of {2 * RUNS}", ours, 0.3, "s")
        yield CaseResult(f"  times an import of click ({theirs:.2f} s)", ours / theirs, 3, "x")
    with tempfile.TemporaryDirectory() as room:
        result, page = Path(room) / "result.json", Path(room) / "report.html"
        run([COMMAND, "check", "--json", str(result)])
        for name, words, bound in (
            ("report --html of a full run", ["report", str(result), "--html", str(page)], 0.5),
            ("compare two full runs", ["compare", str(result), str(result)], 0.3),
        ):
            taken = statistics.median(run([COMMAND, *words]).cpu for _ in range(RUNS))
            yield CaseResult(f"{name}: processor, median of {RUNS}", taken, bound, "s")
        yield CaseResult("  size of the page", page.stat().st_size / 1e6, 1, "MB")


@dataclass(frozen=True)
class UrlBounds:
    """What a profile may ask of a URL, and how long it may take when every round trip takes 100 ms."""

    profile: str
    requests: int
    seconds: float


def url_check() -> Iterator[CaseResult]:
    """The contract on a URL, near and far, profile by profile."""
    with served() as service:
        for bounds in (UrlBounds("core", 700, 90), UrlBounds("full", 2600, 300)):
            yield from _one_profile(service, bounds)


def _one_profile(service: Served, bounds: UrlBounds) -> Iterator[CaseResult]:
    words = ["--profile", bounds.profile, "--polite", "--rate", "1000/s"]
    with tempfile.TemporaryDirectory() as room:
        report = Path(room) / "report.json"
        near = run(
            [COMMAND, "check", service.url, *words, "--json", str(report)], **{KEY_VARIABLE: service.key}
        )
        requests = json.loads(report.read_text())["targets"][0]["requests"]
    yield CaseResult(
        f"check URL, {bounds.profile}: requests (in {near.seconds:.2f} s)", requests, bounds.requests, ""
    )
    with delayed(service.port, ONE_WAY_S) as (port, relay):
        far = run([COMMAND, "check", f"http://127.0.0.1:{port}", *words], **{KEY_VARIABLE: service.key})
    name = f"check URL, {bounds.profile}, {2000 * ONE_WAY_S:.0f} ms away ({relay.connections} connections)"
    yield CaseResult(name, far.seconds, bounds.seconds, "s")


def mint(service: Served, times: int) -> None:
    """Mint on one kept connection."""
    import httpx  # Not at the top: what this process weighs at a start counts as the child's peak.

    body = {"workspaceId": "ws_bench", "paths": ["/bench/*"], "refreshTokenTtlSeconds": 7776000}
    with httpx.Client(base_url=service.url, headers={"x-api-key": service.key}, trust_env=False) as client:
        for _ in range(times):
            response = client.post("/v1/tokens/workspace-path", json=body)
            if response.status_code != 201:
                raise UnmeasuredError(f"a mint was answered {response.status_code}")


def minting() -> Iterator[CaseResult]:
    """How fast the reference mints on one core, asked by this process over a few kept connections."""
    with served() as service, ThreadPoolExecutor(CONNECTIONS) as pool:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(service.pid, {min(os.sched_getaffinity(0))})
        mint(service, 50)
        start = time.monotonic()
        list(pool.map(partial(mint, service), [ENDPOINTS // CONNECTIONS] * CONNECTIONS))
        seconds = time.monotonic() - start
    yield CaseResult(
        f"serve: mints a second, one process, {CONNECTIONS} connections",
        ENDPOINTS / seconds,
        250,
        "/s",
        floor=True,
    )


def launched_check() -> Iterator[CaseResult]:
    """The contract on a server that the harness starts, steers and traps: the reference as a process."""
    with tempfile.TemporaryDirectory() as room:
        report = Path(room) / "report.json"
        whole = run([COMMAND, "check", f"exec:{COMMAND} serve", *CORE, "--json", str(report)])
        results = json.loads(report.read_text())["targets"][0]["results"]
    yield CaseResult("check exec:serve, core", whole.seconds, 15, "s")
    yield CaseResult("  clauses not tried", sum(row["outcome"] == "not_tried" for row in results), 0, "")
    years = sum(row["seconds"] for row in results if row["clause"] == "CLK-03")
    yield CaseResult("  five years and thirty days of renewals, four endpoints", years, 3, "s")
    yield CaseResult(
        "check exec:serve, full", run([COMMAND, "check", f"exec:{COMMAND} serve"]).seconds, 60, "s"
    )


def self_proof() -> Iterator[CaseResult]:
    """The contract against every mutant."""
    yield CaseResult("mutants", run([COMMAND, "mutants"]).seconds, 90, "s")


MEASURES: dict[str, Callable[[], Iterator[CaseResult]]] = {
    "start": starts,
    "check": cold_check,
    "url": url_check,
    "mints": minting,
    "exec": launched_check,
    "mutants": self_proof,
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 if every figure keeps its bound, 1 if one does not or could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"one of {', '.join(MEASURES)} (default: all)"
    )
    sent = parser.parse_args(arguments).measures or list(MEASURES)
    if unknown := sorted(set(sent) - set(MEASURES)):
        parser.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    kept = True
    for name in sent:
        try:
            for row in MEASURES[name]():
                print(row, flush=True)
                kept = kept and row.ok
        except UnmeasuredError as fault:
            print(f"{name}: not measured: {fault}", flush=True)
            kept = False
    print("every bound is kept" if kept else "a bound is passed, or was not measured")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
