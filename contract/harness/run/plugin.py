"""The pytest side: which cases there are, what each of them gets, and what came of it."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from contract.harness.checks import KeySources
from contract.harness.client import OwnOrg, Service, TokenPairs
from contract.harness.errors import Blocked, NotTried, UsageError
from contract.harness.redaction import plain, scrub
from contract.harness.run.outcomes import CaseResult, exit_code
from contract.harness.run.plugin_run import CONTRACT_RUN, ContractRun, judge
from contract.harness.run.session import TargetSession
from contract.harness.run.settings import Settings
from contract.harness.spec import ENDPOINTS, SHAPED, Clause, MintEndpoint, Shape, catalogue
from contract.harness.targets import Access, Clock, Target, kind_of
from contract.harness.targets.connections import Kind


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what narrows a run; `relayauth-contract check` has the same words and more."""
    group = parser.getgroup("contract", "the token contract")
    group.addoption("--target", action="append", default=[], help="what is on trial (default: reference)")
    group.addoption("--clause", action="append", default=[], help="a clause id or a glob of ids")
    group.addoption(
        "--endpoint", action="append", default=[], choices=tuple(ENDPOINTS), help="a mint endpoint"
    )
    group.addoption(
        "--yes-i-may-test-this-host", action="store_true", help="for a URL that may be production"
    )
    group.addoption("--api-key-env", default=Access.api_key_env, help="the variable with the org API key")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Know the mark, and make a court from pytest's own options where no one else gave one."""
    config.addinivalue_line("markers", "clause(id): the clause of the contract that a case tries")
    config.addinivalue_line("markers", "last: what it does to the clock would hurt other cases after it")
    if CONTRACT_RUN not in config.stash:
        from contract.harness.targets import access_from

        targets = config.getoption("--target") or ["reference"]
        try:
            access = access_from(
                api_key_env=config.getoption("--api-key-env"),
                any_host=config.getoption("--yes-i-may-test-this-host"),
            )
            config.stash[CONTRACT_RUN] = ContractRun(
                Settings(
                    targets=tuple(Target(spec, spec, access) for spec in targets),
                    clauses=tuple(config.getoption("--clause")),
                    endpoints=tuple(config.getoption("--endpoint")),
                )
            )
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None


def _clause_of(node: pytest.Item | Any) -> Clause | None:
    mark = node.get_closest_marker("clause")
    return catalogue()[mark.args[0]] if mark else None


def pytest_pycollect_makeitem(collector: pytest.Module | Any, obj: object) -> list[pytest.Item] | None:
    """Leave a case alone that is about no chosen clause, before its rows are made."""
    contract_run = collector.config.stash[CONTRACT_RUN]
    marks = [mark.args[0] for mark in getattr(obj, "pytestmark", ()) if mark.name == "clause"]
    chosen = any(mark in clauses for mark in marks for clauses in contract_run.chosen.values())
    return [] if marks and not chosen else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Put each case on trial for every target, and a case about minting at every endpoint of its clause."""
    clause = _clause_of(metafunc.definition)
    if clause is None:
        return
    chosen = metafunc.config.stash[CONTRACT_RUN].chosen
    held = [target for target, clauses in chosen.items() if clause.id in clauses]
    metafunc.parametrize("session", held, indirect=True, scope="session")
    own_rows = any("mint" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "mint" in metafunc.fixturenames and not own_rows:
        rows = [row for name in clause.endpoints for row in SHAPED[name]]
        metafunc.parametrize("mint", rows, ids=str)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the clauses that were chosen, in the order of the catalogue, target by target."""
    contract_run = config.stash[CONTRACT_RUN]
    rank = {clause: number for number, clause in enumerate(catalogue().clauses)}
    targets = {name: number for number, name in enumerate(contract_run.sessions)}
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        (kept if _is_chosen(item, contract_run) else dropped).append(item)

    def place(item: pytest.Item) -> tuple[int, bool, int]:
        clause = _clause_of(item)
        if clause is None:
            return (-1, False, -1)
        last = item.get_closest_marker("last") is not None
        return targets[item.callspec.params["session"]], last, rank[clause.id]  # type: ignore[attr-defined]

    items[:] = sorted(kept, key=place)
    if dropped:
        config.hook.pytest_deselected(items=dropped)


def _is_chosen(item: pytest.Item, contract_run: ContractRun) -> bool:
    """Say whether a case is about a chosen clause, at a chosen endpoint where any was chosen."""
    clause = _clause_of(item)
    if clause is None:
        return True
    params = item.callspec.params  # type: ignore[attr-defined]
    mint: MintEndpoint | None = params.get("mint")
    endpoints = contract_run.settings.endpoints
    at_endpoint = not endpoints or (mint is not None and mint.name in endpoints)
    session = contract_run.sessions[params["session"]]
    in_shape = mint is None or mint.shape in shapes_for(clause, mint, kind_of(session.target.spec))
    return clause.id in contract_run.chosen[params["session"]] and at_endpoint and in_shape


