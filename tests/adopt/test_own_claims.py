"""Claims of a project's own: the same header, evidence and exit codes as ours, and nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from tests.support import ROOT
from tests.support.running import Ran, run

SQL = (ROOT / "tests" / "projects" / "own" / "migrations" / "1_orders.sql").read_text()
IDS = {"own:test_orders.test_orders_are_partitioned", "own:test_orders.test_every_table_has_a_comment_free_name",
       "own:test_orders.test_no_order_is_from_the_future"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tests" / "projects" / "own", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def orders(fresh_database: Callable[[], str]) -> str:
    """The DSN of a database with the project's migration applied."""
    dsn = fresh_database()
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(SQL)
    connection.close()
    return dsn


def changed(dsn: str, sql: str) -> None:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def verified(project: Path, *options: str) -> Ran:
    evidence = project / "evidence.json"
    ran = run("-m", "pytest", str(ROOT / "checks"), "own_claims", "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".",
              "-p", "no:cacheprovider", "--contract", "contract.toml", "--evidence", str(evidence), *options, cwd=project)
    return Ran(ran.code, ran.out, json.loads(evidence.read_text())) if evidence.exists() else ran


def own(ran: Ran) -> dict[str, str]:
    return {claim: word for claim, word in ran.claims.items() if claim.startswith("own:")}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_own_claims_count_like_ours(workers: tuple[str, ...], project: Path, orders: str) -> None:
    ran = verified(project, "--target", orders, *workers)
    assert ran.code == 0, ran.out
    assert own(ran) == dict.fromkeys(IDS, "held")
    claim, = (claim for claim in ran.evidence["claims"] if claim["id"].endswith("test_orders_are_partitioned"))
    assert (claim["area"], claim["sentence"]) == ("own", "orders is partitioned by the day it was placed")
    assert any(line.split()[:2] == ["own", "3"] for line in ran.out.splitlines())


def test_a_broken_one_is_exit_1_and_in_the_evidence(project: Path, orders: str) -> None:
    changed(orders, "CREATE TABLE orders_2099 PARTITION OF orders FOR VALUES FROM ('2099-01-01') TO ('2100-01-01');"
                    "INSERT INTO orders (id, placed_at) VALUES (1, '2099-05-05')")
    ran = verified(project, "--target", orders)
    assert ran.code == 1, ran.out
    assert own(ran)["own:test_orders.test_no_order_is_from_the_future"] == "broken"


@pytest.mark.parametrize("body", ["ask('SELECT * FROM public.nowhere')", "ask('DELETE FROM public.orders')",
                                  "ask('SELECT 1; DROP TABLE public.orders')", "1 / 0",
                                  "ask(\"SELECT setval('public.counter', 99)\")"])
def test_one_that_could_not_look_is_unverified_and_nothing_is_written(body: str, project: Path, orders: str) -> None:
    changed(orders, "CREATE SEQUENCE counter")
    (project / "migrations" / "2_counter.sql").write_text("CREATE SEQUENCE counter;")
    (project / "own_claims" / "test_orders.py").write_text(f"def test_x(ask):\n    {body}\n")
    ran = verified(project, "--target", orders)
    assert (ran.code, own(ran)) == (6, {"own:test_orders.test_x": "unverified"}), ran.out
    with psycopg2.connect(orders) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM counter")
        assert cursor.fetchone() == (1, False)
    connection.close()


def test_on_a_server_of_ours_they_look_at_what_the_migrations_make(project: Path) -> None:
    ran = verified(project)
    assert (ran.code, own(ran)) == (0, dict.fromkeys(IDS, "held")), ran.out
