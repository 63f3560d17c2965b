"""`init` writes a contract for what is there, and the next command is green; else it says what it looked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from checks.adopt.candidates import PlainLedger
from checks.adopt.functions import find_functions
from checks.adopt.init import _functions, _versions
from checks.contract.reader import read_contract
from checks.target.routes import direct
from checks.target.target import Secret
from tests.claims.test_tool_ledgers import FIRST, PROJECTS, SECOND
from tests.contract.layouts import written
from tests.support import ROOT
from tests.support.running import Ran, run
from tests.support.sabotage_harness import commit_sql

EMBEDDED = ("-m", "pytest", str(ROOT / "checks"), "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".", "-q")


def init(folder: Path, *options: str) -> Ran:
    return run("-m", "checks", "init", *options, cwd=folder)


def verified(folder: Path) -> Ran:
    return run(*EMBEDDED, "--contract", str(folder / "contract.toml"), cwd=folder)


def repository(root: Path, tool: str) -> Path:
    signs: Mapping[str, str] = {"golang-migrate": "go.mod|require golang-migrate/migrate v4", "prisma": "prisma.config.ts|",
                                "sqlx": "Cargo.toml|[dependencies]\nsqlx = '1'", "yoyo": "yoyo.ini|"}
    files = dict(file.format(FIRST, SECOND).split("|", 1) for file in PROJECTS[tool][:2])
    sign = dict([signs[tool].split("|", 1)]) if tool in signs else {}
    return written(root, {**{f"db/migrations/{name}": text for name, text in files.items()}, **sign})


@pytest.mark.parametrize("tool", PROJECTS)
def test_the_next_command_after_init_is_green(tool: str, tmp_path: Path) -> None:
    ran = init(repository(tmp_path, tool))
    assert ran.code == 0, ran.out
    contract = read_contract(tmp_path / "contract.toml")
    assert contract.migrations is not None
    assert contract.ledger is not None
    assert (contract.migrations.tool, contract.ledger.tool) == (tool, tool), ran.out
    assert [(spec.shown, spec.values) for spec in contract.enums] == [("orders.side", ("buy", "sell"))]
    ran = verified(tmp_path)
    assert ran.code == 0, ran.out


def test_a_plain_project_and_its_database_are_taken_up_without_an_edit(
        tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    written(tmp_path, {"app/consumer.py": 'SQL = """INSERT INTO alpaca_event_dedupe (event_id) VALUES (%s)\n'
                                          'ON CONFLICT (event_id) DO NOTHING"""'})
    dsn = fresh_database()
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        for file in sorted((tmp_path / "migrations").glob("*.sql")):
            cursor.execute(file.read_text())
    connection.close()
    ran = init(tmp_path, "--target", dsn)
    assert ran.code == 0, ran.out
    contract = read_contract(tmp_path / "contract.toml")
    assert contract.ledger is not None
    assert (contract.ledger.shown, contract.ledger.version_from) == ("schema_migrations", "{stem}")
    assert [spec.shown for spec in contract.enums] == ["active_positions.side", "active_positions.strategy_type",
                                                       "position_history.side", "position_history.strategy_type",
                                                       "strategy_stats.strategy_type"]
    assert [(spec.table, spec.key) for spec in contract.dedupe] == [("alpaca_event_dedupe", ("event_id",))]
    ran = verified(tmp_path)
    assert ran.code == 0, ran.out
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS x; ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    assert verified(tmp_path).code == 1


