"""The watched tables are emptied, and brought back to what they held when that was kept."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2
import pytest

from checks.contract.dedupe import Effect
from checks.replays.consumers.scratch_tables import Scratch
from tests.replays.played import ask, spec

MADE = """
CREATE TABLE kept (n int GENERATED ALWAYS AS IDENTITY, price numeric(12, 4),
                   twice numeric GENERATED ALWAYS AS (price * 2) STORED,
                   at timestamptz, notes jsonb, tags text[], raw bytea);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'fired'; END$$;
CREATE TABLE seen (event_id text PRIMARY KEY);
INSERT INTO seen VALUES ('one');
INSERT INTO kept (price, at, notes, tags, raw)
VALUES (1.50, '2026-01-01T00:00:00.123456Z', '{"a": [1.10, "ü"]}', '{"a b",NULL}', '\\x00ff'),
       (NULL, NULL, NULL, NULL, NULL);
CREATE TRIGGER refuses BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION refuse()"""
ROWS = "SELECT k::text FROM kept k ORDER BY n"


@pytest.fixture
def scratch(migrated: str) -> Iterator[Scratch]:
    ask(migrated, MADE)
    made = Scratch(migrated, spec(table="seen", effects=(Effect("kept", ("n",), ("n",)),)))
    yield made
    made.close()


def test_what_was_kept_comes_back_as_it_was(scratch: Scratch, migrated: str) -> None:
    before, state = ask(migrated, ROWS), scratch.read()
    first = scratch.keep()
    scratch.reset()
    assert {table: list(rows) for table, rows in scratch.read().items()} == {"seen": [], "kept": []}
    ask(migrated, "INSERT INTO seen VALUES ('two')")
    second = scratch.keep()
    scratch.reset(first)
    assert (ask(migrated, ROWS), scratch.read()) == (before, state)
    scratch.reset(second)
    assert (ask(migrated, ROWS), ask(migrated, "SELECT * FROM seen")) == ([], [("two",)])


def test_nothing_is_kept_where_bringing_it_back_would_fire_triggers(scratch: Scratch, migrated: str) -> None:
    scratch.superuser = False
    assert scratch.keep() == 0
    with pytest.raises(psycopg2.Error):
        ask(migrated, "INSERT INTO kept (price) VALUES (1)")
