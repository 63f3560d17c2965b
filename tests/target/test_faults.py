"""What befalls a look at one target: the right verdict, or unverified with the reason and the remedy; never a wrong one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from psycopg2.extensions import parse_dsn

from checks.apply import apply
from checks.check import check
from checks.claims.verify import Report
from checks.contract.contract import TargetSpec
from checks.contract.way.spec import Timeouts
from checks.expectation.expectation import Expectation
from checks.reports.terminal import header
from checks.target.routes import direct
from checks.target.routes.through_lambda import LambdaSession
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from checks.values import HarnessError, UsageError
from tests.support.meanwhile import HOLD, meanwhile
from tests.support.relay import Relay, relayed
from tests.support.sabotage_harness import (
    Bench,
    commit_sql,
    look_at,
    projects,
    verdicts,
)
from tests.support.standby import standby_of

REFERENCE = projects()[0]


@pytest.fixture(scope="module")
def expectation(bench: Bench) -> Expectation:
    return bench.project(REFERENCE)[1]


@pytest.fixture
def dsn(bench: Bench) -> Iterator[str]:
    with bench.database(REFERENCE) as found:
        yield found


@pytest.fixture
def relay(dsn: str) -> Iterator[Relay]:
    with relayed(dsn) as found:
        yield found


def looked(dsn: str, expectation: Expectation, **spec: Any) -> Report:
    return check(Target(TargetSpec("prod", dsn="given", **spec), Secret(dsn)), expectation)


def through(relay: Relay, dsn: str) -> str:
    return f"host=127.0.0.1 port={relay.port} user=postgres dbname={parse_dsn(dsn)['dbname']}"


def words(report: Report) -> dict[str, str]:
    return {verdict.claim: verdict.verdict for case in report.cases for verdict in case.verdicts}


def why(report: Report, area: str) -> list[str]:
    return [verdict.detail for case in report.cases for verdict in case.verdicts
            if case.area == area and verdict.verdict == "unverified"]


def test_a_line_that_is_cut_anywhere_makes_everything_unverified(relay: Relay, dsn: str, expectation: Expectation) -> None:
    """From the start-up to the last scan: what was read before is not enough to call anything held or broken."""
    relay.piece_bytes = 256
    whole = words(looked(through(relay, dsn), expectation))
    assert set(whole.values()) == {"held"}
    everything, relay.cuts = relay.passed, 0
    told = set()
    for part in range(13):
        relay.cut_after = max(1, everything * part // 12 - 300)
        report = looked(through(relay, dsn), expectation)
        told.add(report.failure.partition(". ")[2])
        assert set(words(report).values()) == {"unverified"}, relay.cut_after
    assert relay.cuts == 13
    relay.cut_after = None
    assert words(looked(through(relay, dsn), expectation)) == whole
    assert told == {"Look whether the server is up and reachable from here.", "Look whether it is up, then run again."}


def test_a_line_that_trickles_changes_no_verdict(relay: Relay, dsn: str, expectation: Expectation) -> None:
    relay.piece_bytes, relay.delay_s = 4_096, 0.001
    assert words(looked(through(relay, dsn), expectation)) == words(looked(dsn, expectation))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_line_that_falls_silent_is_given_up(share: float, relay: Relay, dsn: str, expectation: Expectation,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a firewall forgot the connection nothing comes, and no end either: the server's own timeouts do not help."""
    relay.piece_bytes = 256
    timeouts = Timeouts(statement_ms=60_000)
    looked(through(relay, dsn), expectation, timeouts=timeouts)
    monkeypatch.setattr(direct, "SILENCE_S", -59.5)
    assert relay.passed > 8_000
    relay.silent_after = int(relay.passed * share)
    report = looked(through(relay, dsn), expectation, timeouts=timeouts)
    assert set(words(report).values()) == {"unverified"}
    assert report.failure == direct.SILENT.format(0.5)


def test_a_server_that_ends_the_session_makes_everything_unverified(dsn: str, expectation: Expectation) -> None:
    """As a restart does: the backend is terminated while it waits."""
    thread = meanwhile(dsn, lambda cursor: cursor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'postdeploy-checks/%' AND "
        "datname = current_database()"))
    report = looked(dsn, expectation)
    thread.join()
    assert set(words(report).values()) == {"unverified"}
    assert report.failure == ("The connection broke off in mid-question: the server went away. Look whether it is up, then "
                              "run again.")


@pytest.mark.parametrize(("timeouts", "told"), [
    (Timeouts(lock_ms=100), "somebody else holds the lock (SQLSTATE 55P03). Somebody holds a table, as a running migration "
                            "does: run again when it has ended, or raise lock_timeout of the target in the contract."),
    (Timeouts(statement_ms=300, lock_ms=60_000), "(SQLSTATE 57014). Raise statement_timeout of the target in the contract "
                                                 "(over a function: of its role), or run at a quiet time."),
], ids=["lock", "statement"])
def test_the_contracts_timeouts_are_the_servers(timeouts: Timeouts, told: str, dsn: str, expectation: Expectation) -> None:
    """Somebody holds a table, as a migration does: the look gives up in time, and says what to do."""
    with closing(psycopg2.connect(dsn)) as holder:
        holder.cursor().execute(HOLD)
        report = looked(dsn, expectation, timeouts=timeouts)
    assert set(words(report).values()) == {"unverified"}
    assert report.failure.startswith("Target 'prod' refused the question about its catalogue: ")
    assert report.failure.endswith(told)


