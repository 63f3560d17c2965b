"""Other ways to be wrong, and input that no replay can use."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.contract.consumers import CommandConsumer, LambdaConsumer, PythonConsumer
from checks.replays.replay import replay
from checks.replays.results import PARTS
from checks.values import HarnessError, Unreachable, Unverified, UsageError
from tests.replays.played import EFFECT, SMALL, ask, held, spec, written
from tests.support import ROOT


@pytest.mark.parametrize(("body", "part", "kind"), [
    ("pass; psycopg2.connect(url).close()", "schedules", "lost"),
    ("trade_stream.handle(event, url); 1 / 0", "schedules", "stuck"),
    ("import os; os._exit(3)", "schedules", "stuck"),
    ("event['data']['event'] = 'fill'; event['data']['order'].setdefault('filled_avg_price', 1); "
     "event['data']['order'].update(filled_at='2026-01-01T00:00:00Z', filled_avg_price='1'); "
     "trade_stream.handle(event, url)", "schedules", "extra"),
    ("try:\n        trade_stream.handle(event, url)\n    except Exception: pass", "errors", "lost"),
    ("try:\n        trade_stream.handle(event, url)\n    except Exception: pass", "crashes", "lost"),
    ("kept.append(psycopg2.connect(url)); c = kept[-1].cursor(); "
     "trade_stream.remember(c, event, trade_stream.event_id(event)) and trade_stream.apply(c, event)",
     "schedules", "lost"),
], ids=["does-nothing", "never-acknowledges", "exits", "effect-for-all", "swallows-errors", "swallows-crashes",
        "never-commits"])
def test_other_faults_are_found(body: str, part: str, kind: str, migrated: str, tmp_path: Path) -> None:
    consumer = written(tmp_path, body, "kept = []")
    result = replay(spec(consumer), migrated, root=tmp_path, budget=replace(SMALL, parts=(part,)))
    finding = result.breach(part)
    assert finding is not None, result
    assert finding.kind == kind, finding


def test_a_consumer_that_gets_nothing_right_leaves_the_other_parts_untried(migrated: str, tmp_path: Path) -> None:
    result = replay(spec(written(tmp_path, "1 / 0")), migrated, root=tmp_path, budget=SMALL)
    assert [finding.part for finding in result.breaches] == ["schedules"]
    assert set(result.untried) == set(PARTS) - {"schedules"}
    assert "ZeroDivisionError" in result.breaches[0].sentence


def test_two_partial_fills_under_one_key_are_merged(migrated: str, tmp_path: Path) -> None:
    consumer = written(tmp_path, """
    name = event['data']['order']['id'] + event['data']['event']
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        if trade_stream.remember(cursor, event, name):
            trade_stream.apply(cursor, event)""")
    result = replay(spec(consumer), migrated, root=tmp_path, budget=replace(SMALL, parts=("schedules",)))
    assert [finding.kind for finding in result.breaches] == ["merged"]
    assert "partial_fill" in result.breaches[0].sentence


def test_rows_of_other_tables_that_the_consumer_changes_come_back(migrated: str, tmp_path: Path) -> None:
    ask(migrated, 'CREATE TABLE "Sum of all" (n int GENERATED ALWAYS AS IDENTITY, total numeric, '
                  'twice numeric GENERATED ALWAYS AS (total * 2) STORED); '
                  'INSERT INTO "Sum of all" (total) VALUES (5); CREATE TABLE untouched AS SELECT 1 AS n')
    consumer = written(tmp_path, """
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        if trade_stream.remember(cursor, event, trade_stream.event_id(event)):
            trade_stream.apply(cursor, event)
        cursor.execute('UPDATE "Sum of all" SET total = total + 1')""")
    result = replay(spec(consumer), migrated, root=tmp_path, budget=replace(SMALL, parts=("schedules",)))
    assert '"Sum of all"' in result.breaches[0].sentence, result
    assert '"Sum of all"' in result.breaches[0].story
    assert ask(migrated, 'SELECT * FROM "Sum of all", untouched') == [(1, 5, 10, 1)]


def test_a_role_that_is_no_superuser_suffices(migrated: str, scratch_server) -> None:
    role = f"app_{os.getpid()}"
    tables = ("active_positions", "position_history", "alpaca_event_dedupe", "schema_migrations")
    ask(migrated, "CREATE TABLE secret AS SELECT 1 AS n")
    ask(migrated, f"CREATE ROLE {role} LOGIN; "
                  + "; ".join(f"ALTER TABLE {table} OWNER TO {role}" for table in tables))
    try:
        dsn = migrated.replace("//postgres", f"//{role}")
        result = replay(spec(), dsn, root=ROOT, budget=replace(SMALL, part_s=1.5))
        assert held(result) == set(PARTS), result.breaches
    finally:
        ask(migrated, f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize(("changes", "kind", "sentence"), [
    ({"table": "alpaca_event_dedup"}, UsageError, r"'alpaca_event_dedup' .* does not exist.*alpaca_event_dedupe"),
    ({"key": ("event_idd",)}, UsageError, r"dedupe\.trade_events\.key names column 'event_idd'.*mean 'event_id'"),
    ({"effects": (replace(EFFECT, key=("order",)),)}, UsageError, r"effects\.key names column 'order'"),
    ({"effects": (replace(EFFECT, source=("no_such",)),)}, UsageError, r"line \d+ has no field for 'no_such'"),
    ({"effects": (replace(EFFECT, table="nowhere"),)}, UsageError, "'nowhere' .* does not exist"),
    ({"events": Path("missing.jsonl")}, UsageError, "cannot be read"),
    ({"consumer": PythonConsumer("missing.py", "handle")}, UsageError, r"missing\.py is not there"),
    ({"consumer": CommandConsumer(("no-such-command",))}, UsageError, "neither on PATH"),
    ({"consumer": LambdaConsumer("trade-stream")}, Unverified, "AWS cannot reach"),
    ({"consumer": None}, UsageError, "names no consumer"),
])
def test_a_contract_that_leads_nowhere_is_one_sentence(changes: dict[str, Any], kind: type[HarnessError],
                                                       sentence: str, migrated: str) -> None:
    with pytest.raises(kind, match=sentence):
        replay(spec(**changes), migrated, root=ROOT, budget=SMALL)


def test_a_server_that_is_down_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        replay(spec(), "postgresql://postgres@127.0.0.1:1/x", root=ROOT)


@pytest.mark.parametrize(("body", "sentence"), [
    ("import time; time.sleep(600)", "gave no answer within 0.5 s and was killed at the plain delivery of event 1"),
    ("psycopg2.connect(url + '?sslmode=require')", "insists on TLS"),
    ("psycopg2.connect(url.rpartition('/')[0] + '/postgres')", "asked for database postgres"),
    ("pass", "never connected to the database it was given"),
])
def test_a_consumer_that_cannot_be_watched_is_unverified(body: str, sentence: str, migrated: str,
                                                         tmp_path: Path) -> None:
    with pytest.raises(Unverified, match=re.escape(sentence)):
        replay(spec(written(tmp_path, body)), migrated, root=tmp_path, budget=replace(SMALL, delivery_s=0.5))
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("replay")] == []


def test_somebody_who_holds_a_lock_is_one_sentence(migrated: str) -> None:
    other = psycopg2.connect(migrated)
    other.cursor().execute("SET lock_timeout = 0; LOCK TABLE alpaca_event_dedupe")
    try:
        with pytest.raises(Unverified, match="refused to be prepared for a replay"):
            replay(spec(), migrated, root=ROOT, budget=SMALL)
    finally:
        other.close()
