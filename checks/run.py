"""One run of the claims, in the process that the user started: looks, tells, counts what ran, writes the evidence."""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks.reports.handover import Handover
from checks.values import AREAS, Case, HarnessError, UsageError
from postdeploy_checks_entry import option, taken, typed

if TYPE_CHECKING:
    from checks.claims.verify import Report
    from checks.looking import Plan, Wanted
    from checks.reports.runs import RunRecord

EXIT_UNVERIFIED = 6
MANY, FEW = 20, 4
"""With more targets than this an item is an area of a target; with more than that the header tells of them together."""
MOST_LOOKS = 256
PLACE = ("--target", "--contract", "--writes", "--through", "--shard")
"""Without these a run might look elsewhere than it was told to."""


class ClaimsRun:
    """What is known of this run: a Report a target, and which of its cases ran. Registered, it is a plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.reports: list[Report] = []
        self.looked_s: list[float] = []
        """How long each look took, in seconds."""
        self.contract = ""
        self.started = dt.datetime.now(dt.UTC)
        self.ran: set[tuple[str, str, str]] = set()
        """(target, area, case)."""
        self.other_failures = False
        self.handover = Handover(config)
        self.plan: Plan | None = None
        """Where is looked; None before that is known."""
        self._told: list[RunRecord] = []

    @property
    def several(self) -> bool:
        """Whether this run is told as one of several targets."""
        return self.plan is not None and self.plan.chosen.several

    def cases(self, area: str) -> list[tuple[Report, Case]]:
        """Every case of `area` on every target."""
        return [(report, case) for report in self.reports for case in report.cases if case.area == area]

    def look(self) -> None:
        """Looks at every target, once."""
        if self.contract:
            return
        from checks.looking import Interrupts, look_everywhere, planned, without_collection

        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        say = reporter.write_line if reporter is not None and reporter.verbosity >= 0 else None
        try:
            wanted = self._wanted()
            with without_collection(), Interrupts() as interrupts:
                self.plan = planned(wanted)
                for report, took_s in look_everywhere(self.plan, say, lambda: interrupts.pressed):
                    self.reports.append(self._as_items(report))
                    self.looked_s.append(took_s)
            if interrupts.pressed:
                self._interrupted()
        except KeyboardInterrupt:
            self._interrupted()
        except UsageError as error:
            self.handover.heartbeat(int(pytest.ExitCode.USAGE_ERROR))
            raise pytest.UsageError("\n".join([str(error), *self.handover.said])) from None
        except HarnessError as error:
            self.handover.heartbeat(EXIT_UNVERIFIED)
            pytest.exit("\n".join([f"UNVERIFIED: {error}", *self.handover.said]), returncode=EXIT_UNVERIFIED)

    def _as_items(self, report: Report) -> Report:
        """An item a case, or, past what items cost, an item an area: of a fleet's targets, and of more than a few."""
        from checks.claims.verify import one_case_an_area

        many = self.plan is not None and len(self.plan.chosen.targets) > MANY
        return one_case_an_area(report) if many or report.target.spec.fleet else report

    def _interrupted(self) -> None:
        """Tells what is known so far, and ends the run as pytest does where somebody presses Ctrl-C."""
        code = int(pytest.ExitCode.INTERRUPTED)
        self.ran = {(report.target.name, case.area, case.name) for report in self.reports for case in report.cases}
        if self.reports:
            self._hand_over(code)
        self.handover.heartbeat(code)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self.reports:
            reporter.section("known so far")
            for line in self.handover.told(self._closing()):
                reporter.line(line)
        targets = len(self.plan.chosen.targets) if self.plan is not None else len(self.reports)
        left = targets - len(self.reports)
        more = f" Not looked at: {left} of {targets} targets." if left else ""
        pytest.exit(f"Interrupted.{more} Nothing is left behind; run the same command again.", returncode=code)

    def _wanted(self) -> Wanted:
        from checks.contract.deployment.times import began, duration_of
        from checks.looking import USUAL_LOOKS, Wanted

        self.handover.prepare()
        config = self.config
        file = Path(option(config, "--contract") or config.rootpath / "contract.toml")
        self.contract = file.name
        lost = [name for name in taken(config) if name in PLACE and name in typed(config)]
        if lost:
            raise UsageError(f"{' and '.join(lost)} went to another plugin of this run, so the claims do not know where to "
                             "look. Turn that plugin off with -p no:NAME, or run where its conftest is not loaded.")
        since, wait = option(config, "--since"), option(config, "--wait")
        length = duration_of(wait) if wait else dt.timedelta()
        if length is None:
            raise UsageError(f"--wait {wait}: no length of time, such as 90s, 10m or 1h.")
        looks = option(config, "--looks")
        if looks is not None and not (looks.isdecimal() and 1 <= int(looks) <= MOST_LOOKS):
            raise UsageError(f"--looks {looks[:40]}: write how many targets are looked at at a time, 1 to {MOST_LOOKS}.")
        return Wanted(config.invocation_params.dir / file, tuple(dict.fromkeys(option(config, "--target") or [None])),
                      option(config, "--writes"), option(config, "--through"), _areas(config),
                      contact=not config.option.collectonly, isolation=option(config, "--isolation"),
                      since=began(since, config.invocation_params.dir, self.started) if since else None, wait=length,
                      looks=int(looks or USUAL_LOOKS), shard=option(config, "--shard"))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Looks, where no header told what was seen."""
        self.look()

    def pytest_report_header(self) -> list[str]:
        """Looks, then tells what was reached, and what is left out."""
        from checks.reports.terminal import header, header_of_many

        self.look()
        if len(self.reports) > FEW:
            return header_of_many(self.reports, self.contract)
        return [line for report in self.reports for line in header(report, self.contract)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hands the verdicts to an xdist worker."""
        from checks.looking import packed

        self.look()
        node.workerinput["postdeploy_checks"] = packed(self.reports)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers each case that ran."""
        if report.passed and report.when != "call":
            return
        for name, value in report.user_properties:
            if name == "case" and isinstance(value, str):
                target, area, case = json.loads(value)
                self.ran.add((target, area, case))
                return
            if name == "own" and isinstance(value, str):
                self._own(json.loads(value))
                return
        if report.failed:
            self.other_failures = True

    def _own(self, said: dict[str, str]) -> None:
        """Counts a claim of the project's own with those of its target."""
        from checks.reports.terminal import with_own

        self.reports, key = with_own(self.reports, said)
        self.ran.add(key)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turns pytest's 0 or 1 into 0 held, 1 broken, 6 unverified, and hands over what the run came to."""
        if self.ran:
            from checks.reports.document import verdict_word

            if "hypothesis" not in sys.modules:  # nobody used it: its plugin would import all of it, to say nothing
                self.config.pluginmanager.unregister(name="hypothesispytest")
            gc.freeze()  # nothing is looked for in thousands of items that end with the process anyway
            verdicts = [verdict for report in self.reports for case in report.cases for verdict in case.verdicts
                        if (report.target.name, case.area, case.name) in self.ran]
            if exitstatus in (0, 1) and not self.other_failures:
                session.exitstatus = {"held": 0, "broken": 1, "unverified": EXIT_UNVERIFIED}[verdict_word(verdicts)]
            self._hand_over(int(session.exitstatus))
            if self.handover.unwritten and session.exitstatus == 0:  # a gate that goes by the file may not be green
                session.exitstatus = EXIT_UNVERIFIED
        self.handover.heartbeat(int(session.exitstatus))

    def _hand_over(self, code: int) -> None:
        from checks.reports.document import evidence

        finished, known = dt.datetime.now(dt.UTC), dict[int, dict[str, Any]]()
        asked = {target for target, _, _ in self.ran}
        documents = (evidence(report, self.ran, self.started, finished, known) for report in self.reports
                     if not self.several or report.target.name in asked)
        shard = None
        if self.plan is not None and self.plan.wanted.shard is not None:
            from checks.contract.migrations import contract_digest
            from checks.reports.fleet.part import part_told

            chosen = self.plan.chosen
            shard = part_told(self.plan.wanted.shard, len(chosen.every), chosen.digest, contract_digest(self.plan.contract),
                              os.environ)
        self.handover.hand_over(documents, code, self.several, shard)
        if self.several:
            from checks.reports.runs import runs_of

            self._told = self.handover.runs or runs_of(list(documents), "this run")

    def _closing(self) -> Iterator[str]:
        if not self.several:
            from checks.reports.terminal import closing

            yield from closing(self.reports, self.ran, self.looked_s)
            return
        from checks.reports.fleet.together import told
        from checks.reports.terminal import cost_of

        yield from told(self._told, cost_of(self.reports, self.ran, self.looked_s))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The closing table and the story of every claim that is not held."""
        if not self.ran:
            return
        if any(report.failure for report in self.reports):  # one reason for all: said once, below
            terminalreporter.reportchars = terminalreporter.reportchars.replace("E", "")
        terminalreporter.section("claims")
        for name in taken(self.config):
            terminalreporter.line(f"{name} is another plugin's here: the claims do without it")
        if self.several:  # told above once for all targets alike, not item by item
            terminalreporter.reportchars = terminalreporter.reportchars.replace("E", "").replace("f", "")
        for line in self.handover.told(self._closing()):
            terminalreporter.line(line)


def _areas(config: pytest.Config) -> frozenset[str]:
    """The areas whose files were asked for; all when a folder was."""
    names = [Path(argument.partition("::")[0]).name.removesuffix(".py").rpartition(".")[2] for argument in config.args]
    found = {name.removeprefix("test_").replace("_", "-") for name in names}
    return frozenset(found if found <= set(AREAS) else AREAS)