class Answering:
    """A Lambda client that answers every invocation alike."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked = 0

    def invoke(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"StatusCode": 200, "Payload": io.BytesIO(self.answer), "ResponseMetadata": {"RetryAttempts": 0},
                "ExecutedVersion": "$LATEST"}


def refusing(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Invoke")


@pytest.mark.parametrize(("answer", "told", "remedy"), [
    (refusing("ResourceNotFoundException", 404), "ResourceNotFoundException", "Look at the name, and at region and profile"),
    (refusing("TooManyRequestsException", 429), "TooManyRequestsException", "run again in a minute, or raise its limit."),
    (refusing("ExpiredTokenException", 403), "ExpiredTokenException", "log in again (aws sso login), then run again."),
    (refusing("AccessDeniedException", 403), "AccessDeniedException", "Allow lambda:InvokeFunction to the role that asks."),
    (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError", "Look at region and endpoint_url"),
    (b"<html>hunter2</html>", "not JSON", "Look at its log: what it was asked, and what it answered."),
    (json.dumps({"statusCode": 200, "body": json.dumps({"success": True, "rows": [{"x": "hunter2"}], "count": 1})}).encode(),
     "", "Look at its log: what it was asked, and what it answered."),
], ids=["missing", "throttled", "token expired", "not allowed", "nobody there", "no JSON", "another answer"])
def test_a_function_that_does_not_answer_is_asked_once_and_told(answer: Any, told: str, remedy: str) -> None:
    client = Answering(answer)
    session = LambdaSession(TargetSpec("prod", route="lambda", query_function="ops-query"), client)
    with pytest.raises(HarnessError) as caught:
        session.ask("SELECT '1' AS doc")
    said = str(caught.value)
    assert said.startswith("The query function ops-query did not answer the question (")
    assert told in said
    assert remedy in said
    assert "hunter2" not in said
    assert client.asked == 1


@pytest.mark.parametrize("route", ["direct", "lambda"])
def test_a_ledger_of_a_hundred_thousand_rows_gets_the_right_verdicts(route: str, bench: Bench, dsn: str) -> None:
    commit_sql(dsn, "INSERT INTO schema_migrations SELECT 'before_' || n, now() - n * interval '1 s' FROM "
                    "generate_series(1, 100000) n; DELETE FROM schema_migrations WHERE version LIKE '2026_02_03_0001%'")
    found = verdicts(look_at(bench, REFERENCE, dsn, route))
    assert {claim for claim, verdict in found.items() if verdict.verdict != "held"} == {
        "ledger:2026_02_03_0001_strategy_stats", "ledger:schema_migrations.versions"}
    assert {verdict.verdict for verdict in found.values()} == {"held", "broken"}
    assert max(len(verdict.detail) for verdict in found.values()) < 1_000


def test_a_standby_says_how_far_it_is_and_calls_nothing_broken_while_it_lags(
        bench: Bench, scratch_server: ScratchServer, expectation: Expectation) -> None:
    with bench.database(REFERENCE) as dsn:
        name = parse_dsn(dsn)["dbname"]
        scratch_server.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side", database=name)
        claim = "constraints:active_positions.chk_active_positions_side"
        said: list[str] = []
        with standby_of(scratch_server) as standby:
            there = standby.dsn(name)
            report = looked(there, expectation, writes="scratch")
            assert words(report)[claim] == "broken"
            line = header(report, "contract.toml")[0]
            assert ", in recovery (standby: " in line
            assert "0 bytes of WAL waiting)" in line
            assert [left.why for left in report.left_out if left.area == "enums"] == [
                "no INSERT is attempted: a standby only reads"]
            standby.execute("SELECT pg_wal_replay_pause()")
            scratch_server.execute("ALTER TABLE active_positions DROP COLUMN ticker", database=name)
            lagging = looked(there, expectation)
            with pytest.raises(UsageError, match=r"is a standby, which only reads: nothing was applied\. Apply to its"):
                apply(Target(TargetSpec("prod", dsn="given"), Secret(there)), expectation.contract, (), said.append)
        assert said == []
        assert set(words(lagging).values()) == {"held", "unverified"}
        assert "replay paused" in header(lagging, "contract.toml")[0]
        verdict = next(v for case in lagging.cases for v in case.verdicts if v.claim == claim)
        assert "But its replay is paused, so the primary may be further." in verdict.detail
        assert verdict.next_step == "Verify the primary, or run again when the standby has caught up."
        assert words(looked(dsn, expectation))[claim] == "broken"


def test_a_ledger_of_more_rows_than_are_read_is_unverified(dsn: str, expectation: Expectation,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of its rows came would decide what is missing."""
    monkeypatch.setattr("checks.observation.ledger_rows.MAX_LEDGER_ROWS", 3)
    report = looked(dsn, expectation)
    assert "broken" not in words(report).values()
    assert any("the ledger has more than 3 rows" in detail for detail in why(report, "ledger"))