SHARED = ("SES", "REV", "SEC")
"""The chapters that end or count sessions: on a URL they never use a session that has no name of its own."""


def shapes_for(clause: Clause, mint: MintEndpoint, kind: Kind) -> tuple[Shape, ...]:
    """Return the body shapes with which `clause` is tested at `mint` on a target of `kind`.

    On a URL `bare` sessions share their subject with everybody's: few are made there, and none is revoked.
    """
    shapes = tuple(mint.bodies)
    if kind == "url":
        mine = tuple(shape for shape in shapes if shape != "bare")
        return shapes if clause.shapes == "all" and clause.chapter not in SHARED else mine[: _number(clause)]
    return shapes[: _number(clause)]


def _number(clause: Clause) -> int | None:
    return None if clause.shapes == "all" else 1


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest) -> Iterator[TargetSession]:
    """The target on trial, open."""
    opened = request.config.stash[CONTRACT_RUN].sessions[request.param]
    try:
        opened.open()
        yield opened
    finally:
        opened.close()


@pytest.fixture(autouse=True)
def _offered(request: pytest.FixtureRequest) -> None:
    """Say of a case that the target does not offer what it needs, before it begins."""
    clause = _clause_of(request.node)
    if clause is None:
        return
    opened: TargetSession = request.getfixturevalue("session")
    opened.service.transcript.clear()
    opened.note = ""
    for need in clause.needs:
        if need in opened.connection.missing:
            raise NotTried(f"needs {need}: {opened.connection.missing[need]}")
    mint: MintEndpoint | None = request.node.callspec.params.get("mint")
    if mint is not None and mint.name in opened.own_org.closed:
        raise NotTried(opened.own_org.closed[mint.name])
    if mint is not None and mint.shape == "identity":
        _ = opened.own_org.own_identity


@pytest.fixture(scope="session")
def token_pairs(session: TargetSession) -> TokenPairs:
    """The pairs of the run: `pair`, `generation`, `fresh`, `rotate`."""
    return session.token_pairs


@pytest.fixture
def other_org(session: TargetSession) -> OwnOrg:
    """Another org on the target; opened after it was seen that there is one."""
    return session.other_org


@pytest.fixture(scope="session")
def service(session: TargetSession) -> Service:
    """The service under test, call by call."""
    return session.service


@pytest.fixture(scope="session")
def clock(session: TargetSession) -> Clock:
    """The service's time."""
    return session.connection.clock


@pytest.fixture(scope="session")
def key_sources(request: pytest.FixtureRequest, session: TargetSession) -> KeySources:
    """Where the deployment takes its keys from; the setups of all cases to come are observed at once."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    session.key_sources.prepare(
        call.params["setup"]
        for call in calls
        if call and call.params.get("session") == session.target.name and "setup" in call.params
    )
    return session.key_sources


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record what came of a case, and let no secret into pytest's own report of it."""
    report = yield
    clause = _clause_of(item)
    if clause is None:
        return report
    error = call.excinfo.value if call.excinfo else None
    if error is not None or call.when == "call":
        params = item.callspec.params  # type: ignore[attr-defined]
        mint = params.get("mint")
        opened = item.config.stash[CONTRACT_RUN].sessions[params["session"]]
        outcome, why = judge(error) if error is not None else ("pass", opened.note)
        if outcome == "fail" and mint and len(mint.bodies) > 1:
            why += f" (body shape: {mint.shape})"
        row = CaseResult(
            clause=clause.id,
            endpoint=mint.name if mint else None,
            shape=mint.shape if mint and len(mint.bodies) > 1 else None,
            case=item.name,
            outcome=outcome,
            why=plain(why),
            seconds=call.duration,
            transcript=tuple(opened.service.transcript) if outcome == "fail" else (),
            blocked_by=error.by if isinstance(error, Blocked) else None,
        )
        item.config.stash[CONTRACT_RUN].record(params["session"], row)
        _tell_pytest(report, row)
    return report


def _tell_pytest(report: pytest.TestReport, row: CaseResult) -> None:
    if row.outcome in ("not_tried", "blocked"):
        said = f"blocked by {row.blocked_by}" if row.outcome == "blocked" else "not tried"
        report.outcome = "skipped"
        report.longrepr = (str(report.location[0]), report.location[1] or 0, f"{said}: {row.why}")
    elif report.longrepr is not None:
        report.longrepr = row.why if row.outcome == "fail" else scrub(str(report.longrepr))
    report.sections = [(name, scrub(text)) for name, text in report.sections]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the run the exit code of its verdict, where there was a trial."""
    trials = session.config.stash[CONTRACT_RUN].sessions.values()
    if exitstatus in (0, 1) and any(each.rows for each in trials):
        session.exitstatus = exit_code([each.report for each in trials])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End pytest's own report with the verdict."""
    reports = [
        each.report for each in config.stash[CONTRACT_RUN].sessions.values() if each.rows or each.problem
    ]
    if reports:
        terminalreporter.section("the contract")
        for report in reports:
            terminalreporter.write_line(report.sentence)
