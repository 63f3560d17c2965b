"""The reference Lambdas, deployed as zips and invoked through boto3, on an embedded PostgreSQL."""

from __future__ import annotations

import json
import threading

import pytest

from checks.lambdas.package import bundle, pack
from tests.support import ROOT

LAMBDAS = ROOT / "fixtures" / "lambdas"
VERSIONS = [path.stem for path in sorted((ROOT / "migrations").glob("*.sql"))]
TABLES = ["active_positions", "alpaca_event_dedupe", "position_history", "schema_migrations", "strategy_stats"]


@pytest.fixture
def database(fresh_database):
    return fresh_database()


@pytest.fixture(scope="module")
def reader_role(scratch_server):
    """A role that may only SELECT."""
    scratch_server.execute("CREATE ROLE lambdas_reader LOGIN IN ROLE pg_read_all_data")
    yield "lambdas_reader"
    scratch_server.execute("DROP ROLE lambdas_reader")


@pytest.fixture
def reader(database, reader_role):
    """The same database as that role."""
    return database.replace("//postgres:@", f"//{reader_role}:@")


@pytest.fixture
def migrate(aws, database):
    deploy_migration(aws, database)
    return lambda event=None: ask(aws, "migration", event or {})


@pytest.fixture
def query(aws, reader):
    aws.deploy("query", pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": reader})
    return lambda sql: ask(aws, "query", {"sql": sql})


def deploy_migration(aws, dsn, folder=ROOT / "migrations", **environment):
    migrations = {file.stem: file.read_text() for file in sorted(folder.glob("*.sql"))}
    code = pack(LAMBDAS / "db_migration", {"migrations_bundle.py": bundle(migrations)})
    return aws.deploy("migration", code, environment={"DATABASE_URL": dsn, **environment}, timeout_s=20)


def ask(aws, function, event):
    reply = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    payload = json.loads(reply["Payload"].read())
    assert "FunctionError" not in reply, payload
    assert isinstance(payload["body"], str)
    return payload["statusCode"], json.loads(payload["body"])


def select(dsn, sql):
    import psycopg2

    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def test_an_empty_database_is_migrated_and_the_second_run_changes_nothing(migrate, database):
    status, body = migrate()
    timestamp = body.pop("timestamp")
    assert (status, body) == (200, {"success": True, "migrations_applied": VERSIONS, "migrations_skipped": [],
                                    "tables": TABLES})
    assert timestamp.endswith("+00:00")
    ledger = select(database, "SELECT version, applied_at FROM schema_migrations ORDER BY 1")
    assert [version for version, _ in ledger] == VERSIONS

    status, body = migrate({"action": "migrate", "migration": VERSIONS[-1]})
    assert (status, body["migrations_applied"], body["migrations_skipped"]) == (200, [], VERSIONS)
    assert select(database, "SELECT version, applied_at FROM schema_migrations ORDER BY 1") == ledger


def test_only_what_the_ledger_lacks_is_applied(migrate, scratch_server, database):
    import psycopg2

    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute((ROOT / "migrations" / f"{VERSIONS[0]}.sql").read_text())
    connection.close()
    _, body = migrate()
    assert (body["migrations_skipped"], body["migrations_applied"]) == (VERSIONS[:1], VERSIONS[1:])


def test_a_failing_file_is_rolled_back_whole_and_ends_the_run(aws, database, tmp_path):
    (tmp_path / "01_first.sql").write_text("CREATE TABLE done (v text); CREATE TABLE ledger (name text);"
                                           "INSERT INTO ledger VALUES ('01_first')")
    (tmp_path / "02_broken.sql").write_text("CREATE TABLE half (x int); ALTER TABLE nowhere ADD y int")
    (tmp_path / "03_never.sql").write_text("CREATE TABLE never (x int)")
    deploy_migration(aws, database, tmp_path, LEDGER_TABLE="public.ledger", LEDGER_VERSION="name")
    status, body = ask(aws, "migration", {})
    assert (status, body["success"], body["migrations_applied"]) == (500, False, ["01_first"])
    assert 'relation "nowhere" does not exist' in body["error"]
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    assert select(database, tables) == [("done",), ("ledger",)]
    (tmp_path / "02_broken.sql").write_text("INSERT INTO ledger VALUES ('02_broken')")
    deploy_migration(aws, database, tmp_path, LEDGER_TABLE="public.ledger", LEDGER_VERSION="name")
    status, body = ask(aws, "migration", {})
    assert (status, body["migrations_applied"], body["migrations_skipped"]) == (
        200, ["02_broken", "03_never"], ["01_first"])


def test_a_percent_sign_and_a_dollar_quote_reach_the_server_unchanged(aws, database, tmp_path):
    (tmp_path / "1.sql").write_text(
        "CREATE TABLE t (x text DEFAULT '100%s'); COMMENT ON TABLE t IS 'é \\ '' \"'; "
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT ';%'; $$")
    deploy_migration(aws, database, tmp_path)
    assert ask(aws, "migration", {})[0] == 200
    assert select(database, "SELECT f(), obj_description('t'::regclass)") == [(";%", "é \\ ' \"")]


def test_two_runs_at_once_apply_each_migration_once(migrate):
    replies = []
    runs = [threading.Thread(target=lambda: replies.append(migrate())) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [status for status, _ in replies] == [200, 200, 200]
    applied = [version for _, body in replies for version in body["migrations_applied"]]
    assert sorted(applied) == VERSIONS


def test_a_database_that_is_not_there_is_an_honest_500(aws, database):
    deploy_migration(aws, database.replace("/t", "/absent", 1))
    status, body = ask(aws, "migration", {})
    assert (status, body["success"], body["migrations_applied"]) == (500, False, [])
    assert "does not exist" in body["error"]


def test_a_select_answers_rows_as_dicts_and_other_values_as_text(query):
    status, body = query("  select 1 AS n, NULL AS nothing, 1.50::numeric AS price, "
                         "date '2026-02-02' AS day, '{\"a\": [1]}'::jsonb AS doc")
    assert (status, body) == (200, {"success": True, "count": 1, "rows": [
        {"n": 1, "nothing": None, "price": "1.50", "day": "2026-02-02", "doc": {"a": [1]}}]})
    assert query("SELECT 1 WHERE false") == (200, {"success": True, "rows": [], "count": 0})


@pytest.mark.parametrize("sql", ["", "DROP TABLE x", "WITH a AS (SELECT 1) SELECT * FROM a",
                                 "/**/ SELECT 1", "EXPLAIN SELECT 1", None, 5, ["SELECT 1"]])
def test_what_does_not_start_with_select_is_refused(query, sql):
    status, body = query(sql)
    assert (status, body["success"], "SELECT" in body["error"]) == (400, False, True)


@pytest.mark.parametrize("sql, said", [
    ("SELECT 1/0", "division by zero"), ("SELECT * FROM nowhere", "nowhere"), ("SELECT (", "syntax error")])
def test_the_servers_refusal_is_a_500_that_says_so(query, sql, said):
    status, body = query(sql)
    assert (status, body["success"]) == (500, False)
    assert said in body["error"]
    assert query("SELECT 1 AS one")[0] == 200


def test_its_role_and_not_its_prefix_makes_it_read_only(query, migrate, aws, database):
    migrate()
    escape = ("SELECT 1; COMMIT; BEGIN READ WRITE; CREATE TABLE public.stolen (x int); COMMIT; "
              "SELECT 42 AS answer")
    status, body = query(escape)
    assert (status, "permission denied" in body["error"]) == (500, True)
    aws.deploy("query", pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": database})
    assert query(escape) == (200, {"success": True, "rows": [{"answer": 42}], "count": 1})


def test_a_connection_broken_between_calls_is_made_anew(query, migrate, aws, scratch_server):
    migrate()
    _, before = query("SELECT pg_backend_pid() AS pid")
    starts = dict(aws.process_starts)
    scratch_server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                           "WHERE usename IN ('lambdas_reader', 'postgres') AND pid <> pg_backend_pid()")
    status, after = query("SELECT pg_backend_pid() AS pid")
    assert status == 200
    assert after["rows"] != before["rows"]
    assert migrate()[0] == 200
    assert aws.process_starts == starts


def test_a_warm_function_keeps_its_connection(query):
    assert query("SELECT pg_backend_pid() AS pid") == query("SELECT pg_backend_pid() AS pid")


def test_the_bundle_is_the_migrations_word_for_word():
    migrations = {"b": "SELECT 'é\\n''\"\"\"';\r\n", "a": "SELECT 1"}
    scope: dict[str, dict[str, str]] = {}
    exec(bundle(migrations).decode(), scope)
    assert list(scope["MIGRATIONS"].items()) == list(migrations.items())
