"""Freshness of a table and rows in the way of VALIDATE, as they are seen in a real database."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from checks.claims.deployment.judge import judge_deployment
from checks.claims.deployment.rollback import released_since
from checks.contract.reader import read_contract
from checks.deployment.seen import DeploymentSeen
from checks.expectation.derive import expectation_of
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import look
from checks.target.open_target import Place
from checks.target.target import resolve_target
from checks.values import Verdict
from tests.support import ROOT
from tests.support.saboteur_index import saw

CONTRACT = (ROOT / "contract.toml").read_text() + """
[rollback]
released = "2026_02_02_0002_websocket_idempotency"
"""
NOW = dt.datetime.now(dt.UTC)
ROW = ("INSERT INTO strategy_stats (strategy_type, day, trades, wins, pnl_dollars, computed_at) "
       "VALUES ('day_trade', current_date, 7, 3, 4711.11, now() {age})")
JOB = ROOT / "fixtures" / "jobs" / "strategy_stats.py"


def settled(dsn: str, folder: Path, column: str = "computed_at") -> tuple[Expectation, Settled]:
    """The database as it is looked at."""
    (folder / "contract.toml").write_text(CONTRACT.replace('column = "computed_at"', f'column = "{column}"').replace(
        'migrations = "migrations"', f'migrations = "{ROOT / "migrations"}"'))
    contract = read_contract(folder / "contract.toml")
    target = resolve_target(dsn, contract, writes=None, through=None)
    target = replace(target, spec=replace(target.spec, deployment=("freshness.strategy_stats", "rollback")))
    expectation = expectation_of(contract, target)
    return expectation, Settled(expectation, look(Place(target, target.dsn), contract, expectation.objects))


def verdicts(dsn: str, folder: Path, column: str = "computed_at") -> dict[str, Verdict]:
    """Claim without its area -> verdict."""
    expectation, seen = settled(dsn, folder, column)
    spec = replace(expectation.contract.targets["staging"], deployment=("freshness.strategy_stats", "rollback"))
    cases = judge_deployment(spec, expectation, DeploymentSeen(NOW), seen)
    return {verdict.claim.partition(":")[2]: verdict for case in cases for verdict in case.verdicts}


def commit(dsn: str, *statements: str) -> None:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize(("statements", "word", "told"), [
    ([], "broken", "never ran"),
    ([ROW.format(age="- interval '30 hours'")], "broken", "older than 26h"),
    ([ROW.format(age="+ interval '2 days'")], "broken", "of the future"),
    ([ROW.format(age="- interval '25 hours'")], "held", ""),
    ([ROW.format(age="+ interval '1 minute'")], "held", ""),
    ([ROW.format(age=""), "ALTER TABLE strategy_stats RENAME TO s",
      "CREATE VIEW strategy_stats AS SELECT * FROM s"], "unverified", "is a view"),
    ([ROW.format(age=""), "ALTER TABLE strategy_stats ALTER computed_at DROP DEFAULT, "
      "ALTER computed_at TYPE text"], "unverified", "not a time"),
], ids=["never_ran", "stopped", "future", "fresh", "clock_skew", "view", "text"])
def test_rows_must_be_of_late(statements: list[str], word: str, told: str, migrated: str, tmp_path: Path,
                              request: pytest.FixtureRequest) -> None:
    commit(migrated, *statements)
    verdict = verdicts(migrated, tmp_path)["freshness.strategy_stats"]
    assert verdict.verdict == word, verdict
    assert told in verdict.detail
    assert "4711" not in str(verdict)
    if word == "broken":
        saw(f"deployment/P7_stats_{request.node.callspec.id}", [verdict])


@pytest.mark.parametrize(("column", "word"), [("day", "held"), ("nowhere", "unverified")])
def test_a_date_is_a_time_and_a_column_that_is_not_there_is_told(column: str, word: str, migrated: str,
                                                                tmp_path: Path) -> None:
    commit(migrated, ROW.format(age=""))
    assert verdicts(migrated, tmp_path, column)["freshness.strategy_stats"].verdict == word


def test_rows_in_the_way_of_validate_are_counted(migrated: str, tmp_path: Path) -> None:
    assert verdicts(migrated, tmp_path)["rollback.not-valid"].verdict == "held"
    commit(migrated, "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side",
           "INSERT INTO active_positions (ticker, side, quantity, entry_price) VALUES ('SPY', 'banana', 1, 1)",
           "ALTER TABLE active_positions ADD CONSTRAINT chk_active_positions_side CHECK (side IN ('long', 'short')) "
           "NOT VALID")
    verdict = verdicts(migrated, tmp_path)["rollback.not-valid"]
    assert verdict.verdict == "broken"
    assert "1 stored row stands in the way of ALTER TABLE active_positions VALIDATE" in verdict.detail
    assert "banana" not in str(verdict)
    saw("deployment/P6_rows_in_the_way", [verdict])


def test_the_release_is_what_the_contract_or_the_time_of_the_deploy_says(migrated: str, tmp_path: Path) -> None:
    expectation, seen = settled(migrated, tmp_path)
    later = ["2026_02_02_0003_add_constraints_no_do", "2026_02_03_0001_strategy_stats"]
    assert [m.version for m in released_since(expectation, None, seen) or ()] == later
    commit(migrated, f"UPDATE schema_migrations SET applied_at = now() - interval '1 day' WHERE version <> '{later[1]}'")
    expectation, seen = settled(migrated, tmp_path)
    assert [m.version for m in released_since(expectation, NOW - dt.timedelta(hours=1), seen) or ()] == later[1:]
    assert {claim: v.verdict for claim, v in verdicts(migrated, tmp_path).items() if "2026" in claim} == {
        f"rollback.{version}": "held" for version in later}


def test_the_job_fills_what_is_fresh_then(migrated: str, tmp_path: Path) -> None:
    commit(migrated, "INSERT INTO position_history (strategy_type, exit_time, pnl_dollars) "
                     "VALUES ('day_trade', now() - interval '1 hour', 12.5), ('day_trade', now() - interval '1 hour', -3)")
    ran = [subprocess.run([sys.executable, JOB], env={**os.environ, "DATABASE_URL": migrated}, capture_output=True,
                          text=True, check=False) for _ in range(2)]
    assert [(each.returncode, each.stdout) for each in ran] == [(0, "strategy_stats: 1 rows\n")] * 2
    assert verdicts(migrated, tmp_path)["freshness.strategy_stats"].verdict == "held"
