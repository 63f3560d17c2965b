"""`--wait`: looks again while something is on its way, and never turns what is broken into green."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checks.check import Deploy, check
from checks.claims.verify import Report
from checks.expectation.derive import expectation_of
from checks.target.target import resolve_target
from checks.values import Verdict
from tests.deployment.stage import NOW, Stage
from tests.deployment.test_database import commit
from tests.support import MIGRATIONS

LAST = MIGRATIONS[-1].stem
Happens = Callable[[], object]


class WaitingRun:
    """A run that waits; what happens meanwhile is done in its pauses."""

    def __init__(self, stage: Stage, dsn: str, *happens: Happens) -> None:
        self.time_s, self.happens, self.lines = 0.0, list(happens), list[str]()
        target = resolve_target(dsn, stage.contract, writes=None, through=None)
        spec = replace(target.spec, deployment=stage.contract.targets["prod"].deployment)
        self.target, self.stage = replace(target, spec=spec), stage
        stage.evidence("here.json", NOW, target=target.name)

    def pause(self, seconds: float) -> None:
        """Lets time go by, in which the next thing happens."""
        self.time_s += seconds
        if self.happens:
            self.happens.pop(0)()

    def run(self, wait_s: int = 600) -> dict[str, Verdict]:
        """Claim -> verdict."""
        deploy = Deploy(None, dt.timedelta(seconds=wait_s), self.pause, lambda: self.time_s)
        expectation = expectation_of(self.stage.contract, self.target)
        report: Report = check(self.target, expectation, ("deployment", "ledger"), self.lines.append, deploy)
        return {verdict.claim: verdict for case in report.cases for verdict in case.verdicts}


@pytest.fixture
def unmigrated(migrated: str) -> str:
    """A database at which the last migration is not there."""
    commit(migrated, "DROP TABLE strategy_stats", f"DELETE FROM schema_migrations WHERE version = '{LAST}'")
    return migrated


def apply_last(dsn: str) -> Happens:
    return lambda: commit(dsn, MIGRATIONS[-1].read_text())


def test_a_rollout_that_is_done_meanwhile_is_held(stage: Stage, migrated: str) -> None:
    stage.roll(rolloutState="IN_PROGRESS")
    gate = WaitingRun(stage, migrated, lambda: None, lambda: stage.roll(rolloutState="COMPLETED"))
    found = gate.run()
    assert {v.verdict for v in found.values()} == {"held"}
    assert gate.time_s == 5.0
    assert len(gate.lines) == 2
    assert gate.lines[0].startswith("waiting for deployment:service.trade-stream.rollout: 600 s left")


def test_a_rollout_that_is_never_done_stays_unverified(stage: Stage, migrated: str) -> None:
    stage.roll(rolloutState="IN_PROGRESS")
    gate = WaitingRun(stage, migrated)
    found = gate.run(5)
    assert found["deployment:service.trade-stream.rollout"].verdict == "unverified"
    assert gate.time_s == 5


def test_what_was_broken_stays_broken_though_it_looks_well_later(stage: Stage, migrated: str) -> None:
    stage.roll(rolloutState="IN_PROGRESS")
    started = stage.service.status
    stage.service.status = "DRAINING"

    def mend() -> None:
        stage.service.status = started
        stage.roll(rolloutState="COMPLETED")

    found = WaitingRun(stage, migrated, mend).run()
    assert found["deployment:service.trade-stream.running"].verdict == "broken"
    assert found["deployment:service.trade-stream.rollout"].verdict == "held"


def test_what_breaks_meanwhile_is_broken(stage: Stage, migrated: str) -> None:
    stage.roll(rolloutState="IN_PROGRESS")
    found = WaitingRun(stage, migrated, lambda: stage.roll(rolloutState="FAILED")).run()
    assert found["deployment:service.trade-stream.rollout"].verdict == "broken"


def test_nothing_is_waited_for_where_nothing_moves(stage: Stage, migrated: str) -> None:
    stage.service.status = "DRAINING"
    gate = WaitingRun(stage, migrated)
    assert gate.run()["deployment:service.trade-stream.running"].verdict == "broken"
    assert gate.time_s == 0


def test_a_migration_that_is_applied_meanwhile_is_held(stage: Stage, unmigrated: str) -> None:
    gate = WaitingRun(stage, unmigrated, apply_last(unmigrated))
    found = gate.run()
    assert {claim: v for claim, v in found.items() if v.verdict != "held"} == {}
    assert "constraints:strategy_stats.chk_strategy_stats_wins" in found
    assert gate.lines == [f"waiting for ledger:{LAST}: 600 s left …"]


def test_a_migration_that_never_comes_is_broken_at_the_deadline(stage: Stage, unmigrated: str) -> None:
    gate = WaitingRun(stage, unmigrated)
    verdict = gate.run(5)[f"ledger:{LAST}"]
    assert (verdict.verdict, gate.time_s) == ("broken", 5)
    assert "Not applied" in verdict.detail


def test_a_migration_that_is_there_in_part_is_broken_at_once(stage: Stage, unmigrated: str) -> None:
    commit(unmigrated, "CREATE TABLE strategy_stats (day date)")
    gate = WaitingRun(stage, unmigrated, apply_last(unmigrated))
    assert gate.run()[f"ledger:{LAST}"].verdict == "broken"
    assert gate.time_s == 0


def test_without_wait_a_migration_that_is_not_there_is_broken(stage: Stage, unmigrated: str) -> None:
    assert WaitingRun(stage, unmigrated).run(0)[f"ledger:{LAST}"].verdict == "broken"


def test_a_deploy_says_when_it_began(tmp_path: Path) -> None:
    from checks.contract.deployment.times import began
    from checks.values import UsageError

    now = dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC)
    (tmp_path / "marker").write_text("2026-02-02T10:00:00Z\nbuild 7\n")
    (tmp_path / "empty").write_text("")
    assert began("2026-02-02T10:00Z", tmp_path, now) == began("marker", tmp_path, now) == began(
        "2026-02-02T11:00+01:00", tmp_path, now) == dt.datetime(2026, 2, 2, 10, tzinfo=dt.UTC)
    for text, told in (("yesterday", "neither a time"), ("2026-02-02T10:00", "offset"), ("empty", "first line"),
                       ("2026-02-02T12:30Z", "in the future")):
        with pytest.raises(UsageError, match=told):
            began(text, tmp_path, now)
