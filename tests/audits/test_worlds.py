"""The worlds of an audit lie as they say, and the faults are found by name."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.audits.audit import expected
from checks.audits.faults.deeds import droppable, undo
from checks.audits.faults.fault import ADVICE, TwinAnswer, chosen
from checks.audits.faults.queries import QUERY_FAULTS
from checks.audits.faults.replies import renamed
from checks.audits.lying_endpoint import LyingEndpoint
from checks.audits.prepared import Prepared, roles_of
from checks.catalog.key import Key
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.contract.reply_shape import ReplyShape
from checks.expectation.derive import write_lock
from checks.expectation.derived import statements
from checks.lambdas.client import invoke
from checks.lambdas.replies.outcome import classify_apply, classify_query
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.values import UsageError
from tests.audits.lying import CONTRACT, CORPUS, MIGRATE, V, ask, faults, migrate
from tests.support import ROOT


def test_the_healthy_world_is_real(world: LyingEndpoint) -> None:
    world.reset(None)
    assert world.proof().verdict == "broken"
    reply = migrate(world)
    assert classify_apply(reply, [V]).word == "succeeded"
    world.settle()
    assert world.proof().verdict == "held"
    rows = classify_query(ask(world, "SELECT count(*) AS n FROM schema_migrations"), None).rows
    assert rows == ({"n": 4},)
    world.reset(None)
    assert world.proof().verdict == "broken"


WORLD_NAMES = ["did-nothing", "did-half", "did-other-half", "rolled-back", "row-without-ddl", "ddl-without-row",
               "other-version", "lookalike-rows", "other-database", "accepted",
               *(f"left-out.{n}" for n in range(1, 5))]


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_a_false_world_says_applied_and_is_not(name: str, world: LyingEndpoint, prepared: Prepared) -> None:
    fault = faults(prepared)[f"world.{name}"]
    assert fault.impossible(prepared.expectation) == ""
    world.reset(fault)
    reply = migrate(world)
    word = classify_apply(reply, [V]).word
    assert word == {"accepted": "undecided", "other-version": "failed"}.get(name, "succeeded")
    world.settle()
    verdict = world.proof()
    assert verdict.verdict == "broken"
    assert told_by(name) in verdict.detail


def test_every_world_is_tried_here(prepared: Prepared) -> None:
    there = {name.removeprefix("world.") for name, fault in faults(prepared).items() if fault.kind == "world"}
    assert there - {*WORLD_NAMES} == set()


def told_by(name: str) -> str:
    if name.startswith("left-out"):
        return "1 of 4 effects missing"
    return {"did-half": "2 of 4 effects missing", "did-other-half": "2 of 4", "row-without-ddl": "Row without DDL",
            "ddl-without-row": "DDL without row"}.get(name, "Not applied")


def test_the_other_database_really_has_it(world: LyingEndpoint, prepared: Prepared) -> None:
    world.reset(faults(prepared)["world.other-database"])
    migrate(world)
    dsn = Secret(prepared.server.dsn(world.database + "_elsewhere"))
    with closing(connect(dsn, "there")) as connection:
        assert execute(connection, f"SELECT count(*) FROM schema_migrations WHERE version = '{V}'")[0][0] == 1


@pytest.mark.parametrize(("sql", "why"), [
    ("DO $$\nBEGIN\n  CREATE TABLE t ();\nEND $$;", ""), ("-- x\n/*\nCOMMIT;\n*/ CREATE TABLE t ()", ""),
    ("BEGIN;\nCREATE TABLE t ();\nEND;", f"{V}.sql commits by itself"),
])
def test_only_a_file_that_commits_cannot_be_rolled_back(sql: str, why: str, prepared: Prepared) -> None:
    *earlier, last = prepared.expectation.migrations
    expectation = replace(prepared.expectation, migrations=(*earlier, replace(last, sql=sql)))
    assert faults(prepared)["world.rolled-back"].impossible(expectation) == why


def test_a_transaction_that_is_rolled_back_is_open_when_it_says_applied(world: LyingEndpoint, prepared: Prepared) -> None:
    world.reset(faults(prepared)["world.rolled-back"])
    migrate(world)
    with closing(connect(Secret(world.dsn), "there")) as connection:
        question = ("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                    f"WHERE d.datname = '{world.database}' AND mode = 'AccessExclusiveLock'")
        before = execute(connection, question)[0][0]
        reply = ask(world, "SELECT count(*) AS n FROM active_positions")
        assert classify_query(reply, None).word == "succeeded"
        assert (before > 0, execute(connection, question)[0][0]) == (True, 0)


def test_an_accepted_invocation_runs_in_the_healthy_world_only(world: LyingEndpoint, prepared: Prepared) -> None:
    for fault, word in ((None, "held"), (faults(prepared)["world.did-nothing"], "broken")):
        world.reset(fault)
        answer = world.aws.client("lambda").invoke(FunctionName=MIGRATE, InvocationType="Event", Payload=b"{}")
        assert answer["StatusCode"] == 202
        world.settle()
        assert world.proof().verdict == word


def test_every_reply_of_the_corpus_that_can_be_sent_is_no_success(world: LyingEndpoint, prepared: Prepared) -> None:
    """Over HTTP and boto3, told of this V; and the database stays as it was."""
    tried = 0
    world.reset(None)
    for fault in faults(prepared).values():
        if fault.specimen is None:
            continue
        tried += 1
        world.reset_lie(fault)
        reply = migrate(world)
        outcome = classify_apply(reply, [V], expected_version=fault.specimen.expected_version)
        transport = fault.specimen.reply.transport_error or fault.specimen.reply.status != 200
        assert outcome.word == fault.specimen.must_be or (transport and outcome.word != "succeeded"), fault.name
    world.settle()
    assert tried > 200
    assert world.proof().verdict == "broken"


def test_every_lie_of_the_query_function_can_be_told_from_the_reply(world: LyingEndpoint) -> None:
    world.reset(None)
    for fault in QUERY_FAULTS:
        world.reset_lie(fault)
        assert classify_apply(migrate(world), [V]).word == "succeeded"
        sql = f"SELECT count(*) AS n, 'n-7c9e66' AS nonce FROM schema_migrations WHERE version = '{V}'"
        outcome = classify_query(ask(world, sql), "n-7c9e66")
        assert (fault.name, outcome.word == "succeeded", world.spoiled) == (fault.name, False, True)
    assert world.proof().verdict == "broken"


def test_what_a_question_could_not_show_is_answered_truthfully(world: LyingEndpoint, prepared: Prepared) -> None:
    world.reset(faults(prepared)["F11.query-stale-nonce"])
    rows = classify_query(ask(world, f"SELECT count(*) AS n FROM schema_migrations WHERE version = '{V}'"), None).rows
    assert (rows, world.spoiled) == (({"n": 0},), False)
    world.reset(faults(prepared)["F11.query-no-rows"])
    assert classify_query(ask(world, "SELECT 1 AS n WHERE false"), None).rows == ()
    assert world.spoiled is False


@pytest.mark.parametrize(("sql", "nonces"), [
    ("SELECT 1 AS n, 'abc123' AS nonce", ("abc123",)), ("SELECT 4 || ' 9f8e7d6c' AS proof", ("9f8e7d6c",)),
    (f"SELECT version FROM schema_migrations WHERE version = '{V}'", ()), ("SELECT 'short' AS s", ()),
])
def test_nonces_are_literals_that_are_nobodys_name(sql: str, nonces: tuple[str, ...]) -> None:
    rows = [{"n": 1, "nonce": "abc123", "proof": "4 9f8e7d6c", "version": V, "s": "short"}]
    assert TwinAnswer(sql, {"rows": rows}, known=V).nonces == nonces


@pytest.fixture
def shaped() -> Contract:
    """A contract whose functions answer in a shape of their own, one of them behind an alias."""
    shape = ReplyShape(body="result", success="ok", applied="done", skipped="already")
    spec = replace(CONTRACT.targets["prod"], reply=shape, query_function="arn:aws:lambda:us-west-2:1:function:asks",
                   query_reply=ReplyShape(body="", status="", success="ok", rows="items"), qualifier="live",
                   migration_function="migrates")
    return replace(CONTRACT, targets={"prod": spec}, default_target="prod")


def test_replies_are_told_in_the_declared_shape(shaped: Contract, prepared: Prepared) -> None:
    spec = shaped.targets["prod"]
    mine = replace(prepared, contract=shaped, roles=roles_of(shaped))
    assert {"asks", "migrates", "db-query", "db-migration"} == set(mine.roles)
    with ExitStack() as stack:
        world = LyingEndpoint(mine, 91, stack)
        client = world.aws.client("lambda")
        for name, word in ((None, "succeeded"), ("F5.success-string-false", "failed"), ("F4.status-500", "failed")):
            world.reset(faults(prepared)[name] if name else None)
            reply = invoke(client, "migrates", {}, "live")
            assert b"result" in reply.payload
            assert classify_apply(reply, [V], spec.reply).word == word
        reply = invoke(client, "asks", {"sql": "SELECT 1 AS n"}, "live")
        assert {"ok": True, "items": [{"n": 1}], "count": 1}.items() <= json.loads(reply.payload).items()
        assert classify_query(reply, None, spec.query_reply).word == "succeeded"


def test_every_class_of_the_corpus_is_tried_by_default(prepared: Prepared) -> None:
    every = faults(prepared)
    tried = {fault.name.partition(".")[0] for fault in every.values() if fault.default and fault.kind == "reply"}
    corpus = {kind for one in CORPUS if one.function == "migration" for kind in one.faults}
    assert tried == corpus
    assert tried <= set(ADVICE)
    assert all(fault.advice and fault.sentence for fault in every.values())
    assert len({fault.name for fault in every.values()}) == len(every)


def test_faults_are_chosen_by_name_or_pattern(prepared: Prepared) -> None:
    every = tuple(faults(prepared).values())
    assert {fault.default for fault in chosen(every, ())} == {True}
    assert [fault.name for fault in chosen(every, ("world.did-half",))] == ["world.did-half"]
    beyond = next(fault.name for fault in every if not fault.default)
    assert [fault.name for fault in chosen(every, (beyond,))] == [beyond]
    with pytest.raises(UsageError, match=r"Did you mean 'world.did-half'"):
        chosen(every, ("world.did-halff",))


def test_a_specimen_is_told_of_another_version() -> None:
    one = next(s for s in CORPUS if s.name == "f08-name-with-upper-case")
    assert b"7_NEW_TABLE" in renamed(one.reply.payload, one.asked, "7_new_table")
    assert V.encode() not in renamed(next(s for s in CORPUS if s.name == "f04-status-500").reply.payload, (V,), "7_x")


def test_a_version_that_is_not_the_last_is_audited_as_of_its_time(scratch_server: ScratchServer) -> None:
    expectation = expected(CONTRACT, "2026_02_02_0002_websocket_idempotency", lambda: nullcontext(scratch_server))
    found = droppable(expectation)
    assert Key.table("alpaca_event_dedupe") in found
    assert "index:alpaca_event_dedupe_pkey" not in {str(key) for key in found}
    assert undo(Key.of("index:own.ix")) == 'DROP INDEX IF EXISTS "own"."ix" CASCADE'
    assert undo(Key.of("constraint:t.c")) == 'ALTER TABLE IF EXISTS "t" DROP CONSTRAINT IF EXISTS "c" CASCADE'


def test_a_lock_file_of_a_contract_with_statements_is_used(scratch_server: ScratchServer, tmp_path: Path) -> None:
    """What an audit has no use for is left out after the lock was held to the whole contract, not before."""
    shutil.copytree(CONTRACT.migrations.folder, tmp_path / "migrations")
    contract = read_contract(Path(shutil.copy(ROOT / "contract.toml", tmp_path)))
    _, derived = write_lock(contract, lambda: nullcontext(scratch_server))
    assert statements(contract)
    found = expected(contract, None, no_server)
    assert found.derived == derived
    assert (found.contract.enums, found.contract.dedupe, found.contract.ignores) == ((), (), ())
    (tmp_path / "migrations" / "2026_03_03_0001_later.sql").write_text("CREATE TABLE later (n int);")
    with pytest.raises(UsageError, match=r"2026_03_03_0001_later.*python -m checks lock"):
        expected(contract, None, no_server)


def no_server() -> Any:
    raise AssertionError("the lock file says what there is to know")
