"""What an audit comes to: the act, the claim, the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.audits.audit import Audit, audit
from checks.audits.report import audit_cases, evidence, lines
from checks.audits.trials import AuditRequest
from checks.claims.functions.false_success import audit_names
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.target.servers import ScratchServer
from checks.target.target import resolve_target
from checks.values import Unverified, UsageError
from tests.audits.lying import BELIEVES, CONTRACT, HANG_S, MIGRATE, QUERY, V
from tests.support import ROOT
from tests.support.walls import ISOLATION


def audited(server: ScratchServer, *command: str, **more: Any) -> Audit:
    only = more.pop("only", ("world.did-nothing",))
    contract = more.pop("contract", CONTRACT)
    asked: dict[str, Any] = {"version": V, **more}
    question = AuditRequest(command, only=only, parallel=1, hang_s=HANG_S, isolation=ISOLATION, **asked)
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


def test_a_run_that_was_told_no_lie_is_not_called_caught(scratch_server: ScratchServer, tmp_path: Path) -> None:
    """It invokes the function in the healthy world only, and fails before that in every other run."""
    command = script(tmp_path, """
        if os.path.exists(os.environ['MARK']):
            sys.exit(1)
        open(os.environ['MARK'], 'w').close()
        body = json.loads(json.loads(lam.invoke(FunctionName=M, Payload=b'{}')['Payload'].read())['body'])
        sys.exit(not body['success'])
    """.replace("os.environ['MARK']", repr(str(tmp_path / "ran"))))
    found = audited(scratch_server, *command)
    assert found.control.word == "caught", found.control
    assert found.verdict == "unverified"
    assert "told no lie" in found.trials[0].why


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
    file = tmp_path / "audit.json"
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
