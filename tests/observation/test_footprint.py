"""A read-only run leaves no trace: no transaction id, no sequence moved, no row, no lock, no backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derive import replay
from checks.expectation.expectation import Expectation, expect
from checks.observation.observe import observe
from checks.target.routes.direct import DirectSession, connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from tests.support.sabotage_harness import (
    Bench,
    commit_sql,
    look_at,
    projects,
    report_on,
    session_of,
    target_of,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}
ROWS = """
INSERT INTO active_positions (ticker, side, quantity, entry_price, alpaca_order_id)
    SELECT 'T', 'long', 1, 1, n FROM generate_series(1, 100) n;
INSERT INTO position_history (ticker, side) SELECT 'T', 'long' FROM generate_series(1, 100);
"""
TRACES = {
    "next transaction id": "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text",
    "rows written": "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd "
                    "FROM pg_stat_user_tables ORDER BY 1",
    "where sequences stand": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
    "rows": "SELECT (SELECT count(*) FROM active_positions), (SELECT count(*) FROM schema_migrations)",
    "write-ahead log": "SELECT pg_current_wal_insert_lsn()::text",
    "others' locks": "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND database = "
                     "(SELECT oid FROM pg_database WHERE datname = current_database())",
    "prepared transactions": "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()",
    "advisory locks": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "size": "SELECT pg_database_size(current_database())",
}


@contextmanager
def quiet(bench: Bench) -> Iterator[str]:
    """A database on which nothing but this test writes: no autovacuum on the server, statistics flushed."""
    commit_sql(bench.server.dsn(), "ALTER SYSTEM SET autovacuum = off", "ALTER SYSTEM SET bgwriter_lru_maxpages = 0",
               "SELECT pg_reload_conf()")
    with bench.database(PROJECTS["reference"]) as dsn:
        commit_sql(dsn, ROWS, "VACUUM ANALYZE", "CHECKPOINT")
        yield dsn
    commit_sql(bench.server.dsn(), "ALTER SYSTEM RESET autovacuum", "ALTER SYSTEM RESET bgwriter_lru_maxpages",
               "SELECT pg_reload_conf()")


def traces(dsn: str) -> dict[str, Any]:
    """What PostgreSQL's own views say, read over a connection of its own."""
    with closing(connect(Secret(dsn), "the database")) as connection:
        execute(connection, "SELECT pg_stat_force_next_flush()" if connection.server_version >= 150_000 else "SELECT 1")
        return {name: execute(connection, sql) for name, sql in TRACES.items()}


def backends(dsn: str) -> list[Any]:
    """Backends of others in this database; one that is going away is waited for by asking again."""
    with closing(connect(Secret(dsn), "the database")) as connection:
        for _ in range(2_000):
            found = execute(connection, "SELECT pid, backend_xid, backend_xmin, state FROM pg_stat_activity WHERE "
                                        "datname = current_database() AND pid <> pg_backend_pid()")
            if not found:
                break
        return found


@pytest.mark.parametrize("route", ["direct", "lambda"])
def test_a_read_only_run_leaves_no_trace(route: str, bench: Bench) -> None:
    """Measured before and after from PostgreSQL's own views, with NOT VALID constraints and sequences scanned too."""
    with quiet(bench) as dsn:
        look_at(bench, PROJECTS["reference"], dsn, route)  # warms the catalogue's hint bits
        backends(dsn)
        before = traces(dsn)
        report = look_at(bench, PROJECTS["reference"], dsn, route)
        assert backends(dsn) == []
        assert traces(dsn) == before
        assert {v.verdict for v in verdicts(report).values()} == {"held"}


def test_the_measure_sees_a_trace(bench: Bench) -> None:
    """The failing twin: one INSERT and one nextval show in what is measured."""
    with quiet(bench) as dsn:
        before = traces(dsn)
        commit_sql(dsn, "INSERT INTO position_history (ticker) VALUES ('x')")
        after = traces(dsn)
        assert {name for name in before if before[name] != after[name]} >= {
            "next transaction id", "rows written", "where sequences stand", "write-ahead log"}


