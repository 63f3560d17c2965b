"""Stored events and effects, and the application's statements: D2, D4 and D12 as saboteurs, over both routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.claims.verify import judge
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.expectation.derive import derive
from checks.expectation.expectation import Expectation, expect
from checks.lambdas.local.endpoint import local_aws
from checks.lambdas.package import pack
from checks.observation.observe import Observation, look
from checks.target.open_target import Place
from checks.target.reader import make_reader
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret, Target, resolve_target
from tests.support import ROOT, saboteur_index

CLAIM = "dedupe:trade_events"
D4 = "INSERT INTO active_positions (ticker, side, quantity, entry_price) VALUES (%s, 'long', 1, 1) ON CONFLICT DO NOTHING"
FILL = ("INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, processed_at) "
        "VALUES ('e1', 'fill', 'o1', now() - interval '{age}')")
POSITION = ("INSERT INTO active_positions (ticker, side, quantity, entry_price, alpaca_order_id, created_at) "
            "VALUES ('SPY', 'long', 1, 1, 'o1', now() - interval '{age}')")
SABOTAGE: dict[str, tuple[list[str], dict[str, str]]] = {
    "D2_arbiter_not_unique": (
        ["DROP INDEX uq_active_positions_alpaca_order_id",
         "CREATE INDEX uq_active_positions_alpaca_order_id ON active_positions (alpaca_order_id)"],
        {".statement2": "it is not unique", ".active_positions": "it is not unique"}),
    "D2_arbiter_deferrable": (
        ["DROP INDEX uq_active_positions_alpaca_order_id", "ALTER TABLE active_positions ADD CONSTRAINT "
         "uq_active_positions_alpaca_order_id UNIQUE (alpaca_order_id) DEFERRABLE"],
        {".statement2": "deferrable (55000"}),
    "D2_arbiter_gone": (["DROP INDEX uq_active_positions_alpaca_order_id"], {".statement2": "no index is over just"}),
    "D4_do_nothing_without_target": ([], {".statement3": "uq_active_positions_alpaca_order_id"}),
    "D12_duplicates_stored": (
        ["DROP INDEX uq_active_positions_alpaca_order_id", FILL.format(age="1 hour"), POSITION.format(age="1 hour"),
         POSITION.format(age="1 hour")], {".active_positions.stored": "1 keys are stored more than once"}),
    "D12_event_without_effect": ([FILL.format(age="1 hour")], {".active_positions.lost": "1 events are recorded"}),
    "D12_effect_without_event": ([POSITION.format(age="1 hour")], {".active_positions.unrecorded": "1 rows have no"}),
    "D12_forgotten_too_early": ([POSITION.format(age="48 hours")], {".active_positions.retention": "already forgotten"}),
}
HONEST = {
    "both stored": [FILL.format(age="1 hour"), POSITION.format(age="1 hour")],
    "effect on its way": [FILL.format(age="10 seconds")],
    "older than the window": [FILL.format(age="300 hours").replace("o1", "o2"),
                              POSITION.format(age="300 hours").replace("o1", "o3")],
    "another kind of event": [FILL.format(age="1 hour").replace("'fill'", "'canceled'")],
    "position without an order": [POSITION.format(age="1 hour").replace("'o1'", "NULL")],
    "index under another name": ["ALTER INDEX uq_active_positions_alpaca_order_id RENAME TO other"],
}


@pytest.fixture(scope="module")
def expectation() -> Expectation:
    contract = _with_d4(read_contract(ROOT / "contract.toml"))
    return expect(contract, derive(contract, embedded), None)


def _with_d4(contract: Contract) -> Contract:
    spec = contract.dedupe[0]
    return replace(contract, dedupe=(replace(spec, statements=(*spec.statements, D4)),))


Looked = Callable[[str], tuple[Place, Observation]]


@pytest.fixture(scope="module", params=["direct", "lambda"])
def looked(request: pytest.FixtureRequest, scratch_server: ScratchServer, expectation: Expectation) -> Iterator[Any]:
    """Looks at a database by either route."""
    contract = expectation.contract
    if request.param == "direct":
        yield lambda dsn: _verdicts(Place(resolve_target(dsn, contract), Secret(dsn)), expectation)
        return
    with local_aws() as aws:
        readers: list[str] = []

        def through(dsn: str) -> dict[str, Any]:
            if not readers:
                readers.append(make_reader(scratch_server, Secret(dsn)).reveal())
            url = dsn.replace("postgres:@", "postdeploy_reader:reader@")
            aws.deploy("db-query", pack(Path(ROOT / "fixtures/lambdas/db_query")), environment={"DATABASE_URL": url})
            spec = replace(contract.targets["embedded-lambda"], query_function="db-query")
            return _verdicts(Place(Target(spec, None), None, aws.endpoint_url), expectation)

        yield through


def _verdicts(place: Place, expectation: Expectation) -> dict[str, Any]:
    import datetime as dt

    seen = look(place, expectation.contract, expectation.objects)
    report = judge(expectation, seen, place.target, dt.date(2026, 11, 22))
    return {verdict.claim: verdict for case in report.cases for verdict in case.verdicts if case.area == "dedupe"}


def _run(dsn: str, statements: list[str]) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize("name", SABOTAGE)
def test_each_fault_breaks_its_claim(name: str, looked: Any, migrated: str) -> None:
    statements, broken = SABOTAGE[name]
    _run(migrated, statements)
    verdicts = looked(migrated)
    assert "o1" not in str(verdicts)  # a stored row's value
    for part, words in broken.items():
        assert verdicts[CLAIM + part].verdict == "broken"
        assert words in verdicts[CLAIM + part].detail
    saboteur_index.saw(f"dedupe/{name}", [verdicts[CLAIM + part] for part in broken])


@pytest.mark.parametrize("name", HONEST)
def test_no_honest_database_alarms(name: str, looked: Any, migrated: str) -> None:
    _run(migrated, HONEST[name])
    verdicts = looked(migrated)
    assert verdicts.pop(f"{CLAIM}.statement3").verdict == "broken"
    assert {claim: verdict.detail for claim, verdict in verdicts.items() if verdict.verdict != "held"} == {}
    assert f"{CLAIM}.key" in verdicts


def test_an_arbiter_that_decides_by_code_of_its_own_what_is_equal_is_unverified(looked: Any, migrated: str) -> None:
    _run(migrated, [
        "CREATE FUNCTION apart(text, text) RETURNS int LANGUAGE sql IMMUTABLE "
        "AS 'SELECT CASE WHEN $1 < $2 THEN -1 ELSE 1 END'",
        "CREATE OPERATOR CLASS text_pattern_ops FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, "
        "OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 apart(text, text)",
        "DROP INDEX uq_active_positions_alpaca_order_id",
        "CREATE UNIQUE INDEX uq_active_positions_alpaca_order_id ON active_positions "
        "(alpaca_order_id public.text_pattern_ops)",
        POSITION.format(age="1 hour"), POSITION.format(age="1 hour")])
    verdict = looked(migrated)[f"{CLAIM}.active_positions"]
    assert (verdict.verdict, verdict.witness.count("public.text_pattern_ops")) == ("unverified", 1)
    _run(migrated, ["TRUNCATE active_positions", "DROP INDEX uq_active_positions_alpaca_order_id",
                    "CREATE UNIQUE INDEX uq_active_positions_alpaca_order_id ON active_positions "
                    "(alpaca_order_id pg_catalog.text_pattern_ops)"])
    assert looked(migrated)[f"{CLAIM}.active_positions"].verdict == "held"


STATEMENTS = {
    "D2_arbiter_never_made": ("INSERT INTO active_positions (ticker) VALUES (:t) ON CONFLICT (ticker) DO NOTHING", "42P10",
                              "make no unique index over the columns"),
    "D2_without_on_conflict": ("INSERT INTO active_positions (ticker) VALUES (?)", "", "It has no ON CONFLICT"),
    "D2_no_insert": ("DELETE FROM active_positions", "42601", "It cannot be planned"),
    "D2_two_statements": ("SELECT 1; DROP TABLE x", "42601", "It cannot be planned"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_the_migrations_give_no_arbiter_is_broken_wherever_it_runs(name: str, migrated: str) -> None:
    text, sqlstate, words = STATEMENTS[name]
    contract = read_contract(ROOT / "contract.toml")
    contract = replace(contract, dedupe=(replace(contract.dedupe[0], statements=(text,)),))
    derived = derive(contract, embedded)
    assert (derived.inserts[text].sqlstate, derived.inserts[text].resolution) == (sqlstate, "")
    verdicts = _verdicts(Place(resolve_target(migrated, contract), Secret(migrated)), expect(contract, derived, None))
    verdict = verdicts[f"{CLAIM}.statement1"]
    assert verdict.verdict == "broken"
    assert words in verdict.detail
    saboteur_index.saw(f"dedupe/{name}", [verdict])
