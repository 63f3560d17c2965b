"""The only module that knows pytest: options, fixtures, parametrisation, header, summary and exit code.

Targets are looked at once, before collection, by the process that the user started; xdist workers are handed the
verdicts. The tests in this folder are the claims: one item a table (or migration, enum, service) and area.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.expectation.derive import expectation_of
from checks.values import AREAS, Case, HarnessError, Unverified, UsageError, Verdict, as_unverified

if TYPE_CHECKING:
    from checks.claims.verify import Report

HERE = Path(__file__).resolve().parent
EXIT_UNVERIFIED = 6
_VERDICT = [field.name for field in fields(Verdict)]
FIXTURES = {area.replace("-", "_"): area for area in AREAS}
STATE = pytest.StashKey["_Run"]()


class _Run:
    """What this session knows: a Report a target, and which of its cases ran with what outcome."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.contract = ""
        self.started = dt.datetime.now(dt.UTC)
        self.ran: set[tuple[str, str, str]] = set()
        self.other_failures = False

    def cases(self, area: str) -> list[tuple[Report, Case]]:
        """Every case of `area` on every target."""
        return [(report, case) for report in self.reports for case in report.cases if case.area == area]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pytest checks/`."""
    group = parser.getgroup("postdeploy-checks")
    group.addoption("--target", action="append", metavar="NAME|URL", default=None,
                    help="where to look: a name in contract.toml, or a postgresql:// URL; repeatable")
    group.addoption("--contract", metavar="FILE", default=None, help="default: contract.toml in the rootdir")
    group.addoption("--writes", choices=("never", "scratch"), default=None,
                    help="for URL targets: scratch says that this database may be destroyed (default: never)")
    group.addoption("--through", metavar="VERSION", default=None,
                    help="the migration this target should have reached; later files are pending")
    group.addoption("--evidence", metavar="FILE", default=None, help="write the evidence JSON")


def wants_claims(config: pytest.Config) -> bool:
    """Whether this session was asked for the claims in this folder, and not only for other tests."""
    for argument in config.args:
        name = argument.partition("::")[0]
        if name == "checks" or name.startswith("checks."):
            return True
        path = (config.invocation_params.dir / name).resolve()
        if path == HERE or HERE in path.parents or path in HERE.parents:
            return True
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Looks at every target, before anything is collected."""
    config = session.config
    run = config.stash[STATE] = _Run()
    handed = getattr(config, "workerinput", {}).get("postdeploy_checks")
    if handed is not None:
        with _without_collection():
            run.reports = [_report_from(data) for data in json.loads(handed)]
    elif wants_claims(config) and not hasattr(config, "workerinput"):
        if config.option.tbstyle == "auto":
            config.option.tbstyle = "no"
        try:
            with _without_collection():
                _look_everywhere(config, run)
            config.pluginmanager.register(_Recorder(run), "postdeploy-recorder")
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        except HarnessError as error:
            pytest.exit(f"UNVERIFIED: {error}", returncode=EXIT_UNVERIFIED)


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection while catalogues are read: none of it is garbage, and the search takes longest."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def _look_everywhere(config: pytest.Config, run: _Run) -> None:
    from checks.contract.reader import read_contract
    from checks.target.target import resolve_target

    file = Path(config.option.contract) if config.option.contract else config.rootpath / "contract.toml"
    contract = read_contract(config.invocation_params.dir / file)
    run.contract = file.name
    if config.option.evidence:
        _writable(Path(config.option.evidence))
    wanted = list(dict.fromkeys(config.option.target or [None]))
    targets = [resolve_target(name, contract, writes=config.option.writes, through=config.option.through)
               for name in wanted]
    for target in targets:
        run.reports.append(_look(target, contract, config))


def _areas(config: pytest.Config) -> set[str]:
    """The areas whose files were asked for; all when a folder was."""
    stems = [Path(argument.partition("::")[0]).stem.removeprefix("test_") for argument in config.args]
    return {FIXTURES[stem] for stem in stems} if all(stem in FIXTURES for stem in stems) else set(AREAS)


def _say(config: pytest.Config) -> Callable[[str], None]:
    """Takes lines about what takes long; silent with -q."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.write_line if reporter is not None and reporter.verbosity >= 0 else lambda line: None


def _look(target: Any, contract: Any, config: pytest.Config) -> Report:
    """The Report of one target; when it cannot be looked at, every case of it is unverified."""
    from checks import check

    with as_unverified():
        expectation = expectation_of(contract, target)
    if config.option.collectonly:
        return check.unseen(target, expectation, "the target was not contacted (--collect-only)", failed=False)
    return check.check(target, expectation, _areas(config), _say(config))


def _writable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise UsageError(f"--evidence {path} cannot be written: {error.strerror}.") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hands the verdicts to an xdist worker."""
    run = node.config.stash[STATE]
    node.workerinput["postdeploy_checks"] = json.dumps([_report_data(report) for report in run.reports])


def _report_data(report: Report) -> dict[str, Any]:
    return {"name": report.target.name, "cases": [
        (case.area, case.name, [[getattr(verdict, name) for name in _VERDICT] for verdict in case.verdicts])
        for case in report.cases]}


def _report_from(data: dict[str, Any]) -> Any:
    from checks.claims.verify import Report
    from checks.contract.contract import TargetSpec
    from checks.target.target import Target

    cases = tuple(Case(area, name, tuple(Verdict(*verdict) for verdict in verdicts))
                  for area, name, verdicts in data["cases"])
    return Report(Target(TargetSpec(data["name"]), None), cases, ())


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What was reached, and what is left out."""
    from checks.report import header

    run = config.stash.get(STATE, _Run())
    return [line for report in run.reports for line in header(report, run.contract)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """An area without a claim on any target is not collected; `left_out` says why."""
    if collection_path.parent != HERE or not collection_path.name.startswith("test_"):
        return None
    area = FIXTURES.get(collection_path.stem.removeprefix("test_"))
    run = config.stash.get(STATE, _Run())
    return True if area is not None and not run.cases(area) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a case: `[active_positions]`, or `[prod-active_positions]` with several targets."""
    if HERE not in Path(metafunc.module.__file__ or "").resolve().parents:
        return
    run = metafunc.config.stash[STATE]
    for fixture, area in FIXTURES.items():
        if fixture in metafunc.fixturenames:
            found = run.cases(area)
            several = len(run.reports) > 1
            ids = [f"{report.target.name}-{case.name}" if several else case.name for report, case in found]
            metafunc.parametrize(fixture, [(report.target.name, case) for report, case in found], ids=ids,
                                 indirect=True)


def _case(request: pytest.FixtureRequest) -> Case:
    target: str
    case: Case
    target, case = request.param
    request.node.user_properties.append(("case", json.dumps([target, case.area, case.name])))
    if case.unverified and not case.broken:
        from checks.report import case_story

        raise Unverified(case_story(case))
    return case


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Case:
    """The claims about one migration, or about the ledger itself."""
    return _case(request)


@pytest.fixture
def constraints(request: pytest.FixtureRequest) -> Case:
    """The constraint claims of one table."""
    return _case(request)


@pytest.fixture
def enums(request: pytest.FixtureRequest) -> Case:
    """The claim about one declared enum."""
    return _case(request)


@pytest.fixture
def dedupe(request: pytest.FixtureRequest) -> Case:
    """The claims about one `[dedupe.NAME]`."""
    return _case(request)


@pytest.fixture
def false_success(request: pytest.FixtureRequest) -> Case:
    """The claims about one Lambda function, or one audited script."""
    return _case(request)


@pytest.fixture
def drift(request: pytest.FixtureRequest) -> Case:
    """The drift claims of one table, or of what belongs to none."""
    return _case(request)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs held claims without fixtures, capture and log handling, which are most of an item's time.

    A claim that is not held goes pytest's own way, and so does everything when a worker or a debugger runs it.
    """
    option = session.config.option
    plainly = option.collectonly or option.setupshow or option.setuponly or option.usepdb or option.trace
    if plainly or session.testsfailed or hasattr(session.config, "workerinput") \
            or not any(map(_is_held, session.items)):
        return None
    others = [item for item in session.items if not _is_held(item)]
    following = dict(zip_longest(others, others[1:]))
    for item in session.items:
        if item in following:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following[item])
        else:
            _run_held(item)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """The same in an xdist worker, but for the last claim of a module, which takes the module down."""
    if not hasattr(item.config, "workerinput") or nextitem is None or nextitem.parent is not item.parent \
            or not _is_held(item):
        return None
    _run_held(item)
    return True


def _is_held(item: pytest.Item) -> bool:
    """Whether `item` is a claim of this folder about just one case, in which everything is held; nothing marks it."""
    values = list(getattr(getattr(item, "callspec", None), "params", {}).values())
    if len(values) != 1 or not isinstance(values[0], tuple) or not isinstance(values[0][-1], Case):
        return False
    return item.get_closest_marker("skip") is None and all(
        verdict.verdict == "held" for verdict in values[0][-1].verdicts)


def _run_held(item: pytest.Item) -> None:
    """Asserts the claim and tells pytest of the three phases that it passed."""
    (target, case), = item.callspec.params.values()  # type: ignore[attr-defined]
    hook, place = item.ihook, item.location
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=place)
    start = time.time()
    item.obj(case)  # type: ignore[attr-defined]
    stop = time.time()
    item.user_properties.append(("case", json.dumps([target, case.area, case.name])))
    for when in ("setup", "call", "teardown"):
        hook.pytest_runtest_logreport(report=pytest.TestReport(
            item.nodeid, place, {item.name: 1}, "passed", None, when, [],
            stop - start if when == "call" else 0.0, start, stop, item.user_properties))
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None],
                              ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A claim that is not held tells its story instead of a traceback."""
    report = yield
    if call.excinfo is not None and HERE in item.path.parents:
        if isinstance(call.excinfo.value, HarnessError):
            report.longrepr = str(call.excinfo.value)
        elif isinstance(call.excinfo.value, AssertionError):
            case = next((value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Case)), None)
            if case is not None:
                from checks.report import case_story

                report.longrepr = case_story(case)
    return report


class _Recorder:
    """Counts what ran, in the process that the user started."""

    def __init__(self, run: _Run) -> None:
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers each case that ran."""
        if report.passed and report.when != "call":
            return
        for name, value in report.user_properties:
            if name == "case" and isinstance(value, str):
                target, area, case = json.loads(value)
                self.run.ran.add((target, area, case))
                return
        if report.failed:
            self.run.other_failures = True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Writes the evidence, and turns pytest's 0 or 1 into 0 held, 1 broken, 6 unverified."""
    run = session.config.stash.get(STATE, None)
    if run is None or not run.ran or hasattr(session.config, "workerinput"):
        return
    from checks.report import verdict_word

    gc.freeze()  # nothing is looked for in thousands of items that end with the process anyway
    verdicts = [verdict for report in run.reports for case in report.cases for verdict in case.verdicts
                if (report.target.name, case.area, case.name) in run.ran]
    if session.config.option.evidence:
        _write_evidence(Path(session.config.option.evidence), run)
    if exitstatus in (0, 1) and not run.other_failures:
        session.exitstatus = {"held": 0, "broken": 1, "unverified": EXIT_UNVERIFIED}[verdict_word(verdicts)]


def _write_evidence(path: Path, run: _Run) -> None:
    """One file; with several targets one each, `evidence.prod.json`."""
    from checks.report import as_text, evidence

    finished = dt.datetime.now(dt.UTC)
    for report in run.reports:
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in report.target.name)
        file = path if len(run.reports) == 1 else path.with_suffix(f".{name}{path.suffix}")
        document = evidence(report, run.ran, run.started, finished)
        file.write_text(as_text(document), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The closing table and the story of every claim that is not held."""
    run = config.stash.get(STATE, None)
    if run is None or not run.ran:
        return
    from checks.report import closing

    if any(report.failure for report in run.reports):  # one reason for all: said once, below
        terminalreporter.reportchars = terminalreporter.reportchars.replace("E", "")
    terminalreporter.section("claims")
    for line in closing(run.reports, run.ran):
        terminalreporter.line(line)


