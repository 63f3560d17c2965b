"""What a replay says of itself: nothing is held that no fault was delivered to, and what was swallowed is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checks.contract.reader import read_contract
from checks.replays.claims import KINDS, replay_verdicts
from checks.replays.consumers.delivery import Injection
from checks.replays.parts import crash_points
from checks.replays.proxy.gate import SentError
from checks.replays.refusals import told
from checks.replays.replay import replay
from checks.replays.results import PARTS, ReplayResult
from checks.target.open_target import Place
from checks.target.target import Secret, resolve_target
from checks.values import Verdict
from tests.replays.played import CORPUS, SMALL, held, spec, written
from tests.support import ROOT

CONTRACT = read_contract(ROOT / "contract.toml")
STATEMENTS = CONTRACT.dedupe[0].statements
OTHERS = ("crashes", "errors", "races")


def verdicts(result: ReplayResult) -> dict[str, Verdict]:
    return {part: KINDS[part]("trade_events", result) for part in PARTS}


def test_a_consumer_that_swallows_everything_holds_nothing_and_is_told_what_it_swallowed(migrated: str) -> None:
    result = replay(spec("D14_swallows_everything", statements=STATEMENTS), migrated, root=ROOT, budget=SMALL)
    found = verdicts(result)
    assert {part: verdict.verdict for part, verdict in found.items()} == {
        "schedules": "broken", **dict.fromkeys(OTHERS, "unverified")}
    for verdict in found.values():
        assert "The server answered 42P10 (there is no unique or exclusion constraint matching the" in verdict.detail
        assert ("INSERT INTO alpaca_event_dedupe … ON CONFLICT (order_id, event_type), and the delivery was acknowledged: "
                "see dedupe:trade_events.statement1, whose ON CONFLICT names (event_id).") in verdict.detail
    assert all("no event has its one effect even when nothing goes wrong" in found[part].detail for part in OTHERS)
    assert result.counts["crash_points"] > 0
    assert result.counts["errors"] > 0


def test_a_consumer_that_never_connects_holds_nothing(scratch_server, migrated: str, tmp_path: Path) -> None:
    contract = replace(CONTRACT, dedupe=(spec(written(tmp_path, "return {'ok': True}")),))
    target = resolve_target(migrated, contract, writes="scratch")
    found = replay_verdicts(Place(target, Secret(migrated)), contract, lambda line: None)["trade_events"]
    assert [verdict.verdict for verdict in found] == ["unverified"] * len(PARTS)
    assert all("never connected to the database it was given" in verdict.detail for verdict in found)


def test_a_corpus_without_effects_holds_nothing(migrated: str, tmp_path: Path) -> None:
    """Whatever a consumer does with events that need no effect, nothing is lost and nothing doubled."""
    (tmp_path / "new.jsonl").write_text("".join(
        line for line in CORPUS.read_text().splitlines(keepends=True) if '"event":"new"' in line))
    result = replay(spec(written(tmp_path, "psycopg2.connect(url).close()"), events=tmp_path / "new.jsonl"), migrated,
                    root=tmp_path, budget=SMALL)
    assert held(result) == set()
    assert {verdict.verdict for verdict in verdicts(result).values()} == {"unverified"}
    assert all("has an effect, so there is nothing to lose and nothing to double" in why for why in result.untried.values())


@pytest.mark.parametrize(("part", "what"), [("crashes", "0 crash points"), ("errors", "0 injected errors")])
def test_a_fault_that_never_struck_holds_nothing(part: str, what: str, migrated: str,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    never = Injection("never", anywhere=False, at_commit=False)
    monkeypatch.setattr(Injection, "can_meet", lambda injection, statement: False)
    monkeypatch.setattr(crash_points, part.upper(), (never,))
    result = replay(spec(), migrated, root=ROOT, budget=replace(SMALL, parts=(part,)))
    verdict = verdicts(result)[part]
    assert verdict.verdict == "unverified"
    assert what in verdict.detail
    assert "sent a statement through the connection that it was lent" in verdict.detail


def test_deliveries_that_never_meet_in_the_database_are_no_race(migrated: str, tmp_path: Path) -> None:
    consumer = written(tmp_path, """
    with open('lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        trade_stream.handle(event, url)""", "import fcntl")
    result = replay(spec(consumer), migrated, root=tmp_path,
                    budget=replace(SMALL, delivery_s=0.7, interleavings=1, pairs=1, parts=("races",)))
    verdict = verdicts(result)["races"]
    assert verdict.verdict == "unverified"
    assert "were never in the database at once" in verdict.detail
    assert result.counts["interleavings"] == 0


def test_what_was_delivered_is_counted(migrated: str) -> None:
    result = replay(spec(payload=("data.order.filled_avg_price",)), migrated, root=ROOT, budget=SMALL)
    assert held(result) == set(PARTS), result.breaches
    counts = result.counts
    assert min(counts.values()) > 0
    duplicates = f"{counts['duplicates']} duplicates, {counts['payloads']} of them with another payload"
    assert duplicates in result.tried["schedules"]
    assert result.tried["crashes"].startswith(f"{counts['crash_points']} crash points in ")
    assert result.tried["errors"].startswith(f"{counts['errors']} injected errors of 4 kinds in ")
    assert result.tried["races"].startswith(f"{counts['interleavings']} interleavings of ")
    assert result.swallowed == ()


def test_a_refusal_that_is_the_design_is_told_and_held(migrated: str, tmp_path: Path) -> None:
    """An INSERT without ON CONFLICT, whose unique violation says that the event was seen: right, and named."""
    consumer = written(tmp_path, """
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        try:
            trade_stream.remember(cursor, event, trade_stream.event_id(event))
        except psycopg2.errors.UniqueViolation:
            connection.rollback()
            return
        trade_stream.apply(cursor, event)""",
                       "trade_stream.REMEMBER = trade_stream.REMEMBER.partition('ON CONFLICT')[0]")
    result = replay(spec(consumer), migrated, root=tmp_path, budget=replace(SMALL, parts=("schedules", "crashes")))
    assert held(result) == {"schedules", "crashes"}, result.breaches
    detail = verdicts(result)["schedules"].detail
    assert "The server answered 23505 (duplicate key value violates unique constraint" in detail
    assert "see constraints:alpaca_event_dedupe.alpaca_event_dedupe_pkey." in detail


def refused(sqlstate: str, sql: str, message: str = "no", **more: str) -> SentError:
    return SentError(sqlstate, message, sql, **more)


OPEN = "INSERT INTO active_positions (a) VALUES ('ON CONFLICT (x)') ON CONFLICT ({}) DO UPDATE SET a = 1"


@pytest.mark.parametrize(("refusal", "said"), [
    (refused("42P10", OPEN.format("ticker")),
     "see dedupe:trade_events.statement2, whose ON CONFLICT names (alpaca_order_id)."),
    (refused("42P10", OPEN.format("alpaca_order_id")),
     "ON CONFLICT (alpaca_order_id), and the delivery was acknowledged: see dedupe:trade_events.statement2."),
    (refused("23514", "UPDATE active_positions SET side = 'x'", constraint="chk_side", table="public.active_positions"),
     "to an UPDATE, and the delivery was acknowledged: see constraints:active_positions.chk_side."),
    (refused("42P01", 'insert into "public"."Alpaca" (n) values (1)', "relation x"),
     'The server answered 42P01 (relation x) to INSERT INTO "Alpaca" …, and the delivery was acknowledged.'),
    (refused("22P02", "SELECT 'secret'::int", 'invalid input syntax for type integer: "secret"'),
     "The server answered 22P02 to a SELECT, and"),
    (refused("28P01", ""), "to a connection, and"),
])
def test_a_refusal_is_told_with_the_claim_that_explains_it(refusal: SentError, said: str) -> None:
    (sentence,) = told([refusal], spec(statements=STATEMENTS))
    assert said in sentence
    assert sentence.endswith(".")


def test_without_statements_the_keys_explain_it() -> None:
    (dedupe,) = told([refused("42P10", "INSERT INTO alpaca_event_dedupe VALUES (1) ON CONFLICT (a) DO NOTHING")], spec())
    (effect,) = told([refused("42P10", OPEN.format("ticker"))], spec())
    assert dedupe.endswith("see dedupe:trade_events.key.")
    assert effect.endswith("see dedupe:trade_events.active_positions.")


def test_each_kind_of_refusal_is_told_once_and_the_most_frequent_first() -> None:
    one, other = refused("42P10", OPEN.format("ticker")), refused("40001", "COMMIT")
    found = told([other, one, one, *(refused(f"5800{n}", "COMMIT") for n in range(5))], spec())
    assert len(found) == 3
    assert "42P10" in found[0]
