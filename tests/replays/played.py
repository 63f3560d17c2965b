"""What tests of a replay share: the reference contract's dedupe, consumers written for a test, small budgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2

from checks.contract.consumers import PythonConsumer
from checks.contract.dedupe import Dedupe, Effect
from checks.replays.results import Budget, ReplayResult
from tests.support import ROOT

CONSUMERS = ROOT / "fixtures" / "consumers"
EFFECT = Effect("active_positions", ("alpaca_order_id",), ("order_id",), {"event_type": ("fill",)})
CORPUS = ROOT / "fixtures/events/trade_updates.jsonl"
SMALL = Budget(schedules=15, interleavings=20, pairs=2, part_s=4.0, delivery_s=5.0)


def spec(consumer: Any = "trade_stream", **changes: Any) -> Dedupe:
    named = PythonConsumer(str(CONSUMERS / f"{consumer}.py"), "handle") if isinstance(consumer, str) else consumer
    made = Dedupe("trade_events", "alpaca_event_dedupe", ("event_id",), (EFFECT,), CORPUS, named)
    return replace(made, **changes)


def ask(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchall() if cursor.description else []
    connection.close()
    return found


def written(folder: Path, body: str, head: str = "") -> PythonConsumer:
    (folder / "consume.py").write_text(
        f"import sys; sys.path.insert(0, {str(CONSUMERS)!r})\nimport psycopg2, trade_stream, adding\n{head}\n"
        f"def handle(event, url):\n    {body}\n")
    return PythonConsumer(str(folder / "consume.py"), "handle")


def held(result: ReplayResult) -> set[str]:
    return set(result.tried) - {finding.part for finding in result.breaches} - set(result.untried)
