"""What pytest must know of the claims: options, parametrisation, fixtures, and how a claim that is not held reads.

Targets are looked at once, before collection, by the process that the user started (`run`); xdist workers are handed
the verdicts. The tests in this folder are the claims: one item a table (or migration, enum, service) and area.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from checks.run import ClaimsRun
from checks.values import AREAS, Case, HarnessError, TargetCase, Unverified
from postdeploy_checks_entry import PACKAGE, add_options, named, pytest_cmdline_main

__all__ = ["pytest_cmdline_main"]

pytest_plugins = ("checks.fast_loop", "checks.adopt.own_claims")
FIXTURES = {area.replace("-", "_"): area for area in AREAS}
STATE = pytest.StashKey[ClaimsRun]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pytest checks/`."""
    add_options(parser)


def wants_claims(config: pytest.Config) -> bool:
    """Whether this session was asked for the claims in this folder, and not only for other tests.

    A folder around a checkout asks for them; one around an installed package, such as a project's that has its virtual
    environment inside, does not.
    """
    if named(config):
        return True
    installed = PACKAGE.parent.name in ("site-packages", "dist-packages")
    return not installed and any((config.invocation_params.dir / argument.partition("::")[0]).resolve() in PACKAGE.parents
                                 for argument in config.args)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepares the run; after the terminal's reporter, whose clock starts first and shows the time of the look too."""
    run = config.stash[STATE] = ClaimsRun(config)
    if wants_claims(config) and not hasattr(config, "workerinput"):
        if getattr(config.option, "tbstyle", None) == "auto":
            config.option.tbstyle = "no"
        config.pluginmanager.register(run, "postdeploy-run")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Takes what an xdist worker was handed."""
    handed = getattr(session.config, "workerinput", {}).get("postdeploy_checks")
    if handed is not None:
        from checks.looking import unpacked

        session.config.stash[STATE].reports = unpacked(handed)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """An area without a claim on any target is not collected; `left_out` says why."""
    if collection_path.parent != PACKAGE or not collection_path.name.startswith("test_"):
        return None
    area = FIXTURES.get(collection_path.stem.removeprefix("test_"))
    return True if area is not None and not config.stash[STATE].cases(area) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a case: `[active_positions]`, `[prod-active_positions]` with several targets, `[tenants/acme]` with many."""
    if PACKAGE not in Path(metafunc.module.__file__ or "").resolve().parents:
        return
    run = metafunc.config.stash[STATE]
    for fixture, area in FIXTURES.items():
        if fixture in metafunc.fixturenames:
            found = run.cases(area)
            several = len(run.reports) > 1
            ids = ["-".join(filter(None, (report.target.name if several or not case.name else "", case.name)))
                   for report, case in found]
            metafunc.parametrize(fixture, [TargetCase(report.target.name, case) for report, case in found], ids=ids,
                                 indirect=True)


def _case(request: pytest.FixtureRequest) -> Case:
    about: TargetCase = request.param
    case = about.case
    marks = [("accepted", f"{verdict.claim}: {verdict.accepted.told}") for verdict in case.accepted if verdict.accepted]
    said = request.node.user_properties  # an item that is run again keeps what it said
    said += [each for each in (*about.told, *marks) if each not in said]
    if case.unverified and not case.broken:
        from checks.reports.terminal import case_story

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
def access(request: pytest.FixtureRequest) -> Case:
    """The claims about what one role can do, or everybody."""
    return _case(request)


@pytest.fixture
def deployment(request: pytest.FixtureRequest) -> Case:
    """The claims about one service, function, log group, freshness or the way back."""
    return _case(request)


@pytest.fixture
def drift(request: pytest.FixtureRequest) -> Case:
    """The drift claims of one table, or of what belongs to none."""
    return _case(request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None],
                              ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A claim that is not held tells its story instead of a traceback."""
    report = yield
    if call.excinfo is not None and PACKAGE in item.path.parents:
        if isinstance(call.excinfo.value, HarnessError):
            report.longrepr = str(call.excinfo.value)
        elif isinstance(call.excinfo.value, AssertionError):
            case = next((value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Case)), None)
            if case is not None:
                from checks.reports.terminal import case_story

                report.longrepr = case_story(case)
    return report