def test_a_scratch_run_keeps_no_row_and_moves_no_sequence(bench: Bench) -> None:
    """INSERTs are attempted and undone; the keys are given, so the sequence stays."""
    kept = ("rows", "where sequences stand", "others' locks", "prepared transactions")
    with quiet(bench) as dsn:
        before = traces(dsn)
        look_at(bench, PROJECTS["reference"], dsn, "scratch")
        assert backends(dsn) == []
        after = traces(dsn)
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_no_transaction_id_is_assigned_within_the_run(bench: Bench) -> None:
    """Asked of the session itself, in its own transaction, after its last question."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        session = session_of("direct", bench, dsn)
        expectation = bench.project(project)[1]
        asked = session.ask
        seen = []

        def ask(select: str, *, scan: bool = False) -> Any:
            rows = asked(select, scan=scan)
            seen.append((asked("SELECT pg_catalog.pg_current_xact_id_if_assigned()", scan=scan),
                         asked("SHOW transaction_read_only", scan=scan)))
            return rows

        session.ask = ask  # type: ignore[method-assign]
        observe(session, expectation.contract, expectation.objects)
        session.close()
    assert len(seen) > 1
    assert seen == [([(None,)], [("on",)])] * len(seen)


@pytest.mark.parametrize(("route", "statements"), [("direct", 4), ("scratch", 5), ("lambda", 2)])
@pytest.mark.parametrize("name", PROJECTS)
def test_round_trips(name: str, route: str, statements: int, bench: Bench) -> None:
    """BEGIN, catalogue, everything else, ROLLBACK; attempts are one more; a Lambda needs two invocations."""
    project = PROJECTS[name]
    with bench.database(project) as dsn:
        cost = look_at(bench, project, dsn, route).cost
        without_questions = {"numbering": 0, "relations": 0}.get(name, 0)
        attempts = route == "scratch" and not project.contract.enums
        assert cost["statements"] == statements - without_questions - attempts
        assert cost["invocations"] == (cost["statements"] + cost["scans"] if route == "lambda" else 0)


def test_a_predicate_that_raises_costs_little(bench: Bench) -> None:
    """Of predicates that reading leaves open one raises: what cannot raise is still answered, and so is all that is read."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side, "
                        "ADD CONSTRAINT chk_active_positions_side CHECK (side::date > '2000-01-01') NOT VALID")
        for route, most in (("direct", 8), ("lambda", 3)):
            report = look_at(bench, project, dsn, route)
            found = verdicts(report)
            assert found["enums:active_positions.side"].verdict == "unverified"
            assert found["enums:active_positions.strategy_type"].verdict == "held"
            assert found["enums:position_history.side"].verdict == "held"
            assert found["ledger:2026_01_01_0000_baseline"].verdict == "held"
            assert found["constraints:active_positions.chk_active_positions_side"].verdict != "held"
            assert report.cost["statements"] <= most


def test_default_read_only_and_a_select_only_role(bench: Bench) -> None:
    """A server that lets nobody write, and a role that may only SELECT, are enough for everything."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', "
                        "current_database()); END $$")
        for place in (dsn, bench.as_reader(dsn)):
            assert {v.verdict for v in verdicts(look_at(bench, project, place)).values()} == {"held"}
        assert {v.verdict for v in verdicts(look_at(bench, project, dsn, "lambda")).values()} == {"held"}


MIXED = (
    "side IN ('long', 'short')", "side::date > '2000-01-01'", "side ~ '^(long|short)$'", "lower(side) = 'long'",
    "10 / length(side) > 1", "side::int > 3", "md5(side) < 'b'", "side IN ('long', 'short') OR note::int = 1",
    "side SIMILAR TO 'long|short'", "(side || note)::numeric > 0", "to_date(side, 'YYYY') IS NOT NULL",
    "reverse(side) <> 'x'",
)
"""CHECKs of all sorts: proven, refuted, undecided, and some that raise for most values."""


@pytest.fixture
def mixed(tmp_path: Path, scratch_server: ScratchServer, fresh_database: Callable[[], str]) -> tuple[str, Expectation]:
    """(DSN, expectation) of 400 tables, each with a declared enum and a CHECK of its own sort."""
    names = [f"t{number:03}" for number in range(400)]
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_text("".join(
        f"CREATE TABLE {name} (side text NOT NULL, note text, CONSTRAINT chk_{name} CHECK ({MIXED[at % len(MIXED)]}));\n"
        for at, name in enumerate(names)))
    enums = "".join(f'"{name}.side" = ["long", "short"]\n' for name in names)
    (tmp_path / "contract.toml").write_text(f'migrations = "migrations"\n\n[enums]\n{enums}')
    contract = read_contract(tmp_path / "contract.toml")
    dsn = fresh_database()
    commit_sql(dsn, (tmp_path / "migrations" / "1.sql").read_text())
    derived = replay(read_migrations(contract), contract, scratch_server)
    return dsn, expect(contract, derived, None)


@pytest.mark.parametrize("can_run", [False, True], ids=["read-only", "scratch"])
def test_four_hundred_tables_of_mixed_checks_cost_what_one_costs(mixed: tuple[str, Expectation], can_run: bool) -> None:
    dsn, expectation = mixed
    session = DirectSession(Secret(dsn), "the database", can_run=can_run)
    report = report_on(session, expectation, target_of("direct", "scratch" if can_run else "never"))
    words = {verdict.verdict for case in report.cases if case.area == "enums" for verdict in case.verdicts}
    assert words == {"held", "broken", "unverified"}
    assert report.cost["statements"] <= 8
