"""Honest changes that look like faults: every claim still holds, by every route."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checks.target.routes.direct import connect
from checks.target.target import Secret
from tests.support import program
from tests.support.sabotage_harness import ROUTES, Bench, Project, commit_sql, not_held, projects

PROJECTS = {project.name: project for project in projects()}

SIDE = "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side; " \
       "ALTER TABLE active_positions ADD CONSTRAINT chk_active_positions_side CHECK ({});"
TEN_THOUSAND = """
INSERT INTO active_positions (ticker, side, strategy_type, quantity, entry_price, alpaca_order_id)
    SELECT 'T' || n, (ARRAY['long', 'short'])[1 + n % 2], 'day_trade', n, 1, 'order ' || n
    FROM generate_series(1, 5000) n;
INSERT INTO position_history (ticker, side) SELECT 'T', 'long' FROM generate_series(1, 5000);
INSERT INTO alpaca_event_dedupe (event_id) SELECT 'event ' || n FROM generate_series(1, 5000) n;
"""

REFERENCE = {
    "CHECK as = ANY (ARRAY)": SIDE.format("side = ANY (ARRAY['long', 'short'])"),
    "CHECK as = ANY ('{}')": SIDE.format("side = ANY ('{long,short}')"),
    "CHECK as OR": SIDE.format("side = 'long' OR side = 'short'"),
    "CHECK as OR the other way": SIDE.format("'short' = side OR side = 'long'"),
    "CHECK as NOT of AND": SIDE.format("NOT (side <> 'long' AND side <> 'short')"),
    "CHECK with the list the other way": SIDE.format("side IN ('short', 'long')"),
    "CHECK with a value twice": SIDE.format("side IN ('long', 'short', 'long')"),
    "CHECK with IS NULL OR": SIDE.format("side IS NULL OR side IN ('long', 'short')"),
    "CHECK with OR IS NULL": SIDE.format("side IN ('long', 'short') OR side IS NULL"),
    "CHECK with IS NOT NULL on a NOT NULL column": SIDE.format("side IS NOT NULL AND side IN ('long', 'short')"),
    "CHECK with text literals": SIDE.format("side IN ('long'::text, 'short'::text)"),
    "CHECK with varchar literals": SIDE.format("side IN ('long'::varchar, 'short'::varchar(10))"),
    "CHECK with a cast column": SIDE.format("side::text IN ('long', 'short')"),
    "CHECK as dumped by PostgreSQL 9": SIDE.format(
        "((side)::text = ANY (ARRAY[('long'::character varying)::text, ('short'::character varying)::text]))"),
    "CHECK with many parentheses": SIDE.format("((((side) IN (('long'), ('short')))))"),
    "CHECK as CASE": SIDE.format("CASE WHEN side = 'long' THEN true WHEN side = 'short' THEN true ELSE false END"),
    "CHECK validated at once": SIDE.format("side IN ('long', 'short')"),
    "validated later": "ALTER TABLE active_positions VALIDATE CONSTRAINT chk_active_positions_side; "
                       "ALTER TABLE position_history VALIDATE CONSTRAINT chk_position_history_strategy_type;",
    "comments": "COMMENT ON TABLE active_positions IS 'open'; "
                "COMMENT ON COLUMN active_positions.side IS 'long or short'; "
                "COMMENT ON CONSTRAINT chk_active_positions_side ON active_positions IS 'x'; "
                "COMMENT ON INDEX uq_active_positions_alpaca_order_id IS 'y';",
    "grants": "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; REVOKE INSERT ON active_positions FROM PUBLIC; "
              "GRANT SELECT (side) ON active_positions TO PUBLIC;",
    "another schema with its own ledger": "CREATE SCHEMA billing; CREATE TABLE billing.schema_migrations (id int); "
              "CREATE TABLE billing.active_positions (side text); CREATE TYPE billing.mood AS ENUM ('a');",
    "another schema behind public on the search_path": "CREATE SCHEMA billing; "
              "CREATE TABLE billing.schema_migrations (id int); DO $$ BEGIN EXECUTE format("
              "'ALTER DATABASE %I SET search_path = public, billing', current_database()); END $$;",
    "an empty schema before public on the search_path": "CREATE SCHEMA app; DO $$ BEGIN EXECUTE format("
              "'ALTER DATABASE %I SET search_path = app, public', current_database()); END $$;",
    "settings of the database": "DO $$ DECLARE d text := quote_ident(current_database()); BEGIN "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET \"DateStyle\" = ''SQL, DMY'''; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET \"TimeZone\" = ''Asia/Kathmandu'''; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET \"IntervalStyle\" = ''iso_8601'''; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET extra_float_digits = -5'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET bytea_output = escape'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET quote_all_identifiers = on'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET standard_conforming_strings = on'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET default_transaction_isolation = serializable'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET default_transaction_deferrable = on'; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET lc_messages = ''C'''; "
              "EXECUTE 'ALTER DATABASE ' || d || ' SET enable_seqscan = off'; END $$;",
    "strings as in the old days": "DO $$ BEGIN EXECUTE format("
              "'ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$;",
    "a search_path without public": "DO $$ BEGIN EXECUTE format("
              "'ALTER DATABASE %I SET search_path = pg_catalog', current_database()); END $$;",
    "the column dropped and added again": "ALTER TABLE position_history DROP COLUMN entry_iv_rank; "
              "ALTER TABLE position_history ADD COLUMN entry_iv_rank numeric(10,4);",
    "columns dropped in front": "ALTER TABLE active_positions ADD COLUMN gone1 int, ADD COLUMN gone2 int; "
              "ALTER TABLE active_positions DROP COLUMN gone1, DROP COLUMN gone2, DROP COLUMN last_mark_price; "
              "ALTER TABLE active_positions ADD COLUMN last_mark_price numeric(18,6);",
    "statistics": "ANALYZE; ALTER TABLE active_positions ALTER COLUMN side SET STATISTICS 500;",
    "storage settings": "ALTER TABLE active_positions SET (fillfactor = 70, autovacuum_enabled = off); "
                        "ALTER TABLE active_positions ALTER COLUMN entry_features_json SET STORAGE EXTERNAL;",
    "thousands of valid rows": TEN_THOUSAND + "ANALYZE;",
    "rows deleted again": TEN_THOUSAND + "DELETE FROM active_positions; TRUNCATE position_history;",
    "a sequence far ahead": "ALTER TABLE active_positions ALTER COLUMN id RESTART WITH 1000000;",
    "negative keys":
        "INSERT INTO active_positions (id, ticker, side, quantity, entry_price) VALUES (-5, 'A', 'long', 1, 1);",
    "rows of the ledger in one transaction": "UPDATE schema_migrations SET applied_at = now();",
    "the ledger's physical order": "CREATE TEMP TABLE kept AS TABLE schema_migrations; DELETE FROM schema_migrations; "
              "INSERT INTO schema_migrations SELECT * FROM kept ORDER BY version DESC;",
    "ledger times a little ahead of the clock":
        "UPDATE schema_migrations SET applied_at = now() + interval '1 minute';",
    "an index rebuilt": "REINDEX TABLE active_positions; CLUSTER active_positions USING active_positions_pkey; "
                        "ALTER TABLE active_positions SET WITHOUT CLUSTER;",
    "temporary tables of other sessions": "CREATE TEMP TABLE schema_migrations (x int);",
    "an unrelated event trigger's function elsewhere": "CREATE SCHEMA tools; "
              "CREATE FUNCTION tools.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
}
APART = {
    "VACUUM FULL": ("VACUUM FULL",),
    "VACUUM ANALYZE": (TEN_THOUSAND, "VACUUM ANALYZE"),
    "REINDEX CONCURRENTLY": ("REINDEX INDEX CONCURRENTLY uq_active_positions_alpaca_order_id",),
}


def alarms(bench: Bench, project: Project, dsn: str) -> dict[str, list[str]]:
    """Route -> claims that do not hold."""
    return {route: told for route in ROUTES if (told := not_held(bench, project, dsn, route))}


@pytest.mark.parametrize("change", [*REFERENCE, *APART])
def test_an_honest_change_alarms_nobody(change: str, bench: Bench) -> None:
    """Read-only, through the Lambda and with attempts."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, *APART.get(change, (REFERENCE.get(change, ""),)))
        assert alarms(bench, project, dsn) == {}


