"""The query function: each lie, each swallowed error and each power of its role breaks its own claim."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from checks.audits.faults.fault import Spoil, TwinAnswer
from checks.claims.functions.false_success import judge_false_success
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.local.request import Invocation, Response
from checks.lambdas.package import pack
from checks.target.open_target import Place
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from tests.claims.functions.live import CONTRACT, LAMBDAS, MIGRATIONS, QUERY, SPEC, claims, numbers, role, words
from tests.claims.functions.saboteurs import HONEST_FAILURES, POWERS, SPOIL
from tests.support.saboteur_index import saw


def spoiling(aws: LocalAws, spoil: Spoil) -> Callable[[Invocation], Response | None]:
    """Answers every question truly, and then spoils the answer."""
    def intercept(invocation: Invocation) -> Response | None:
        account = json.loads(json.loads(aws.run(invocation).payload)["body"])
        if not account["success"]:
            return None
        return spoil(TwinAnswer(json.loads(invocation.payload)["sql"], account, "", 0.05))
    return intercept


@pytest.mark.parametrize("name", SPOIL)
def test_a_query_function_that_lies_is_broken(name: str, deployed: LocalAws) -> None:
    deployed.intercept = spoiling(deployed, SPOIL[name])
    found = claims(deployed)
    assert found[f"{QUERY}.answers"].verdict == ("unverified" if name in HONEST_FAILURES else "broken")
    assert found[f"{QUERY}.read-only"].verdict == "unverified"
    if name not in HONEST_FAILURES:
        saw(f"functions/{name}", [found[f"{QUERY}.answers"]])


def test_rows_left_out_without_a_word_are_missed(deployed: LocalAws) -> None:
    def cut(asked: TwinAnswer) -> Response:
        body = json.dumps({**asked.account, "rows": asked.rows[:2], "count": 2})
        return Response(200, json.dumps({"statusCode": 200, "body": body}).encode())

    deployed.intercept = spoiling(deployed, cut)
    verdict = claims(deployed)[f"{QUERY}.answers"]
    assert verdict.verdict == "broken"
    assert "leaves out" in verdict.detail
    saw("functions/rows_left_out", [verdict])


def test_a_refusal_told_plainly_is_no_lie(deployed: LocalAws) -> None:
    body = json.dumps({"success": False, "error": "permission denied for function has_table_privilege"})
    deployed.intercept = lambda _: Response(200, json.dumps({"statusCode": 500, "body": body}).encode())
    assert words(claims(deployed))[f"{QUERY}.answers"] == "unverified"


def test_a_query_function_that_swallows_errors_is_broken(deployed: LocalAws) -> None:
    def swallow(invocation: Invocation) -> Response | None:
        answer = deployed.run(invocation)
        if json.loads(json.loads(answer.payload)["body"])["success"]:
            return answer
        return Response(200, b'{"statusCode": 200, "body": "{\\"success\\": true, \\"rows\\": [], \\"count\\": 0}"}')

    deployed.intercept = swallow
    found = claims(deployed)
    assert found[f"{QUERY}.answers"].verdict == "held"
    assert found[f"{QUERY}.admits-failure"].verdict == "broken"
    assert found[f"{QUERY}.admits-failure"].witness == "a division by zero"
    saw("functions/errors_swallowed", found.values())


def test_a_query_function_that_runs_anything_is_broken(deployed: LocalAws, functions_reader: str, tmp_path: Path) -> None:
    source = (LAMBDAS / "db_query" / "app.py").read_text().replace('.startswith("SELECT")', '.startswith("S")')
    (tmp_path / "app.py").write_text(source)
    deployed.deploy(QUERY, pack(tmp_path), environment={"DATABASE_URL": functions_reader})
    verdict = claims(deployed)[f"{QUERY}.admits-failure"]
    assert verdict.verdict == "broken"
    assert "no SELECT" in verdict.witness
    saw("functions/runs_anything", [verdict])


@pytest.mark.parametrize("power", POWERS)
def test_a_role_that_can_write_breaks_read_only(power: str, deployed: LocalAws, scratch_server: ScratchServer,
                                                behind: str) -> None:
    statements, named = POWERS[power]
    with role(scratch_server, behind, *(s.replace("{database}", behind) for s in statements)) as (_, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = claims(deployed)
        scratch_server.execute("DROP FUNCTION IF EXISTS wipe_" + _, database=behind)
    verdict = found[f"{QUERY}.read-only"]
    assert (verdict.verdict, verdict.evidence) == ("broken", "catalog")
    assert named in verdict.detail
    assert found[f"{QUERY}.answers"].verdict == "held"
    saw(f"functions/role_with_{power}", found.values())


def test_a_role_that_this_suite_made_is_not_called_read_only(deployed: LocalAws) -> None:
    """On a server of ours nobody can be told anything by it: the claim is left out, with the reason."""
    place = Place(Target(replace(SPEC, server="embedded", writes="scratch"), None), None,
                  endpoint_url=deployed.endpoint_url)
    cases, left, _ = judge_false_success(place, Expectation(CONTRACT, None, MIGRATIONS, ()))
    said = {verdict.claim.partition(":")[2] for case in cases for verdict in case.verdicts}
    assert {f"{QUERY}.answers", f"{QUERY}.admits-failure"} < said
    assert f"{QUERY}.read-only" not in said
    assert [each.why for each in left if "read-only" in each.why] == [
        f"no role is held to be read-only: this suite itself made the one that {QUERY} asks as"]


def test_a_stable_definer_function_is_no_power(deployed: LocalAws, scratch_server: ScratchServer, behind: str,
                                               ) -> None:
    create = "CREATE FUNCTION count_{role}() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT 1::bigint'"
    with role(scratch_server, behind, create) as (name, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = words(claims(deployed))
        scratch_server.execute(f"DROP FUNCTION count_{name}", database=behind)
    assert found[f"{QUERY}.read-only"] == "held"


def test_a_membership_that_must_be_switched_to_counts(deployed: LocalAws, scratch_server: ScratchServer, behind: str,
                                                      ) -> None:
    with (role(scratch_server, behind, "GRANT DELETE ON position_history TO {role}") as (writer, _),
          role(scratch_server, behind, f"GRANT {writer} TO {{role}}", "ALTER ROLE {role} NOINHERIT") as (_, dsn)):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        verdict = claims(deployed)[f"{QUERY}.read-only"]
    assert verdict.verdict == "broken"
    assert "DELETE on public.position_history" in verdict.detail


@pytest.mark.parametrize("may_write", [True, False])
def test_looking_at_the_first_word_does_not_make_it_read_only(may_write: bool, deployed: LocalAws, behind: str,
                                                             scratch_server: ScratchServer) -> None:
    """What the claim says of the role is what happens: `SELECT 1; COMMIT; …` writes, or is refused."""
    table = f"smuggled_{next(numbers)}"
    sql = f"SELECT 1; COMMIT; BEGIN READ WRITE; CREATE TABLE {table} (n int); COMMIT; SELECT 42 AS n"
    grants = ["GRANT CREATE ON SCHEMA public TO {role}"] if may_write else []
    with role(scratch_server, behind, *grants) as (_, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = words(claims(deployed))
        deployed.client("lambda").invoke(FunctionName=QUERY, Payload=json.dumps({"sql": sql}).encode())
        with closing(connect(Secret(scratch_server.dsn(behind)), "the scratch server")) as connection:
            made = execute(connection, f"SELECT to_regclass('{table}') IS NOT NULL")[0][0]
    assert made is may_write
    assert found[f"{QUERY}.read-only"] == ("broken" if may_write else "held")


@pytest.mark.parametrize(("qualifier", "answers", "word"), [
    ("live", None, "held"), ("live", "7", "broken"), ("1", None, "held"), ("1", "2", "broken"),
    ("gone", None, "unverified"),
])
def test_the_version_that_answers_is_the_one_asked_for(qualifier: str, answers: str | None, word: str,
                                                       deployed: LocalAws, functions_reader: str) -> None:
    function = f"versioned-{next(numbers)}"
    deployed.deploy(function, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": functions_reader}, publish=True)
    deployed.client("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion="1")

    def another(invocation: Invocation) -> Response | None:
        answer = deployed.run(invocation)
        return replace(answer, headers={**answer.headers, "x-amz-executed-version": answers}) if answers else answer

    deployed.intercept = another
    spec = replace(SPEC, query_function=function, qualifier=qualifier, migration_function=None)
    verdict = claims(deployed, spec)[f"{function}.version"]
    assert verdict.verdict == word
    if word == "broken":
        saw("functions/another_version_answers", [verdict])
