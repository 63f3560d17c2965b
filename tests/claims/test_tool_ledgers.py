"""Tools' ledgers, made from their documented DDL: untouched all is held; a lost row, a failed one, a lost CHECK is named."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from checks.contract.ledgers.ddl import MAKING
from checks.target.servers import ScratchServer
from tests.contract.layouts import written
from tests.support.adopted import Adopted

FIRST = "CREATE TABLE orders (id int PRIMARY KEY, side text CONSTRAINT known_side CHECK (side IN ('buy', 'sell')));\n"
SECOND = "ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;\n"
_numbers = itertools.count()

PROJECTS: Mapping[str, tuple[str, str, str]] = {
    "flyway": ("V1__orders.sql|{0}", "V2__quantity.sql|{1}", "2"),
    "golang-migrate": ("0001_orders.up.sql|{0}", "0002_quantity.up.sql|{1}", "2"),
    "dbmate": ("001_orders.sql|-- migrate:up\n{0}-- migrate:down\n", "002_quantity.sql|-- migrate:up\n{1}", "002"),
    "goose": ("00001_orders.sql|-- +goose Up\n{0}", "00002_quantity.sql|-- +goose Up\n{1}-- +goose Down\n", "2"),
    "sql-migrate": ("1_orders.sql|-- +migrate Up\n{0}", "2_quantity.sql|-- +migrate Up\n{1}", "2_quantity.sql"),
    "diesel": ("2026-01-01-000000_orders/up.sql|{0}", "2026-01-02-000000_quantity/up.sql|{1}", "20260102000000"),
    "sqlx": ("1_orders.sql|{0}", "2_quantity.up.sql|{1}", "2"),
    "prisma": ("20260101_orders/migration.sql|{0}", "20260102_quantity/migration.sql|{1}", "20260102_quantity"),
    "node-pg-migrate": ("1_orders.sql|-- Up Migration\n{0}", "2_quantity.sql|-- Up Migration\n{1}-- Down Migration",
                        "2_quantity"),
    "liquibase": ("a.sql|--liquibase formatted sql\n--changeset ann:1\n{0}",
                  "b.sql|--liquibase formatted sql\n--changeset bob:2\n{1}", "b.sql::2::bob"),
    "yoyo": ("1.orders.sql|{0}", "2.quantity.sql|-- depends: 1.orders\n{1}", "2.quantity"),
}
"""Tool -> its two files, and the second one's version."""
FAILED = {"flyway": "success = false", "golang-migrate": "dirty = true", "sqlx": "success = false",
          "prisma": "finished_at = NULL"}


@pytest.fixture
def adopted(scratch_server: ScratchServer, tmp_path: Path) -> Callable[[str], Adopted]:
    """A project of a tool, with a contract of four lines."""
    def act(tool: str, ledger: str = "") -> Adopted:
        files = dict(file.format(FIRST, SECOND).split("|", 1) for file in PROJECTS[tool][:2])
        written(tmp_path / "db", files)
        (tmp_path / "contract.toml").write_text(
            f'[migrations]\nfolder = "db"\ntool = "{tool}"\n[ledger]\ntool = "{tool}"\n{ledger}')
        return Adopted(tmp_path, scratch_server, f"adopted_{os.getpid()}_{next(_numbers)}")
    return act


def test_every_tool_whose_files_are_applied_has_a_ledger_here() -> None:
    assert set(PROJECTS) == set(MAKING)


@pytest.mark.parametrize("tool", PROJECTS)
def test_untouched_every_claim_is_held(tool: str, adopted: Callable[[str], Adopted]) -> None:
    project = adopted(tool)
    assert project.not_held() == {}
    assert f"ledger:{PROJECTS[tool][2]}" in project.verdicts()


@pytest.mark.parametrize("tool", PROJECTS)
def test_a_lost_row_is_named(tool: str, adopted: Callable[[str], Adopted]) -> None:
    project = adopted(tool)
    spec = project.contract.ledger
    assert spec is not None
    if spec.one_row:
        project.run(f"UPDATE {spec.shown} SET {spec.version} = 1")
    else:
        project.run(f"DELETE FROM {spec.shown} WHERE {spec.version_columns[0]}::text LIKE '%2%'"
                    if tool not in ("diesel", "liquibase", "prisma") else
                    f"DELETE FROM {spec.shown} WHERE ctid = (SELECT max(ctid) FROM {spec.shown})")
    broken = project.not_held()
    assert list(broken) == [f"ledger:{PROJECTS[tool][2]}"]
    assert broken[f"ledger:{PROJECTS[tool][2]}"].startswith("DDL without row: what it did is there")


