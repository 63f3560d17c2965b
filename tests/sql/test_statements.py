"""A file of SQL is cut where psql cuts it, and a COMMIT is known from a word that only looks like one."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from checks.sql.syntax.statements import commits, statements
from tests.support import MIGRATIONS

CUT: dict[str, list[str]] = {
    "": [],
    ";; -- x\n;": [],
    "SELECT 1": ["SELECT"],
    "SELECT 1; SELECT 2;": ["SELECT", "SELECT"],
    "SELECT ';'; TABLE t": ["SELECT", "TABLE"],
    "SELECT 'it''s; x', E'\\'; y' ; TABLE t": ["SELECT", "TABLE"],
    'SELECT "a;""b" ; TABLE t': ["SELECT", "TABLE"],
    "-- a; b\nSELECT 1; /* c; /* d; */ e; */ TABLE t": ["SELECT", "TABLE"],
    "DO $$ BEGIN; END; $$; TABLE t": ["DO", "TABLE"],
    "DO $a$ x; $b$ y; $$ ; $a$; TABLE t": ["DO", "TABLE"],
    "SELECT a$b$c; TABLE t": ["SELECT", "TABLE"],
    "SELECT $1; TABLE t": ["SELECT", "TABLE"],
    "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; DELETE FROM v); TABLE t": ["CREATE", "TABLE"],
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; TABLE t":
        ["CREATE", "TABLE"],
    "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC DELETE FROM t; END; END": ["CREATE", "END"],
    "BEGIN; SELECT 1; END": ["BEGIN", "SELECT", "END"],
    "SELECT 'never closed; SELECT 2": ["SELECT"],
    "DO $$ never closed; SELECT 2": ["DO"],
    "/* never closed; SELECT 2": [],
    "SELECT 1) ; TABLE t": ["SELECT", "TABLE"],
}
COMMITTING = (
    "COMMIT", "SELECT 1;\ncommit;", "BEGIN; CREATE TABLE t (); COMMIT;", "BEGIN;\nCREATE TABLE t ();\nEND;",
    "END TRANSACTION", "/* x */ COMMIT AND CHAIN", "-- x\n  Commit Work", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'",
    "DO $$ BEGIN COMMIT; END $$", "DO $$BEGIN\n  UPDATE t SET a = 1;\n  COMMIT;\nEND $$;",
    "DO LANGUAGE plpgsql $x$ BEGIN IF true THEN COMMIT AND NO CHAIN; END IF; END $x$",
)
NOT_COMMITTING = (
    "DO $$\nBEGIN\n  ALTER TABLE t ADD a int;\nEND $$;", "DO $$\nBEGIN\nNULL;\nEND;\n$$;",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN new;\nEND\n$$;",
    "CREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC\n  SELECT 1;\nEND;", "SELECT CASE WHEN true THEN 1\nEND;",
    "-- COMMIT;\nSELECT 1", "/*\nCOMMIT;\n*/ SELECT 1", "SELECT 'x;\nCOMMIT;'", "SELECT $$\nCOMMIT;\n$$",
    'SELECT 1 AS "\nCOMMIT;"', "COMMENT ON TABLE t IS 'x;\nEND'", "DO $$ BEGIN RAISE NOTICE 'COMMIT;'; END $$",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$", "PREPARE p AS SELECT 1", "BEGIN; ROLLBACK", "",
)


@pytest.mark.parametrize(("text", "firsts"), CUT.items())
def test_a_file_is_cut_where_psql_cuts_it(text: str, firsts: list[str]) -> None:
    assert [statement.words[0] for statement in statements(text)] == firsts


@pytest.mark.parametrize("text", COMMITTING)
def test_what_commits_is_known(text: str) -> None:
    assert commits(text)


@pytest.mark.parametrize("text", NOT_COMMITTING)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert not commits(text)


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: file.stem)
def test_postgresql_agrees_that_a_migration_does_not_commit(file: Path, migrated: str) -> None:
    """After it, the transaction in which it was run can still be rolled back."""
    assert not commits(file.read_text())
    connection = psycopg2.connect(migrated)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE only_in_this_transaction ()")
        cursor.execute(file.read_text())
        connection.rollback()
        cursor.execute("SELECT to_regclass('only_in_this_transaction')")
        assert cursor.fetchone() == (None,)
    connection.close()
