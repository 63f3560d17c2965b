"""Round trips do not grow with the schema. Counts only: seconds are benchmarks/run.py's."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.catalog.key import Key
from checks.catalog.select import snapshot_select
from checks.claims.verify import Report, judge
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of, write_lock
from checks.expectation.expectation import Expectation
from checks.observation import stored_rows as scan
from checks.observation.evaluate import PredicateQuestion
from checks.observation.observe import Observation, observe
from checks.observation.questions import ask_all
from checks.target.routes.direct import DirectSession, connect, execute
from checks.target.session import Session
from checks.target.target import Secret, resolve_target
from tests.support import ROOT, loaded
from tests.support.query_function import QueryFunction, through

SIZES = [10, 100, pytest.param(1_000, marks=pytest.mark.skipif(
    "POSTDEPLOY_THOUSAND" not in os.environ, reason="a thousand tables take a minute: set POSTDEPLOY_THOUSAND=1"))]


@dataclass
class Project:
    """A generated project, applied to a database."""

    contract_file: Path
    dsn: str
    expectation: Expectation

    def run(self, sql: str) -> None:
        connection = connect(Secret(self.dsn), "the test's server")
        execute(connection, sql)
        connection.close()

    def look(self, session: Session) -> Observation:
        seen = observe(session, self.expectation.contract, self.expectation.objects)
        session.close()
        return seen

    def judged(self, seen: Observation) -> Report:
        target = resolve_target(self.dsn, self.expectation.contract)
        return judge(self.expectation, seen, target, dt.datetime.now(dt.UTC).date())

    def direct(self, *, can_run: bool = False) -> DirectSession:
        return DirectSession(Secret(self.dsn), "the test's server", can_run=can_run)


@pytest.fixture(scope="module")
def projects(scratch_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Project]]:
    made: dict[str, Project] = {}

    def make(tables: int, purpose: str = "read") -> Project:
        name = f"trips_{os.getpid()}_{purpose}_{tables}"
        if name not in made:
            folder = tmp_path_factory.mktemp(f"tables{tables}")
            file = loaded(ROOT / "benchmarks" / "schema.py").write_project(folder, tables)
            contract = read_contract(file)
            write_lock(contract, lambda: nullcontext(scratch_server))
            dsn = scratch_server.create_database(name)
            made[name] = Project(file, dsn, expectation_of(contract, resolve_target(dsn, contract)))
            for migration in sorted((folder / "migrations").glob("*.sql")):
                made[name].run(migration.read_text())
        return made[name]

    yield make
    for name in made:
        scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def words(report: Report) -> set[str]:
    return {verdict.verdict for case in report.cases for verdict in case.verdicts}


@pytest.mark.parametrize("tables", SIZES)
def test_a_read_only_run_takes_four_statements_and_three_scans(projects: Any, tables: int) -> None:
    project = projects(tables)
    seen = project.look(project.direct())
    assert seen.cost == {"statements": 4, "scans": 3, "invocations": 0}
    report = project.judged(seen)
    assert words(report) == {"held"}
    assert sum(case.area == "enums" for case in report.cases) == 2 * tables


@pytest.mark.parametrize("tables", SIZES)
def test_a_scratch_run_takes_one_statement_more(projects: Any, tables: int) -> None:
    """Rows that were tried and undone may leave pages behind; then 200 sequences are one transaction of scans."""
    project = projects(tables, "scratch")
    seen = project.look(project.direct(can_run=True))
    assert seen.cost["statements"] == 5
    assert 3 <= seen.cost["scans"] <= 4 + (tables - 1) // 200 * 3
    assert sum(bool(each.attempts) for each in seen.enums.values()) == 2 * tables


@pytest.mark.parametrize("tables", SIZES)
def test_the_lambda_is_invoked_three_times(projects: Any, tables: int) -> None:
    project = projects(tables)
    function = QueryFunction(project.dsn)
    seen = project.look(through(function))
    assert seen.cost == {"statements": 2, "scans": 1, "invocations": 3}
    assert max(function.payloads) < 6_291_456
    assert project.judged(seen).cases == project.judged(project.look(project.direct())).cases


def test_a_thousand_tables_fit_into_one_reply(projects: Any) -> None:
    """By the size of a table's part, which does not grow."""
    small, large = (_replies(projects(tables)) for tables in (10, 100))
    a_table = (large - small) / 90
    assert small + 990 * a_table < 3_000_000


def _replies(project: Project) -> int:
    function = QueryFunction(project.dsn)
    project.look(through(function))
    return max(function.replies)