@pytest.mark.parametrize("tool", FAILED)
def test_a_row_that_is_marked_as_failed_is_named(tool: str, adopted: Callable[[str], Adopted]) -> None:
    project = adopted(tool)
    assert project.contract.ledger is not None
    table = project.contract.ledger.shown
    project.run(f"UPDATE {table} SET {FAILED[tool]} WHERE ctid = (SELECT max(ctid) FROM {table})")
    broken = project.not_held()
    assert list(broken) == [f"ledger:{PROJECTS[tool][2]}"]
    assert "Failed: the ledger itself says so" in broken[f"ledger:{PROJECTS[tool][2]}"]


@pytest.mark.parametrize("tool", PROJECTS)
def test_a_lost_check_is_named(tool: str, adopted: Callable[[str], Adopted]) -> None:
    project = adopted(tool)
    project.run("ALTER TABLE orders DROP CONSTRAINT known_side")
    assert {"constraints:orders.known_side", "drift:orders"} <= set(project.not_held())


@pytest.mark.parametrize("tool", ["flyway", "liquibase", "sqlx", "prisma"])
def test_a_file_that_is_not_the_one_that_was_applied_is_named(tool: str, adopted: Callable[[str], Adopted]) -> None:
    project = adopted(tool)
    assert project.dsn
    file = project.folder / "db" / PROJECTS[tool][1].partition("|")[0]
    file.write_text(file.read_text() + "-- a word more\n")
    again = Adopted(project.folder, project.server, project.database)
    again.__dict__["dsn"] = project.dsn
    broken = again.not_held()
    assert list(broken) == [f"ledger:{PROJECTS[tool][2]}"]
    assert "The file here is not the one that was applied" in broken[f"ledger:{PROJECTS[tool][2]}"]


def test_a_ledger_may_stand_outside_the_schemas(adopted: Callable[..., Adopted]) -> None:
    project = adopted("flyway", 'table = "ops.history"\n')
    project.run("CREATE TABLE ops.theirs (a int)")
    assert project.not_held() == {}
    project.run("DELETE FROM ops.history WHERE version = '1'")
    assert set(project.not_held()) == {"ledger:1"}


def test_the_tools_other_tables_are_no_drift(adopted: Callable[[str], Adopted]) -> None:
    project = adopted("liquibase")
    project.run("CREATE TABLE databasechangeloglock (id int PRIMARY KEY, locked boolean)")
    assert project.not_held() == {}
    project.run("CREATE TABLE another (id int)")
    assert set(project.not_held()) == {"drift:another"}


def test_a_preset_and_a_table_that_do_not_fit_are_told_column_by_column(adopted: Callable[[str], Adopted]) -> None:
    project = adopted("prisma")
    project.run("ALTER TABLE _prisma_migrations DROP COLUMN migration_name, DROP COLUMN rolled_back_at")
    shape = project.not_held()["ledger:_prisma_migrations.shape"]
    assert "no column migration_name and no column rolled_back_at" in shape.lower()


def test_flyway_rows_of_undo_baseline_and_schema_are_what_flyway_means(adopted: Callable[[str], Adopted]) -> None:
    project = adopted("flyway")
    row = "INSERT INTO flyway_schema_history VALUES ({}, {}, 'd', '{}', 's', NULL, 'me', now(), 0, true)"
    project.run(row.format(0, "NULL", "SCHEMA"))
    assert project.not_held() == {}
    project.run(row.format(9, "'2'", "UNDO_SQL"))
    assert set(project.not_held()) == {"ledger:2"}
    project.run("DELETE FROM flyway_schema_history", row.format(1, "'2'", "BASELINE"))
    assert project.not_held() == {}


def test_prisma_rows_that_were_rolled_back_do_not_count(adopted: Callable[[str], Adopted]) -> None:
    project = adopted("prisma")
    project.run("INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at) "
                "VALUES ('x', 'x', '20260102_quantity', now())")
    assert project.not_held() == {}


def test_a_dirty_golang_ledger_ahead_of_every_file_is_told(adopted: Callable[[str], Adopted]) -> None:
    project = adopted("golang-migrate")
    project.run("UPDATE schema_migrations SET version = 7")
    assert project.not_held()["ledger:schema_migrations.versions"].startswith("Nobody knows '7'")
