"""The replay claims: the correct consumer holds them all, and each faulty twin breaks the one its fault is about."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.contract.consumers import CommandConsumer, LambdaConsumer, PythonConsumer
from checks.contract.dedupe import Dedupe, Effect
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.replays.claims import KINDS
from checks.replays.replay import replay
from checks.replays.results import PARTS, Budget, ReplayResult
from checks.values import HarnessError, Unreachable, Unverified, UsageError
from tests.support import MIGRATIONS, OTHER_MAJORS, ROOT, saboteur_index

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


# The correct consumer

def test_the_reference_consumer_holds_every_claim(migrated: str) -> None:
    result = replay(spec(), migrated, root=ROOT, budget=replace(Budget.default(spec()), part_s=300.0))
    assert held(result) == set(PARTS), result.breaches
    assert result.counts["schedules"] >= 20
    assert result.counts["crash_points"] >= 100
    assert result.counts["errors"] >= 100
    assert "4 pairs of deliveries: all there are" in result.tried["races"]
    assert result.counts["interleavings"] >= 100
    assert ask(migrated, "SELECT (SELECT count(*) FROM active_positions), (SELECT count(*) FROM alpaca_event_dedupe),"
                         " (SELECT count(*) FROM schema_migrations)") == [(0, 0, 4)]
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


# The faulty twins

@dataclass(frozen=True)
class Twin:
    """A faulty consumer; the head of its file says which claim it breaks, how, and what the finding names."""

    breaks: str
    kind: str
    names: str

    @property
    def part(self) -> str:
        """The part of the replay: the end of the claim's id."""
        return self.breaks.rpartition(".")[2]


def twin(file: Path) -> Twin:
    head = re.match(r'"""(D\d+)\b.*\n\nBreaks: (dedupe:trade_events\.replay\.\w+)\nNames: (\w+): (.+)\n"""\n',
                    file.read_text(encoding="utf-8"))
    assert head is not None, f"{file}: the head must have Breaks and Names"
    assert file.stem.startswith(f"{head[1]}_")
    return Twin(*head.groups()[1:])


TWINS = {file.stem: twin(file) for file in sorted(CONSUMERS.glob("D*.py"))}


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_breaks_the_claim_its_fault_is_about(name: str, migrated: str) -> None:
    twin = TWINS[name]
    result = replay(spec(name), migrated, root=ROOT,
                    budget=replace(SMALL, schedules=40, part_s=15.0, parts=(twin.part,)))
    finding = result.breach(twin.part)
    assert finding is not None, result
    assert (finding.kind, twin.names in finding.sentence) == (twin.kind, True), finding
    deliveries = re.findall(r"^(?:\d+\.|A:|B:) .*event \d+.* -> ", finding.story, re.MULTILINE)
    assert 1 <= len(deliveries) <= 3, finding.story
    for words in ("before:", "after:", "each once in order:", "active_positions (alpaca_order_id"):
        assert words in finding.story
    verdict = KINDS[twin.part]("trade_events", result)
    assert (verdict.claim, verdict.verdict) == (twin.breaks, "broken")
    saboteur_index.saw(f"consumers/{name}", [verdict])


def test_every_part_of_a_replay_has_a_twin_and_every_fault_its_own() -> None:
    assert {twin.part for twin in TWINS.values()} == set(PARTS)
    assert {name.partition("_")[0] for name in TWINS} >= {f"D{n}" for n in (*range(1, 12), 13)}


@pytest.mark.parametrize(("twin", "part"), [
    ("D6_check_then_insert", "races"), ("D7_fails_open", "errors"), ("D11_late_event_regresses", "schedules")])
def test_a_twin_is_broken_for_one_reason(twin: str, part: str, migrated: str) -> None:
    others = tuple(other for other in PARTS if other != part)
    result = replay(spec(twin), migrated, root=ROOT, budget=replace(SMALL, part_s=2.0, parts=others))
    assert held(result) == set(others), result.breaches


def test_the_story_of_a_race_tells_its_statements(migrated: str) -> None:
    finding = replay(spec("D6_check_then_insert"), migrated, root=ROOT,
                     budget=replace(SMALL, parts=("races",))).breach("races")
    assert finding is not None
    steps = re.findall(r"^\d+\. ([AB]) (\w+)", finding.story, re.MULTILINE)
    assert steps.index(("B", "SELECT")) < steps.index(("A", "COMMIT"))
    assert steps.index(("A", "SELECT")) < steps.index(("B", "COMMIT"))


def test_the_story_of_a_lost_commit_tells_where_it_was_cut(migrated: str) -> None:
    finding = replay(spec("D13_retry_after_lost_commit"), migrated, root=ROOT,
                     budget=replace(SMALL, parts=("crashes",))).breach("crashes")
    assert finding is not None
    assert "(COMMIT) is executed, and the connection is cut before its reply" in finding.story


def test_a_replay_finds_the_same_story_again(migrated: str) -> None:
    budget = replace(SMALL, parts=("schedules",))
    stories = [replay(spec("D11_late_event_regresses"), migrated, root=ROOT, budget=budget).breaches[0]
               for _ in range(2)]
    assert stories[0] == stories[1]


# Other ways to be wrong

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


# Bad input

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