SMALL = {
    ("families", "a partition added as its parent is"):
        "CREATE TABLE ticks_2026_03 PARTITION OF ticks FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');"
        "CREATE TABLE ticks_rest PARTITION OF ticks DEFAULT PARTITION BY RANGE (at);"
        "CREATE TABLE ticks_rest_2027 PARTITION OF ticks_rest FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
    ("families", "a table with the same constraints attached"):
        "CREATE TABLE ticks_2026_03 (LIKE ticks INCLUDING ALL); "
        "ALTER TABLE ticks ATTACH PARTITION ticks_2026_03 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');",
    ("holders", "the domain spelled apart"):
        "ALTER DOMAIN order_state DROP CONSTRAINT order_state_known; ALTER DOMAIN order_state ADD CONSTRAINT "
        "order_state_known CHECK (VALUE = 'open' OR VALUE = ANY ('{new,done}'));",
    ("holders", "a range spelled apart"):
        "ALTER TABLE orders DROP CONSTRAINT orders_priority_known, "
        "ADD CONSTRAINT orders_priority_known CHECK (priority >= 1 AND priority <= 3);",
    ("holders", "integers listed"):
        "ALTER TABLE orders DROP CONSTRAINT orders_priority_known, "
        "ADD CONSTRAINT orders_priority_known CHECK (priority IN (1, 2, 3));",
    ("holders", "valid rows"):
        "INSERT INTO orders (state, currency, kind, venue, tag, leg) SELECT 'open', 'EUR', 'limit', 'NYSE', 'a', 'buy' "
        "FROM generate_series(1, 500);",
    ("relations", "extra rows and a used sequence"):
        "INSERT INTO accounts (email) VALUES ('a'), ('b'); SELECT nextval('invoice_numbers');",
    ("relations", "the same functions and views again"):
        "CREATE OR REPLACE VIEW dear AS SELECT id, price FROM bookings WHERE price > 100; "
        "REFRESH MATERIALIZED VIEW turnover;",
    ("namesakes", "the same by other names of theirs"):
        "DROP INDEX items_id, items_name, items_tag; SET search_path = oth, public; "
        "CREATE UNIQUE INDEX items_id ON public.items (id public.numbers); "
        "CREATE INDEX items_name ON public.items (name COLLATE public.plain); "
        "CREATE INDEX items_tag ON public.items (tag pg_catalog.text_pattern_ops); "
        "ALTER TABLE public.items ALTER code TYPE text COLLATE public.\"plain\", "
        "ALTER tag TYPE text COLLATE pg_catalog.\"C\"; "
        "DROP TYPE public.words; CREATE TYPE public.words AS RANGE (subtype = text, collation = public.plain); "
        "RESET search_path;",
    ("namesakes", "a search_path spelled apart"):
        "SELECT set_config('search_path', '\"oth\",PUBLIC ,  \"Odd\"', false); "
        "ALTER FUNCTION public.work() SET search_path FROM CURRENT; RESET search_path;",
    ("odd_names", "valid rows under odd names"):
        "INSERT INTO \"Order\" (\"Side\", \"order\") SELECT 'long', n FROM generate_series(1, 50) n; "
        "INSERT INTO \"select\" SELECT 'a''b', n FROM generate_series(1, 50) n;",
    ("odd_names", "the odd schema first on the search_path"):
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = \"Odd Schema\", public', "
        "current_database()); END $$;",
}