def test_a_password_is_not_written_down(tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    dsn = fresh_database().replace("postgres:@", "postgres:the-secret@")
    assert init(repository(tmp_path, "flyway"), "--target", dsn).code == 0
    text = (tmp_path / "contract.toml").read_text()
    assert "the-secret" not in text
    assert 'dsn = "env:DATABASE_URL"' in text


def test_a_password_among_keywords_is_not_written_down(tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    ran = init(tmp_path, "--target", make_dsn(**{**parse_dsn(fresh_database()), "password": "hunter2"}))
    text = (tmp_path / "contract.toml").read_text(encoding="utf-8")
    assert 'dsn = "env:DATABASE_URL"' in text
    assert "hunter2" not in text + ran.out


@pytest.mark.parametrize("view", [False, True])
def test_a_ledger_is_read_only_where_that_runs_nothing(view: bool, migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if view:
        commit_sql(migrated, "ALTER TABLE schema_migrations RENAME TO done",
                   "CREATE VIEW schema_migrations AS SELECT lower(version) AS version, applied_at FROM done")
    sent: list[str] = []
    execute = direct.execute
    monkeypatch.setattr(direct, "execute", lambda connection, sql: (sent.append(sql), execute(connection, sql))[1])
    found = _versions(Secret(migrated), PlainLedger("schema_migrations", "version", "applied_at", "text"))
    assert len(found) == (0 if view else len(list((ROOT / "migrations").glob("*.sql"))))
    assert any('"schema_migrations" l' in sql for sql in sent) is not view


@pytest.mark.parametrize("files, options, code, words", [
    ({"notes.md": ""}, (), 4, "No migrations were found below"),
    ({"a/V1__x.sql": "", "b/1_x.up.sql": ""}, (), 4,
     "Several folders of migrations were found: flyway in a; golang-migrate in b"),
    ({"contract.toml": ""}, (), 4, "is there already"), ({}, ("--migrations", "gone"), 4, "is no folder"),
    ({"db/migrations/V1__x.sql": "SELECT nothing;"}, (), 0, "do not replay yet")])
def test_what_cannot_be_told_is_one_sentence(
        files: Mapping[str, str], options: tuple[str, ...], code: int, words: str, tmp_path: Path) -> None:
    ran = init(written(tmp_path, files), *options)
    assert (ran.code, words in ran.out) == (code, True), ran.out


def test_flyways_schemas_are_taken_from_the_settings_of_spring(tmp_path: Path) -> None:
    home = "src/main/resources"
    written(tmp_path, {f"{home}/application.properties": "spring.datasource.url=jdbc:postgresql://localhost/shop\n"
                       "spring.flyway.default-schema=flw\nspring.flyway.schemas=public,shop\n",
                       f"{home}/db/migration/V1__orders.sql": "CREATE TABLE shop.orders (id int PRIMARY KEY);"})
    ran = init(tmp_path)
    contract = read_contract(tmp_path / "contract.toml")
    assert "written: " in ran.out, ran.out
    assert contract.schemas == ("public", "shop")
    assert contract.ledger is not None
    assert contract.ledger.shown == "flw.flyway_schema_history"


def test_the_folder_called_migrations_is_taken_before_others_of_plain_files(tmp_path: Path) -> None:
    written(tmp_path, {"db/schema/all.sql": "CREATE TABLE t (a int);", "db/migrations/1.sql": "CREATE TABLE t (a int);"})
    ran = init(tmp_path)
    assert 'migrations = "db/migrations"' in (tmp_path / "contract.toml").read_text(), ran.out


def test_lambda_functions_whose_names_fit_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto import mock_aws

    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
                        "AWS_DEFAULT_REGION": "us-west-2", "AWS_CONFIG_FILE": "/dev/null",
                        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)
    with mock_aws():
        role = boto3.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = boto3.client("lambda")
        for name in ("shop-db-query", "shop-db-migration", "resize-images"):
            client.create_function(FunctionName=name, Runtime="python3.12", Role=role, Handler="a.b",
                                   Code={"ZipFile": b"code"})
        found = find_functions()
    assert found is not None
    lines = list(_functions(found))
    assert '# query_function = "shop-db-query"' in lines
    assert '# migration_function = "shop-db-migration"' in lines
    assert all(line.startswith("#") or not line for line in lines)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert find_functions() is None
