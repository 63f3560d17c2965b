"""Which migrations the code before them can live with: each file's own effects, learnt by one replay of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.claims.deployment.compatible import against_old_code
from checks.claims.deployment.rollback import compatible
from checks.contract.migration import Migration
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derived import Derived
from checks.expectation.replay import replay
from checks.target.servers import ScratchServer
from checks.values import Verdict
from tests.support.saboteur_index import saw

BASE = """
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE DOMAIN price AS numeric(10,2);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION roll() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 4';
CREATE FUNCTION gone() RETURNS int LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION text_of(n int) RETURNS int LANGUAGE sql AS 'SELECT 4';
"""
TABLE = ("CREATE TABLE {t} (id bigint PRIMARY KEY, a varchar(10) NOT NULL DEFAULT 'x', b text, n integer, m numeric(10,2), "
         "k text, CONSTRAINT {t}_n CHECK (n > 0) NOT VALID); CREATE UNIQUE INDEX {t}_k ON {t} (k); "
         "CREATE INDEX {t}_b ON {t} (b); CREATE VIEW {t}_v AS SELECT id, k FROM {t};")
BREAKS = {
    "table_dropped": ("DROP TABLE {t} CASCADE", "drops table public.{t}"),
    "table_renamed": ("ALTER TABLE {t} RENAME TO {t}_new", "renames table {t} to {t}_new"),
    "column_dropped": ("ALTER TABLE {t} DROP b", "drops column {t}.b"),
    "column_renamed": ("ALTER TABLE {t} RENAME b TO c", "renames column {t}.b to {t}.c"),
    "narrowed": ("ALTER TABLE {t} ALTER a TYPE varchar(5)", "narrows {t}.a"),
    "precision_narrowed": ("ALTER TABLE {t} ALTER m TYPE numeric(8,2)", "narrows {t}.m"),
    "text_to_varchar": ("ALTER TABLE {t} ALTER b TYPE varchar(10)", "narrows {t}.b"),
    "rewritten": ("ALTER TABLE {t} ALTER n TYPE bigint", "rewrites the table"),
    "scale_changed": ("ALTER TABLE {t} ALTER m TYPE numeric(12,4)", "rewrites the table"),
    "not_null_column": ("ALTER TABLE {t} ADD c int NOT NULL", "NOT NULL without a default"),
    "made_not_null": ("ALTER TABLE {t} ALTER b SET NOT NULL", "makes {t}.b NOT NULL"),
    "default_taken": ("ALTER TABLE {t} ALTER a DROP DEFAULT", "takes the default of {t}.a"),
    "volatile_default": ("ALTER TABLE {t} ADD c uuid DEFAULT gen_random_uuid()", "rewrites the table"),
    "users_volatile_default": ("ALTER TABLE {t} ADD c int DEFAULT roll()", "rewrites the table"),
    "stored_column": ("ALTER TABLE {t} ADD c int GENERATED ALWAYS AS (n + 1) STORED", "rewrites the table"),
    "validated_check": ("ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (b <> '')", "{t}_c validated over stored rows"),
    "validated_key": ("ALTER TABLE {t} ADD CONSTRAINT {t}_f FOREIGN KEY (id) REFERENCES {t}", "{t}_f validated"),
    "unique_over_stored": ("CREATE UNIQUE INDEX {t}_u ON {t} (b)", "unique index {t}_u over stored rows"),
    "unique_dropped": ("DROP INDEX {t}_k", "ON CONFLICT"),
    "unlogged": ("ALTER TABLE {t} SET UNLOGGED", "rewrites {t}"),
    "row_security": ("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", "row security"),
    "view_dropped": ("DROP VIEW {t}_v", "drops view {t}_v"),
}
HOLDS = {
    "new_table": "CREATE TABLE {t}_new (a int NOT NULL CHECK (a > 0), b int UNIQUE)",
    "nullable_column": "ALTER TABLE {t} ADD c int",
    "column_with_default": "ALTER TABLE {t} ADD c timestamptz NOT NULL DEFAULT now(), ADD d int NOT NULL DEFAULT 0",
    "column_with_a_users_constant": "ALTER TABLE {t} ADD c int DEFAULT twice(2)",
    "widened": "ALTER TABLE {t} ALTER a TYPE varchar(20), ALTER m TYPE numeric(14,2)",
    "to_text": "ALTER TABLE {t} ALTER a TYPE text",
    "not_valid": "ALTER TABLE {t} ADD CONSTRAINT {t}_c CHECK (b <> '') NOT VALID",
    "validate": "ALTER TABLE {t} VALIDATE CONSTRAINT {t}_n",
    "constraint_dropped": "ALTER TABLE {t} DROP CONSTRAINT {t}_n",
    "index": "CREATE INDEX {t}_i ON {t} (n)",
    "plain_index_dropped": "DROP INDEX {t}_b",
    "unique_over_a_new_column": "ALTER TABLE {t} ADD c text; CREATE UNIQUE INDEX {t}_u ON {t} (c)",
    "unique_index_renamed": "ALTER INDEX {t}_k RENAME TO {t}_other",
    "not_null_dropped": "ALTER TABLE {t} ALTER a DROP NOT NULL",
    "default_set": "ALTER TABLE {t} ALTER b SET DEFAULT ''",
    "nothing": "SELECT 1",
}
ONCE = {
    "label_renamed": ("ALTER TYPE kind RENAME VALUE 'a' TO 'z'", "takes 'a' from the type kind"),
    "domain_narrowed": ("ALTER DOMAIN price ADD CHECK (value > 0)", "narrows the domain price"),
    "function_dropped": ("DROP FUNCTION gone()", "drops function gone()"),
    "function_returns": ("DROP FUNCTION text_of(int); "
                         "CREATE FUNCTION text_of(n int) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
                         "changes what the function text_of(n integer) returns"),
    "label_added": ("ALTER TYPE kind ADD VALUE 'c'", ""),
}
"""On types and functions that all share, so each is the last but one to touch them."""


@pytest.fixture(scope="module")
def derived(scratch_server: ScratchServer, tmp_path_factory: pytest.TempPathFactory) -> Derived:
    """All of them, replayed once, each on a table of its own."""
    folder: Path = tmp_path_factory.mktemp("compatible")
    (folder / "migrations").mkdir()
    (folder / "contract.toml").write_text('migrations = "migrations"\n')
    cases = {**{name: sql for name, (sql, _) in BREAKS.items()}, **HOLDS}
    tables = "".join(TABLE.format(t=name) for name in cases)
    (folder / "migrations" / "0000.sql").write_text(BASE + tables)
    for number, (name, sql) in enumerate({**cases, **{name: sql for name, (sql, _) in ONCE.items()}}.items(), 1):
        (folder / "migrations" / f"{number:04}_{name}.sql").write_text(f"{sql.format(t=name)};")
    contract = read_contract(folder / "contract.toml")
    return replay(read_migrations(contract), contract, scratch_server)


@pytest.fixture(scope="module")
def told(derived: Derived) -> dict[str, tuple[str, ...]]:
    """Name of each case -> what is said against it."""
    return {version.partition("_")[2]: words for version, words in against_old_code(derived).items()}


@pytest.mark.parametrize("name", [*BREAKS, *ONCE])
def test_what_old_code_cannot_live_with_is_told(name: str, told: dict[str, tuple[str, ...]]) -> None:
    words = {**BREAKS, **ONCE}[name][1].format(t=name)
    assert (words.replace("public.", "") in "; ".join(told[name])) if words else told[name] == ()


@pytest.mark.parametrize("name", HOLDS)
def test_what_old_code_can_live_with_is_not(name: str, told: dict[str, tuple[str, ...]]) -> None:
    assert told[name] == ()


def test_the_first_migration_breaks_nothing(told: dict[str, tuple[str, ...]]) -> None:
    assert told[""] == ()


def test_a_migration_of_the_release_is_claimed_by_what_it_does(told: dict[str, tuple[str, ...]]) -> None:
    def verdict(name: str) -> Verdict:
        return compatible(Migration(name, f"{name}.sql", ""), told)

    assert verdict("nullable_column").verdict == "held"
    assert verdict("not_null_column").verdict == "broken"
    assert verdict("unknown").verdict == "unverified"
    saw("deployment/P6_not_null_without_default", [verdict("not_null_column")])