@pytest.mark.parametrize(("name", "change"), SMALL, ids=lambda part: part)
def test_an_honest_change_of_a_small_project_alarms_nobody(name: str, change: str, bench: Bench) -> None:
    """As above, for partitions, domains, lookups, functions and odd names."""
    with bench.database(PROJECTS[name]) as dsn:
        commit_sql(dsn, SMALL[name, change])
        assert alarms(bench, PROJECTS[name], dsn) == {}


def test_another_owner_alarms_nobody(bench: Bench) -> None:
    """Who owns the objects is no part of the contract."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, f"ALTER TABLE active_positions OWNER TO {bench.reader}; "
                        f"ALTER SCHEMA public OWNER TO {bench.reader};")
        assert alarms(bench, project, dsn) == {}
        commit_sql(dsn, "ALTER TABLE active_positions OWNER TO CURRENT_USER; "
                        "ALTER SCHEMA public OWNER TO CURRENT_USER;")


def test_open_transactions_of_others_alarm_nobody(bench: Bench) -> None:
    """Row locks, uncommitted rows and an open snapshot do not stop the look."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, TEN_THOUSAND)
        other = connect(Secret(dsn), "the other session")
        try:
            other.autocommit = False
            with other.cursor() as cursor:
                cursor.execute("UPDATE active_positions SET quantity = 2")
                cursor.execute("SELECT * FROM position_history FOR UPDATE")
                cursor.execute("INSERT INTO schema_migrations VALUES ('not committed')")
            assert not_held(bench, project, dsn, "direct") == []
            assert not_held(bench, project, dsn, "lambda") == []
        finally:
            other.close()


@pytest.mark.parametrize("name", ["reference", "families", "holders", "relations", "odd_names", "catalogue", "namesakes"])
def test_dump_and_restore_alarms_nobody(name: str, bench: Bench, tmp_path: Path) -> None:
    """What pg_dump writes and psql reads back means the same."""
    project = PROJECTS[name]
    binaries = _binaries()
    with bench.database(project) as dsn:
        dumped = subprocess.run([binaries / "pg_dump", "--no-owner", "-f", tmp_path / "dump.sql", dsn],
                                capture_output=True, text=True)
        assert dumped.returncode == 0, dumped.stderr
        restored = bench.server.create_database(f"restored_{os.getpid()}")
        read = subprocess.run([binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", tmp_path / "dump.sql", restored],
                              capture_output=True, text=True)
        assert read.returncode == 0, read.stderr
        assert alarms(bench, project, restored) == {}


def _binaries() -> Path:
    return program("pg_dump").parent


def test_an_extension_is_not_the_users(bench: Bench) -> None:
    """What an extension owns (types, functions, operators) is neither extra nor missing."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, "CREATE EXTENSION vector")
        assert alarms(bench, project, dsn) == {}


@pytest.mark.parametrize("extension", ["citext", "pgcrypto", "hstore", "pg_trgm", "btree_gist"])
def test_an_extension_of_another_major_is_not_the_users(extension: str, other_major: Bench, bench: Bench) -> None:
    """As above, with the extensions that such a server has."""
    project = PROJECTS["reference"]
    other_major.expects(project, bench.project(project)[1])
    with other_major.database(project) as dsn:
        commit_sql(dsn, f"CREATE EXTENSION {extension}")
        assert alarms(other_major, project, dsn) == {}
