"""The live claims of false-success: each holds on the healthy twin, and each lie and each old deploy breaks its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.audits.faults.fault import Spoil, TwinAnswer
from checks.audits.faults.queries import QUERY_FAULTS
from checks.claims.functions.bundle import held_in
from checks.claims.functions.deployed_code import judge_code
from checks.claims.functions.false_success import false_success_names, judge_false_success
from checks.contract.contract import Contract, TargetSpec
from checks.contract.migrations import Migration, read_migrations
from checks.contract.reader import read_contract
from checks.contract.reply_shape import ReplyShape
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.local.request import Invocation, Response
from checks.lambdas.package import bundle, pack
from checks.target.open_target import Place
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from checks.values import Unverified, Verdict
from tests.support import ROOT
from tests.support.saboteur_index import kind_seen, saw

LAMBDAS = ROOT / "fixtures" / "lambdas"
CONTRACT = read_contract(ROOT / "contract.toml")
MIGRATIONS = read_migrations(CONTRACT)
QUERY, MIGRATION = "ops-query", "ops-migration"
SPEC = TargetSpec("prod", route="lambda", region="us-west-2", query_function=QUERY, migration_function=MIGRATION,
                  error_probes=True)
HONEST_FAILURES = {"F1.query-error", "F2.query-event", "F9.query-timed-out", "F12.query-throttled",
                   "F12.query-read-timeout"}
"""Replies that lie about nothing: nobody could look, which is unverified."""
_numbers = itertools.count()


@pytest.fixture(scope="module")
def database(scratch_server: ScratchServer, migrated_template: str) -> Iterator[str]:
    name = f"false_success_{next(_numbers)}"
    scratch_server.execute(f'DROP DATABASE IF EXISTS "{name}"',
                           f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield name
    scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def role(server: ScratchServer, database: str, *statements: str) -> Iterator[tuple[str, str]]:
    """(role, DSN) of a fresh role that may read everything, and whatever `statements` ({role}) add."""
    name = f"reader_{next(_numbers)}"
    server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'reader'", f"GRANT pg_read_all_data TO {name}")
    server.execute(*(statement.format(role=name) for statement in statements), database=database)
    scheme, _, rest = server.dsn(database).partition("://")
    try:
        yield name, f"{scheme}://{name}:reader@{rest.partition('@')[2]}"
    finally:
        server.execute(f"REASSIGN OWNED BY {name} TO postgres", f"DROP OWNED BY {name} CASCADE", database=database)
        server.execute(f"DROP ROLE {name}")


@pytest.fixture(scope="module")
def reader(scratch_server: ScratchServer, database: str) -> Iterator[str]:
    """The DSN of a role that may only read."""
    with role(scratch_server, database) as (_, dsn):
        yield dsn


def migration_zip(migrations: tuple[Migration, ...] = MIGRATIONS) -> bytes:
    return pack(LAMBDAS / "db_migration", {"migrations_bundle.py": bundle({m.version: m.sql for m in migrations})})


@pytest.fixture
def deployed(aws: LocalAws, reader: str) -> Iterator[LocalAws]:
    """The endpoint with both reference Lambdas as they should be."""
    aws.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": reader})
    aws.deploy(MIGRATION, migration_zip(), environment={"DATABASE_URL": "postgresql://never/used"})
    aws.invocations.clear()
    yield aws
    aws.intercept = None
    assert not [i for i in aws.invocations if i.function == MIGRATION], "the migration function was invoked"


def claims(aws: LocalAws, spec: TargetSpec = SPEC, contract: Contract = CONTRACT) -> dict[str, Verdict]:
    """Claim without its area -> verdict."""
    place = Place(Target(spec, None), None, endpoint_url=aws.endpoint_url)
    cases, _, _ = judge_false_success(place, Expectation(contract, None, MIGRATIONS, ()))
    return {verdict.claim.partition(":")[2]: verdict for case in cases for verdict in case.verdicts}


def words(found: dict[str, Verdict]) -> dict[str, str]:
    return {claim: verdict.verdict for claim, verdict in found.items()}


def test_the_healthy_twin_holds(deployed: LocalAws) -> None:
    assert words(claims(deployed)) == {
        "reply-shape": "held", f"{QUERY}.answers": "held", f"{QUERY}.read-only": "held",
        f"{QUERY}.admits-failure": "held", f"{MIGRATION}.settled": "held", f"{MIGRATION}.migrations": "held"}


def test_it_costs_one_invocation_without_probes(deployed: LocalAws) -> None:
    place = Place(Target(replace(SPEC, error_probes=None), None), None, endpoint_url=deployed.endpoint_url)
    cases, left, cost = judge_false_success(place, Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert cost == {"statements": 1, "scans": 0, "invocations": 1}
    assert len(deployed.invocations) == 1
    assert any("error_probes is off" in each.why for each in left)
    assert "admits-failure" not in " ".join(v.claim for case in cases for v in case.verdicts)


def test_names_are_known_before_anything_is_contacted(deployed: LocalAws) -> None:
    target = Target(SPEC, None)
    place = Place(target, None, endpoint_url=deployed.endpoint_url)
    cases, _, _ = judge_false_success(place, Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert tuple(case.name for case in cases) == false_success_names(CONTRACT, target)


def test_without_a_lambda_only_the_shape_is_claimed() -> None:
    target = Target(TargetSpec("x", dsn="given"), Secret("postgresql://x"))
    cases, left, cost = judge_false_success(Place(target, target.dsn), Expectation(CONTRACT, None, MIGRATIONS, ()))
    assert [(case.name, case.verdicts[0].verdict) for case in cases] == [("reply-shape", "held")]
    assert cost["invocations"] == 0
    assert len(left) == 1


LOOSE_SHAPES = {
    "shape_with_errors_unnamed": {"reply": ReplyShape(errors=())},
    "shape_with_another_flag": {"reply": ReplyShape(success="accepted")},
    "shape_with_query_errors_unnamed": {"query_reply": ReplyShape(errors=())},
    "shape_without_lists": {"reply": ReplyShape(applied="", skipped="")},
}


@pytest.mark.parametrize("name", LOOSE_SHAPES)
def test_a_shape_that_is_too_loose_is_broken(name: str) -> None:
    target = Target(replace(TargetSpec("x", dsn="given"), **LOOSE_SHAPES[name]), Secret("postgresql://x"))
    cases, _, _ = judge_false_success(Place(target, target.dsn), Expectation(CONTRACT, None, MIGRATIONS, ()))
    verdict = cases[0].verdicts[0]
    assert verdict.verdict == "broken"
    assert verdict.witness
    assert "[target.x." in verdict.next_step
    saw(f"functions/{name}", [verdict])


# The query function


SPOIL = {fault.name: fault.spoil for fault in QUERY_FAULTS if fault.spoil}


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


def test_a_query_function_that_runs_anything_is_broken(deployed: LocalAws, reader: str, tmp_path: Path) -> None:
    source = (LAMBDAS / "db_query" / "app.py").read_text().replace('.startswith("SELECT")', '.startswith("S")')
    (tmp_path / "app.py").write_text(source)
    deployed.deploy(QUERY, pack(tmp_path), environment={"DATABASE_URL": reader})
    verdict = claims(deployed)[f"{QUERY}.admits-failure"]
    assert verdict.verdict == "broken"
    assert "no SELECT" in verdict.witness
    saw("functions/runs_anything", [verdict])


POWERS = {
    "superuser": (("ALTER ROLE {role} SUPERUSER",), "is superuser"),
    "createrole": (("ALTER ROLE {role} CREATEROLE",), "is createrole"),
    "write-all-data": (("GRANT pg_write_all_data TO {role}",), "member of pg_write_all_data"),
    "insert": (("GRANT INSERT ON active_positions TO {role}",), "INSERT on public.active_positions"),
    "update-of-a-column": (("GRANT UPDATE (side) ON active_positions TO {role}",), "UPDATE on public.active_positions"),
    "truncate": (("GRANT TRUNCATE ON position_history TO {role}",), "TRUNCATE on public.position_history"),
    "sequence": (("GRANT USAGE ON SEQUENCE active_positions_id_seq TO {role}",),
                 "USAGE on public.active_positions_id_seq"),
    "owner": (("CREATE TABLE {role}_own (n int)", "ALTER TABLE {role}_own OWNER TO {role}"), "owns public.reader_"),
    "create-on-schema": (("GRANT CREATE ON SCHEMA public TO {role}",), "CREATE on schema public"),
    "create-on-database": (("GRANT CREATE ON DATABASE {database} TO {role}",), "CREATE on database"),
    "definer-function": (("CREATE FUNCTION wipe_{role}() RETURNS void LANGUAGE sql SECURITY DEFINER AS "
                          "'DELETE FROM active_positions'",), "SECURITY DEFINER function wipe_"),
    "other-schema": (("CREATE SCHEMA own_{role}", "CREATE TABLE own_{role}.t (n int)",
                      "GRANT DELETE ON own_{role}.t TO {role}"), "DELETE on own_"),
}


@pytest.mark.parametrize("power", POWERS)
def test_a_role_that_can_write_breaks_read_only(power: str, deployed: LocalAws, scratch_server: ScratchServer,
                                                database: str) -> None:
    statements, named = POWERS[power]
    with role(scratch_server, database, *(s.replace("{database}", database) for s in statements)) as (_, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = claims(deployed)
        scratch_server.execute("DROP FUNCTION IF EXISTS wipe_" + _, database=database)
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


def test_a_stable_definer_function_is_no_power(deployed: LocalAws, scratch_server: ScratchServer, database: str,
                                               ) -> None:
    create = "CREATE FUNCTION count_{role}() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT 1::bigint'"
    with role(scratch_server, database, create) as (name, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = words(claims(deployed))
        scratch_server.execute(f"DROP FUNCTION count_{name}", database=database)
    assert found[f"{QUERY}.read-only"] == "held"


def test_a_membership_that_must_be_switched_to_counts(deployed: LocalAws, scratch_server: ScratchServer, database: str,
                                                      ) -> None:
    with (role(scratch_server, database, "GRANT DELETE ON position_history TO {role}") as (writer, _),
          role(scratch_server, database, f"GRANT {writer} TO {{role}}", "ALTER ROLE {role} NOINHERIT") as (_, dsn)):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        verdict = claims(deployed)[f"{QUERY}.read-only"]
    assert verdict.verdict == "broken"
    assert "DELETE on public.position_history" in verdict.detail


@pytest.mark.parametrize("may_write", [True, False])
def test_looking_at_the_first_word_does_not_make_it_read_only(may_write: bool, deployed: LocalAws, database: str,
                                                             scratch_server: ScratchServer) -> None:
    """What the claim says of the role is what happens: `SELECT 1; COMMIT; …` writes, or is refused."""
    table = f"smuggled_{next(_numbers)}"
    sql = f"SELECT 1; COMMIT; BEGIN READ WRITE; CREATE TABLE {table} (n int); COMMIT; SELECT 42 AS n"
    grants = ["GRANT CREATE ON SCHEMA public TO {role}"] if may_write else []
    with role(scratch_server, database, *grants) as (_, dsn):
        deployed.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": dsn})
        found = words(claims(deployed))
        deployed.client("lambda").invoke(FunctionName=QUERY, Payload=json.dumps({"sql": sql}).encode())
        with closing(connect(Secret(scratch_server.dsn(database)), "the scratch server")) as connection:
            made = execute(connection, f"SELECT to_regclass('{table}') IS NOT NULL")[0][0]
    assert made is may_write
    assert found[f"{QUERY}.read-only"] == ("broken" if may_write else "held")


@pytest.mark.parametrize(("qualifier", "answers", "word"), [
    ("live", None, "held"), ("live", "7", "broken"), ("1", None, "held"), ("1", "2", "broken"),
    ("gone", None, "unverified"),
])
def test_the_version_that_answers_is_the_one_asked_for(qualifier: str, answers: str | None, word: str,
                                                       deployed: LocalAws, reader: str) -> None:
    function = f"versioned-{next(_numbers)}"
    deployed.deploy(function, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": reader}, publish=True)
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


# The migration function's code


@pytest.fixture
def bundled(tmp_path: Path) -> Contract:
    """The contract, from a folder that holds the built zip."""
    (tmp_path / "build.zip").write_bytes(migration_zip())
    return replace(CONTRACT, file=tmp_path / "contract.toml")


BUILT = replace(SPEC, bundle="build.zip", error_probes=False)


def test_the_built_code_is_deployed(deployed: LocalAws, bundled: Contract) -> None:
    assert words(claims(deployed, BUILT, bundled))[f"{MIGRATION}.code"] == "held"


def test_old_code_still_deployed_is_broken(deployed: LocalAws, bundled: Contract) -> None:
    deployed.deploy(MIGRATION, migration_zip(MIGRATIONS[:-1]))
    found = claims(deployed, BUILT, bundled)
    assert found[f"{MIGRATION}.code"].verdict == "broken"
    assert "update-function-code" in found[f"{MIGRATION}.code"].next_step
    assert found[f"{MIGRATION}.migrations"].verdict == "broken"
    assert MIGRATIONS[-1].version in found[f"{MIGRATION}.migrations"].detail
    saw("functions/old_code_deployed", found.values())


def test_a_bundle_that_is_not_built_is_unverified(deployed: LocalAws) -> None:
    verdict = claims(deployed, replace(BUILT, bundle="nowhere.zip"))[f"{MIGRATION}.code"]
    assert verdict.verdict == "unverified"
    assert "nowhere.zip" in verdict.detail


@pytest.mark.parametrize(("routing", "word"), [
    (("1", {}), "broken"), (("2", {}), "held"), (("2", {"1": 0.1}), "broken"), (("2", {"4": 0.5}), "held"),
], ids=["old-version", "new-version", "weighted-to-old", "weighted-to-the-same-code"])
@pytest.mark.parametrize("with_bundle", [True, False], ids=["bundle", "latest"])
def test_alias_routing(routing: tuple[str, dict[str, float]], word: str, with_bundle: bool, deployed: LocalAws,
                       bundled: Contract) -> None:
    function = f"routed-{next(_numbers)}"
    client = deployed.client("lambda")
    for code in (migration_zip(MIGRATIONS[:-1]), migration_zip()) * 2:  # versions 1 to 4: old, new, old, new
        deployed.deploy(function, code, publish=True)
    client.create_alias(FunctionName=function, Name="live", FunctionVersion=routing[0],
                        RoutingConfig={"AdditionalVersionWeights": routing[1]})
    spec = replace(BUILT if with_bundle else replace(BUILT, bundle=None), migration_function=function, qualifier="live")
    found = {v.claim.partition(":")[2]: v for v in judge_code(
        spec, function, client, bundled.root / "build.zip" if with_bundle else None, MIGRATIONS)}
    assert found[f"{function}.routing"].verdict == word
    if word == "broken":
        saw("functions/alias_on_old_code", [found[f"{function}.routing"]])
    if routing[0] == "1":
        assert found[f"{function}.migrations"].verdict == "broken"
        assert not with_bundle or found[f"{function}.code"].verdict == "broken"


class Told:
    """A Lambda client whose answers are altered."""

    def __init__(self, client: Any, **answers: Any) -> None:
        self._client, self._answers = client, answers

    def get_function_configuration(self, **what: str) -> dict[str, Any]:
        return {**self._client.get_function_configuration(**what), **self._answers}

    def get_function(self, **what: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        if self._answers.get("denied"):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetFunction")
        answer: dict[str, Any] = self._client.get_function(**what)
        return answer


UNSETTLED = {
    "update_in_progress": ({"LastUpdateStatus": "InProgress"}, "old code answers"),
    "update_failed": ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "EniLimitExceeded"}, "EniLimitExceeded"),
    "function_pending": ({"State": "Pending"}, "Pending"),
}


@pytest.mark.parametrize("name", UNSETTLED)
def test_an_update_that_is_not_done_is_broken(name: str, deployed: LocalAws) -> None:
    answers, named = UNSETTLED[name]
    verdict = next(judge_code(SPEC, MIGRATION, Told(deployed.client("lambda"), **answers), None, MIGRATIONS))
    assert (verdict.claim, verdict.verdict) == (f"false-success:{MIGRATION}.settled", "broken")
    assert named in verdict.detail
    saw(f"functions/{name}", [verdict])


def test_an_active_function_is_settled(deployed: LocalAws) -> None:
    client = Told(deployed.client("lambda"), State="Active")
    verdict = next(judge_code(SPEC, MIGRATION, client, None, MIGRATIONS))
    assert (verdict.claim, verdict.verdict) == (f"false-success:{MIGRATION}.settled", "held")


def test_a_function_that_may_not_be_looked_at_is_unverified(deployed: LocalAws) -> None:
    (verdict,) = judge_code(replace(SPEC, migration_function="nobody"), "nobody", deployed.client("lambda"), None,
                            MIGRATIONS)
    assert (verdict.claim, verdict.verdict) == ("false-success:nobody.settled", "unverified")
    assert kind_seen(verdict).name == "settled_unseen"


def test_code_that_may_not_be_fetched_is_judged_by_the_bundle(deployed: LocalAws, bundled: Contract) -> None:
    client = Told(deployed.client("lambda"), denied=True)
    bundle = bundled.root / "build.zip"
    found = list(judge_code(BUILT, MIGRATION, client, bundle, MIGRATIONS))
    assert (found[-1].claim.rpartition(".")[2], found[-1].verdict) == ("migrations", "held")
    bundle.write_bytes(migration_zip(MIGRATIONS[:-1]))
    found = list(judge_code(BUILT, MIGRATION, client, bundle, MIGRATIONS))
    assert found[-1].verdict == "broken"
    assert "The bundle lacks" in found[-1].detail
    without = [v.claim for v in judge_code(SPEC, MIGRATION, client, None, MIGRATIONS)]
    assert without == [f"false-success:{MIGRATION}.settled"]


def test_a_function_that_is_not_there_is_unverified(deployed: LocalAws) -> None:
    spec = replace(SPEC, migration_function="nobody", query_function="nobody-either")
    found = words(claims(deployed, spec))
    assert {word for claim, word in found.items() if claim != "reply-shape"} == {"unverified"}


# What a zip holds


def zip_of(**members: str) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return buffer.getvalue()


BODY = MIGRATIONS[-1].sql
VERSION = MIGRATIONS[-1].version
WAYS = {
    "as-a-file": zip_of(**{f"migrations__{VERSION}_dot_sql": BODY}),
    "with-other-line-ends": zip_of(**{f"migrations__{VERSION}_dot_sql": BODY.replace("\n", "\r\n")}),
    "in-a-python-module": zip_of(bundle_dot_py=f"MIGRATIONS = {{{VERSION!r}: {BODY!r}}}\n"),
    "in-triple-quotes": zip_of(bundle_dot_py=f'MIGRATIONS = {{"{VERSION}": """{BODY}"""}}\n'),
    "in-json": zip_of(migrations_dot_json=json.dumps({VERSION: BODY})),
    "in-javascript": zip_of(index_dot_js=f"exports.migrations = {json.dumps({VERSION: BODY})};\n"),
    "in-a-template-literal": zip_of(index_dot_mjs=f"export const m = {{'{VERSION}': `{BODY}`}};\n"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_migration_is_found_however_it_is_packed(way: str) -> None:
    assert held_in(WAYS[way], MIGRATIONS[-1:]).whole == (VERSION,)


def test_the_real_packing_is_found() -> None:
    assert held_in(migration_zip(), MIGRATIONS).whole == tuple(m.version for m in MIGRATIONS)


def test_another_body_under_the_same_name_is_told() -> None:
    changed = BODY.replace("'conservative'", "'reckless'")
    found = held_in(zip_of(bundle_dot_py=f"M = {{{VERSION!r}: {changed!r}}}\n"), MIGRATIONS[-1:])
    assert (found.whole, found.other_body, found.missing) == ((), (VERSION,), ())
    found = held_in(zip_of(app_dot_py="print(1)"), MIGRATIONS[-1:])
    assert (found.whole, found.other_body, found.missing) == ((), (), (VERSION,))


def test_what_is_no_zip_is_unverified() -> None:
    with pytest.raises(Unverified, match="no zip"):
        held_in(b"PK\x03\x04 broken", MIGRATIONS)


SABOTEURS = (
    *LOOSE_SHAPES, *(name for name in SPOIL if name not in HONEST_FAILURES), *(f"role_with_{power}" for power in POWERS),
    *UNSETTLED, "rows_left_out", "errors_swallowed", "runs_anything", "another_version_answers", "old_code_deployed",
    "alias_on_old_code",
)
"""What the tests above break a claim about a function with."""
