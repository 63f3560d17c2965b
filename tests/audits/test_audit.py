"""The audit: its worlds lie as they say, nothing of a script is left behind, and nothing real is reached."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.audits.audit import Audit, audit, expected
from checks.audits.faults import catalogue
from checks.audits.faults.deeds import droppable, undo
from checks.audits.faults.fault import ADVICE, Fault, TwinAnswer, chosen
from checks.audits.faults.queries import QUERY_FAULTS
from checks.audits.faults.replies import renamed
from checks.audits.lying_endpoint import LyingEndpoint
from checks.audits.prepared import Prepared, prepare, roles_of
from checks.audits.report import audit_cases, evidence, lines
from checks.audits.script import Ending, Runner
from checks.audits.surroundings import environment, write_profiles
from checks.audits.trials import AuditRequest
from checks.catalog.key import Key
from checks.claims.functions.false_success import audit_names
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.contract.reply_shape import ReplyShape
from checks.expectation.derive import write_lock
from checks.expectation.derived import statements
from checks.lambdas.client import invoke
from checks.lambdas.replies.outcome import classify_apply, classify_query
from checks.lambdas.replies.specimens import load
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret, resolve_target
from checks.values import Unverified, UsageError
from tests.support import ROOT
from tests.support.walls import ISOLATION

CONTRACT = read_contract(ROOT / "contract.toml")
CORPUS = load(ROOT / "fixtures" / "payloads")
V = "2026_02_02_0003_add_constraints_no_do"
MIGRATE, QUERY = "ops-pipeline-db-migration", "ops-pipeline-db-query"
HANG_S = 0.2
BELIEVES = (sys.executable, str(ROOT / "fixtures" / "scripts" / "truthy_flag.py"))


@pytest.fixture(scope="module")
def prepared(scratch_server: ScratchServer) -> Iterator[Prepared]:
    expectation = expected(CONTRACT, None, lambda: nullcontext(scratch_server))
    with prepare(CONTRACT, expectation, scratch_server, HANG_S) as made:
        yield made


@pytest.fixture(scope="module")
def world(prepared: Prepared) -> Iterator[LyingEndpoint]:
    with ExitStack() as stack:
        yield LyingEndpoint(prepared, 90, stack)


def faults(prepared: Prepared) -> dict[str, Fault]:
    return {fault.name: fault for fault in catalogue(CONTRACT, prepared.expectation)}


def migrate(world: LyingEndpoint, **more: Any) -> Any:
    return invoke(world.aws.client("lambda"), MIGRATE, {}, **more)


def ask(world: LyingEndpoint, sql: str) -> Any:
    return invoke(world.aws.client("lambda"), QUERY, {"sql": sql})


# The worlds


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


def told_by(name: str) -> str:
    if name.startswith("left-out"):
        return "1 of 60 effects missing"
    return {"did-half": "2 of 60 effects missing", "did-other-half": "2 of 60", "row-without-ddl": "Row without DDL",
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


# The faults


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
    shutil.copytree(CONTRACT.migrations, tmp_path / "migrations")
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


# The script and its surroundings


def test_nothing_real_is_in_the_environment(tmp_path: Path) -> None:
    base = {"AWS_PROFILE": "prod", "AWS_ACCESS_KEY_ID": "REAL", "AWS_ENDPOINT_URL_ECS": "https://real",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "BOTO_CONFIG": "/b",
            "PGHOST": "db.prod", "PGPASSWORD": "REAL", "PROD_DB": "postgresql://u:REAL@db/prod", "STAGING_DSN": "x",
            "https_proxy": "http://proxy", "PATH": "/bin", "HOME": "/root", "AWS_CONFIG_FILE": "/real"}
    write_profiles(tmp_path, ["prod"], "eu-west-1")
    found = environment(base, "http://127.0.0.1:1", "eu-west-1", tmp_path, {"STAGING_DSN": "postgresql://audit"})
    assert "REAL" not in " ".join(found.values())
    assert {"AWS_PROFILE", "PGHOST", "PROD_DB", "BOTO_CONFIG", "AWS_WEB_IDENTITY_TOKEN_FILE"}.isdisjoint(found)
    assert found["PATH"] == "/bin"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert {found[name] for name in found if name.startswith("AWS_ENDPOINT_URL")} == {"http://127.0.0.1:1"}
    assert found["STAGING_DSN"] == "postgresql://audit"
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://127.0.0.1:9"
    assert "[prod]" in (tmp_path / "credentials").read_text()
    assert "[profile prod]" in (tmp_path / "config").read_text()


def test_a_named_profile_leads_to_the_endpoint(world: LyingEndpoint, tmp_path: Path) -> None:
    write_profiles(tmp_path, ["prod"], "us-west-2")
    world.reset(None)
    variables = environment(os.environ, world.aws.endpoint_url, "us-west-2", tmp_path, {})
    code = (f"import boto3; c = boto3.Session(profile_name='prod').client('lambda'); "
            f"print(c.meta.endpoint_url, c.get_function_configuration(FunctionName='{QUERY}')['State'])")
    with Runner() as runner:
        ending = runner.run((sys.executable, "-c", code), variables, 30)
    assert ending.output.split() == [world.aws.endpoint_url, "Active"]


def run(command: tuple[str, ...], timeout_s: float = 20, text: str = "") -> Ending:
    with Runner() as runner:
        return runner.run(command, dict(os.environ), timeout_s, (re.compile(text),) if text else ())


def test_a_script_that_hangs_is_cut_with_all_it_started() -> None:
    ending = run(("bash", "-c", "setsid sleep 1000 & echo $!; sleep 1000 & echo $!; sleep 1000"), timeout_s=0.5)
    assert (ending.timed_out, ending.exit_code) == (True, None)
    assert "was killed after" in ending.told
    assert [gone(int(pid)) for pid in ending.output.split()] == [True, True]


def test_a_script_that_ends_leaves_no_child() -> None:
    ending = run(("bash", "-c", "setsid sleep 1000 & echo $!; sleep 1000 & echo $!"))
    assert ending.exit_code == 0
    assert [gone(int(pid)) for pid in ending.output.split()] == [True, True]


def test_a_script_that_dies_by_signal_is_told() -> None:
    ending = run(("bash", "-c", "kill -SEGV $$"))
    assert (ending.signal, ending.exit_code) == (signal.SIGSEGV, None)
    assert "died by signal 11" in ending.told


def test_megabytes_of_output_are_bounded_and_searched() -> None:
    code = "print('x' * 10**7); print('applied ok'); print('y\\n' * 10**6)"
    ending = run((sys.executable, "-c", code), text="^applied")
    assert len(ending.output) < 40_000
    assert ending.output.startswith("xxx")
    assert "bytes left out" in ending.output
    assert ending.success_line == "applied ok"


def test_what_cannot_be_run_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "deploy").write_text("no interpreter")
    (tmp_path / "deploy").chmod(0o755)
    with pytest.raises(UsageError, match="give it a #! line"):
        run((str(tmp_path / "deploy"),))


def gone(pid: int) -> bool:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 5)[0])
    finally:
        os.close(watched)


# The act


def audited(server: ScratchServer, *command: str, **more: Any) -> Audit:
    only = more.pop("only", ("world.did-nothing",))
    contract = more.pop("contract", CONTRACT)
    question = AuditRequest(command, only=only, parallel=1, hang_s=HANG_S, isolation=ISOLATION, **more)
    return audit(contract, question, scratch=lambda: nullcontext(server))


def script(tmp_path: Path, text: str) -> tuple[str, str]:
    file = tmp_path / "deploy.py"
    head = f"import boto3, json, os, sys, time\nlam = boto3.client('lambda')\nV, M, Q = {V!r}, {MIGRATE!r}, {QUERY!r}\n"
    file.write_text(head + textwrap.dedent(text))
    return sys.executable, str(file)


def test_a_believing_script_is_fooled_with_fault_reply_and_advice(scratch_server: ScratchServer) -> None:
    found = audited(scratch_server, *BELIEVES)
    assert (found.verdict, found.control.word) == ("broken", "caught")
    told = "\n".join(lines(found))
    for part in ("FOOLED world.did-nothing", "fault    It says applied, and did nothing.", "reply    200 {",
                 "advice   Do not believe the reply", "1 fooled it, 0 did not."):
        assert part in told


def test_a_script_that_never_applies_is_fooled_in_the_healthy_world(scratch_server: ScratchServer) -> None:
    found = audited(scratch_server, "true")
    assert found.verdict == "broken"
    assert [trial.fault.name for trial in found.of["fooled"]] == ["world.healthy"]
    assert [trial.word for trial in found.trials] == ["not tried"]


def test_a_control_that_fails_is_unverified_with_its_last_lines(scratch_server: ScratchServer) -> None:
    found = audited(scratch_server, "bash", "-c", "echo started; echo 'no such table' >&2; exit 3")
    assert (found.verdict, found.trials) == ("unverified", ())
    told = "\n".join(lines(found))
    assert "It exited 3" in told
    assert "| no such table" in told


def test_a_function_nobody_names_is_told(scratch_server: ScratchServer, tmp_path: Path) -> None:
    found = audited(scratch_server, *script(tmp_path, "lam.invoke(FunctionName='my-migrate', Payload=b'{}')"))
    assert found.verdict == "unverified"
    assert f"It invoked my-migrate, which no target names; known here: {QUERY}" in found.control.why


def test_success_text_catches_a_printed_success_with_exit_1(scratch_server: ScratchServer, tmp_path: Path) -> None:
    command = script(tmp_path, """
        body = json.loads(json.loads(lam.invoke(FunctionName=M, Payload=b'{}')['Payload'].read())['body'])
        print('DONE' if body.get('success') else 'no')
        sys.exit(1)
    """)
    assert audited(scratch_server, *command).verdict == "unverified"
    found = audited(scratch_server, *command, success_text=("^DONE",))
    assert found.verdict == "broken"
    assert "printed: DONE" in "\n".join(lines(found))


def test_a_script_that_hangs_on_a_lie_is_not_fooled(scratch_server: ScratchServer, tmp_path: Path) -> None:
    """It speaks plain HTTP, so that it is up long before its time is over."""
    file = tmp_path / "deploy.py"
    file.write_text(textwrap.dedent(f"""
        import json, os, time, urllib.request
        url = os.environ['AWS_ENDPOINT_URL_LAMBDA'] + '/2015-03-31/functions/{MIGRATE}/invocations'
        reply = json.load(urllib.request.urlopen(urllib.request.Request(url, data=b'{{}}', method='POST')))
        while not json.loads(reply['body'])['success']:
            time.sleep(1)
    """))
    found = audited(scratch_server, sys.executable, str(file), only=("F5.success-false",), timeout_s=5.0)
    assert found.verdict == "held"
    assert found.trials[0].ending is not None
    assert found.trials[0].ending.timed_out


def test_a_script_that_applies_by_a_given_dsn_is_in_the_world_too(scratch_server: ScratchServer, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_DSN", "postgresql://nobody@127.0.0.1:1/real")
    sql = ROOT / "migrations" / f"{V}.sql"
    command = script(tmp_path, f"""
        import psycopg2
        connection = psycopg2.connect(os.environ['STAGING_DSN'])
        connection.cursor().execute(open({str(sql)!r}).read())
        connection.commit()
    """)
    found = audited(scratch_server, *command)
    assert found.control.word == "caught"
    assert found.verdict == "unverified"
    assert "did not invoke the migration function" in found.trials[0].why


@pytest.mark.parametrize(("question", "match"), [
    (AuditRequest(()), "after --"), (AuditRequest(("no-such-command",)), "no command 'no-such-command'"),
    (AuditRequest(("true",), version="2026_02_02_0003", isolation=ISOLATION),
     "No migration has the version '2026_02_02_0003'. Did you mean"),
    (AuditRequest(("true",), only=("F99.*",), isolation=ISOLATION), "No fault is called"),
    (AuditRequest(("true",), success_text=("(",), isolation=ISOLATION), "not a regular expression"),
], ids=["nothing", "command", "version", "fault", "regex"])
def test_a_question_that_is_wrong_is_a_sentence(question: AuditRequest, match: str, scratch_server: ScratchServer) -> None:
    with pytest.raises(UsageError, match=re.escape(match)):
        audit(CONTRACT, question, scratch=lambda: nullcontext(scratch_server))


def test_a_contract_without_ledger_cannot_be_audited(scratch_server: ScratchServer) -> None:
    with pytest.raises(UsageError, match="an audit needs both"):
        audited(scratch_server, "true", contract=replace(CONTRACT, ledger=None))


def test_evidence_holds_nothing_that_the_script_printed(scratch_server: ScratchServer, tmp_path: Path) -> None:
    import datetime as dt

    found = audited(scratch_server, "bash", "-c", "echo hunter2; true", "--password=hunter3")
    now = dt.datetime.now(dt.UTC)
    document = evidence(found, now, now)
    assert (document["schema"], document["verdict"], document["version"]) == (1, "broken", V)
    assert "hunter3" not in json.dumps(document)
    assert document["counts"]["fooled"] == 1


# As a claim, and as a command


def contract_with(tmp_path: Path, text: str) -> Contract:
    file = tmp_path / "contract.toml"
    head = f'migrations = "{ROOT / "migrations"}"\n[ledger]\ntable = "schema_migrations"\n'
    head += '[target.embedded]\nserver = "embedded"\n'
    prod = f'[target.prod]\nroute = "lambda"\nquery_function = "{QUERY}"\nmigration_function = "{MIGRATE}"\n'
    file.write_text(head + prod + text)
    return read_contract(file)


def test_audits_are_claims_of_scratch_targets(tmp_path: Path) -> None:
    quote = json.dumps
    (tmp_path / "here.sh").write_text("#!/bin/sh\n[ -f here.sh ]\n")
    (tmp_path / "here.sh").chmod(0o755)
    contract = contract_with(tmp_path, f"""
        [audit.idle]
        command = ["true"]
        isolation = "{ISOLATION}"
        [audit.broken]
        command = ["false"]
        isolation = "{ISOLATION}"
        [audit.gone]
        command = ["./no-such-script"]
        isolation = "{ISOLATION}"
        [audit.here]
        command = ["./here.sh"]
        isolation = "{ISOLATION}"
        [audit.unknown]
        command = {quote(list(BELIEVES))}
        isolation = "{ISOLATION}"
        version = "1999"
        """)
    target = resolve_target("embedded", contract)
    cases = audit_cases(contract, target)
    assert tuple(case.name for case in cases) == audit_names(contract, target)
    verdicts = {case.name: case.verdicts[0] for case in cases}
    assert {name: v.verdict for name, v in verdicts.items()} == {
        "audit.idle": "broken", "audit.broken": "unverified", "audit.gone": "unverified", "audit.here": "broken",
        "audit.unknown": "unverified"}
    assert verdicts["audit.idle"].claim == "false-success:audit.idle"
    assert verdicts["audit.idle"].evidence == "observed"
    assert verdicts["audit.idle"].witness == "world.healthy"
    prod = resolve_target("prod", contract)
    assert audit_cases(contract, prod) == audit_names(contract, prod) == ()


def command_line(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "checks", "audit", "--isolation", ISOLATION, *arguments]
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True, timeout=120, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_command_writes_evidence_and_exits_1_when_fooled(tmp_path: Path) -> None:
    file = tmp_path / "out" / "audit.json"
    only = ("--only", "world.did-half", "F4.status-500")
    done = command_line(*only, "--evidence", str(file), "-n", "2", "--", *BELIEVES)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {fault["fault"]: fault["word"] for fault in json.loads(file.read_text())["faults"]} == {
        "world.did-half": "fooled", "F4.status-500": "fooled"}
    assert "FOOLED: it says success where nothing is proven." in done.stdout


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("--", "false"), 6, "UNVERIFIED: In the healthy world"), (("--", "no-such-command"), 4, "There is no command"),
    (("--list",), 0, "world.did-nothing"), (("--hang-s", "-1", "--", "true"), 4, "above 0"),
    (("--version", "x", "--", "true"), 4, "No migration has the version"),
], ids=["control-fails", "no-command", "list", "bad-option", "no-version"])
def test_exit_codes(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = command_line(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_dies_is_unverified_and_no_success(scratch_server: ScratchServer) -> None:
    def dying() -> Any:
        raise Unverified("The embedded PostgreSQL did not start.")

    with pytest.raises(Unverified):
        audit(CONTRACT, AuditRequest(("true",)), scratch=dying)