def test_a_question_that_no_route_carries_is_asked_in_parts(projects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = [PredicateQuestion("a value", "t", (("v", "text"),), (("a",), (f"b{number}",)), (f"v = 'b{number}'",))
                 for number in range(50)]
    whole, parts = projects(10).direct(), projects(10).direct()
    expected = ask_all(whole, questions)
    monkeypatch.setattr(DirectSession, "question_bytes", 5_000)
    assert ask_all(parts, questions) == expected == dict.fromkeys(questions, ((False,), (True,)))
    assert parts.cost.statements > whole.cost.statements
    whole.close()
    parts.close()


def test_scans_are_bounded_by_the_tables_that_hold_rows(projects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look at the sizes; then only tables with rows: one SELECT for 200 sequences, one for each NOT VALID table."""
    project = projects(10)
    filled = ["book_0001", "book_0002", "book_0003"]
    for table in filled:
        project.run(f"INSERT INTO {table} (symbol, side, quantity) VALUES ('X', 'long', 100); "
                    f"ALTER TABLE {table} DROP CONSTRAINT chk_{table}_price; "
                    f"ALTER TABLE {table} ADD CONSTRAINT chk_{table}_price CHECK (price IS NULL OR price >= "
                    f"{int(table[-1]) - 1}) NOT VALID")
    try:
        seen = project.look(project.direct())
        assert (seen.cost["statements"], seen.cost["scans"]) == (4, 3 + len(filled) + 3)
        assert seen.stored.constraints == {
            Key("constraint", table, f"chk_{table}_price"): 0 for table in filled}
        monkeypatch.setattr(scan, "TABLES_A_TRANSACTION", 1)
        apart = project.look(project.direct())
        assert apart.stored == seen.stored
        assert apart.cost["scans"] > seen.cost["scans"]
    finally:
        project.run("".join(f"TRUNCATE {table} CASCADE; ALTER TABLE {table} VALIDATE CONSTRAINT chk_{table}_price;"
                            for table in filled))


def test_a_row_in_a_child_is_not_taken_for_none(scratch_server: Any, fresh_database: Callable[[], str]) -> None:
    """An empty parent shows its children's rows, and a partitioned table has no page of its own."""
    session = DirectSession(Secret(fresh_database()), "the test's server", can_run=True)
    session.run("CREATE TABLE public.bare (a int); CREATE TABLE public.parent (a int); "
                "CREATE TABLE public.heir () INHERITS (public.parent); INSERT INTO public.heir VALUES (1); "
                "CREATE TABLE public.parts (a int) PARTITION BY RANGE (a); "
                'CREATE TABLE public."Odd ""Name" (a int); CREATE TABLE public.filled (a int); '
                "INSERT INTO public.filled VALUES (1)")
    tables = ["bare", "parent", "heir", "parts", '"Odd ""Name"', "filled", "gone"]
    assert scan._empty(session, tables) == {"bare", '"Odd ""Name"'}
    session.close()


def test_a_direct_run_imports_nothing_of_aws(projects: Any) -> None:
    project = projects(10)
    code = ("import sys, pytest; code = pytest.main(sys.argv[1:]); "
            "print('heavy:', sorted({'boto3', 'botocore', 'moto'} & set(sys.modules))); sys.exit(code)")
    done = subprocess.run([sys.executable, "-c", code, "checks/", "-q", "--target", project.dsn, "--contract",
                           str(project.contract_file)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "heavy: []" in done.stdout


def _plans(node: Any, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Nodes of a plan that run once a row of something else."""
    inside = inside or node.get("Parent Relationship") == "SubPlan"
    if inside:
        yield node
    for child in node.get("Plans", ()):
        yield from _plans(child, inside)


def test_no_catalogue_is_read_whole_for_each_row_of_another(projects: Any) -> None:
    """As long as an index would do: else 5,000 tables take 25 s instead of 2. `enable_seqscan` takes away every choice."""
    project = projects(10)
    with closing(psycopg2.connect(project.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + snapshot_select(["public"], "schema_migrations"))
        plan = cursor.fetchone()[0][0]["Plan"]  # type: ignore[index]
    nodes = [node for node in _plans(plan) if "Relation Name" in node]
    whole = {(node["Relation Name"], node["Filter"]) for node in nodes if not {"Index Cond", "Recheck Cond"} & set(node)
             and set(re.findall(r"(\w+)\.", node.get("Filter", ""))) - {node["Alias"]}}
    assert len(nodes) > 50
    assert whole == set()
