"""The correct consumer holds every claim of a replay, in each of its forms and other right designs do too."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.contract.consumers import CommandConsumer, LambdaConsumer
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.replays.replay import replay
from checks.replays.results import PARTS, Budget
from tests.replays.played import CONSUMERS, CORPUS, SMALL, ask, held, spec, written
from tests.support import MIGRATIONS, OTHER_MAJORS, ROOT


def test_the_reference_consumer_holds_every_claim(migrated: str) -> None:
    result = replay(spec(), migrated, root=ROOT, budget=replace(Budget.default(spec()), part_s=300.0))
    assert held(result) == set(PARTS), result.breaches
    assert result.counts["schedules"] >= 20
    assert result.counts["crash_points"] >= 100
    assert result.counts["errors"] >= 100
    assert "4 pairs of deliveries: all there are" in result.tried["races"]
    assert result.counts["interleavings"] >= 100
    assert ask(migrated, "SELECT (SELECT count(*) FROM active_positions), (SELECT count(*) FROM alpaca_event_dedupe),"
                         " (SELECT count(*) FROM schema_migrations)") == [(0, 0, 5)]
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("replay")] == []


def test_a_part_that_runs_out_of_time_says_so_and_has_tried_something(migrated: str) -> None:
    result = replay(spec(), migrated, root=ROOT, budget=replace(SMALL, part_s=0.0))
    assert held(result) == set(PARTS)
    assert min(result.counts.values()) >= 1
    assert result.tried
    assert all("stopped after 0 s" in said or "0 s together" in said for said in result.tried.values()), result.tried


def test_another_correct_design_holds_too(migrated: str, tmp_path: Path) -> None:
    """Additive effects, a kept connection, a lock instead of a conflict target: not our design, and right."""
    consumer = written(tmp_path, """
    global kept
    try:
        if kept is None or kept.closed:
            kept = psycopg2.connect(url)
        with kept, kept.cursor() as cursor:
            adding.lock(cursor, event)
            if not adding.seen(cursor, event):
                trade_stream.remember(cursor, event, trade_stream.event_id(event))
                adding.apply(cursor, event)
    except psycopg2.Error:
        kept.close()
        raise""", "kept = None")
    result = replay(spec(consumer), migrated, root=tmp_path, budget=SMALL)
    assert held(result) == set(PARTS), result.breaches


def test_bash_and_psql_hold_the_claims_through_command(migrated: str, tmp_path: Path) -> None:
    (tmp_path / "few.jsonl").write_text("".join(CORPUS.read_text().splitlines(keepends=True)[:6]))
    consumer = CommandConsumer((str(CONSUMERS / "trade_stream.sh"),))
    result = replay(spec(consumer, events=tmp_path / "few.jsonl"), migrated, root=ROOT,
                    budget=Budget(schedules=3, interleavings=6, pairs=1, part_s=2.0))
    assert held(result) == set(PARTS), result.breaches


def test_the_lambda_form_holds_the_claims(migrated: str) -> None:
    with local_aws() as aws:
        aws.deploy("trade-stream", pack(CONSUMERS / "trade_stream_lambda", {
            "trade_stream.py": (CONSUMERS / "trade_stream.py").read_bytes()}))
        budget = Budget(schedules=4, interleavings=8, pairs=1, part_s=3.0)
        result = replay(spec(LambdaConsumer("trade-stream")), migrated, root=ROOT, budget=budget,
                        endpoint_url=aws.endpoint_url)
    assert held(result) == set(PARTS), result.breaches


@pytest.mark.parametrize(("name", "changes"), [
    ("trade_stream_async", {}), ("trade_stream_batch", {"batch": 3}),
    ("trade_stream", {"payload": ("data.order.filled_avg_price", "data.price")}),
], ids=["a-coroutine-and-its-worker", "a-batch", "another-payload-under-a-known-key"])
def test_other_right_ways_to_take_events_hold_every_claim(name: str, changes: dict[str, Any], migrated: str) -> None:
    """The right one beside each twin of D14 and D15."""
    made = spec(name)
    consumer = replace(made.consumer, batch=changes.get("batch", 0))
    result = replay(replace(made, consumer=consumer, payload=changes.get("payload", ())), migrated, root=ROOT, budget=SMALL)
    assert held(result) == set(PARTS), result.breaches
    assert min(result.counts.values()) > 0


def test_a_message_that_is_refused_for_its_other_payload_is_not_stuck(migrated: str, tmp_path: Path) -> None:
    consumer = written(tmp_path, """
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        if trade_stream.remember(cursor, event, trade_stream.event_id(event)):
            trade_stream.apply(cursor, event)
        cursor.execute("SELECT event_data #>> '{data,order,filled_avg_price}' FROM alpaca_event_dedupe WHERE event_id = %s",
                       (trade_stream.event_id(event),))
        assert cursor.fetchone()[0] == event['data']['order']['filled_avg_price'], 'another event under a known key'""")
    result = replay(spec(consumer, payload=("data.order.filled_avg_price",)), migrated, root=tmp_path,
                    budget=replace(SMALL, parts=("schedules",)))
    assert held(result) == {"schedules"}, result.breaches
    assert result.counts["payloads"] > 0


def test_a_lambda_behind_a_queue_holds_the_claims(migrated: str) -> None:
    with local_aws() as aws:
        aws.deploy("trade-stream", pack(CONSUMERS / "trade_stream_lambda", {
            name: (CONSUMERS / name).read_bytes() for name in ("trade_stream.py", "trade_stream_batch.py")}),
            handler="app.batch_handler")
        budget = Budget(schedules=3, interleavings=4, pairs=1, part_s=3.0)
        result = replay(spec(LambdaConsumer("trade-stream", batch=3)), migrated, root=ROOT, budget=budget,
                        endpoint_url=aws.endpoint_url)
    assert held(result) == set(PARTS), result.breaches


@pytest.mark.parametrize("url", OTHER_MAJORS)
def test_every_supported_major_holds_the_claims(url: str) -> None:
    name = f"replay_{os.getpid()}"
    ask(url, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        dsn = url.rpartition("/")[0] + "/" + name
        for file in MIGRATIONS:
            ask(dsn, file.read_text())
        result = replay(spec(), dsn, root=ROOT, budget=replace(SMALL, part_s=3.0))
        assert held(result) == set(PARTS), result.breaches
    finally:
        ask(url, f"DROP DATABASE {name} WITH (FORCE)")
