"""The role and the policy of docs/security.md: enough for everything, and each line of them is needed."""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from checks.check import check
from checks.claims.verify import Report
from checks.contract.contract import TargetSpec
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.package import pack
from checks.target.routes.direct import connect, execute
from checks.target.target import Secret, Target
from checks.values import Rejected
from tests.support import MIGRATIONS, ROOT
from tests.support.sabotage_harness import Bench, commit_sql, look_at, projects, verdicts

DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
REFERENCE = projects()[0]
_numbers = itertools.count()


def block(language: str) -> str:
    """The one code block of that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


STATEMENTS = tuple(line for line in block("sql").splitlines() if line and not line.startswith("--"))
GRANTS = tuple(line for line in STATEMENTS if line.startswith("GRANT"))
POLICY = json.loads(block("json"))


@pytest.fixture
def locked(bench: Bench) -> Iterator[Callable[[str], str]]:
    """A database in which PUBLIC may do nothing; makes the role with all statements but one, and gives its DSN."""
    made: list[str] = []
    with bench.database(REFERENCE) as dsn:
        database = dsn.partition("?")[0].rpartition("/")[2]
        commit_sql(dsn, f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC', "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                   "INSERT INTO active_positions (ticker, side, quantity, entry_price) VALUES ('T', 'long', 1, 1)",
                   "INSERT INTO position_history (ticker, side) VALUES ('T', 'long')")

        def role_without(statement: str) -> str:
            role = f"postdeploy_{os.getpid()}_{next(_numbers)}"
            made.append(role)
            sql = "\n".join(line for line in STATEMENTS if line != statement)
            commit_sql(dsn, re.sub(r"\btrading\b", f'"{database}"', re.sub(r"\bpostdeploy\b", role, sql)))
            return re.sub(r"//[^@]*@", f"//{role}:choose one@".replace(" ", "%20"), dsn)

        yield role_without
        for role in made:
            commit_sql(dsn, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def not_held(report: Report) -> dict[str, str]:
    return {claim: verdict.detail for claim, verdict in verdicts(report).items() if verdict.verdict != "held"}


def test_the_role_is_enough(locked: Callable[[str], str], bench: Bench) -> None:
    dsn = locked("")
    for route in ("direct", "lambda"):
        bench_of_the_role = AsIs(bench, dsn)
        report = look_at(bench_of_the_role, REFERENCE, dsn, route)  # type: ignore[arg-type]
        assert not_held(report) == {}
        assert not any("may not read" in left.why for left in report.left_out)


class AsIs:
    """A bench whose reader is the role that a DSN names already."""

    def __init__(self, bench: Bench, dsn: str) -> None:
        self._bench, self._dsn = bench, dsn

    def as_reader(self, dsn: str) -> str:
        return self._dsn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bench, name)


@pytest.mark.parametrize("grant", GRANTS)
def test_each_grant_is_needed(grant: str, locked: Callable[[str], str], bench: Bench) -> None:
    dsn = locked(grant)
    if "CONNECT" in grant:
        with pytest.raises(Exception, match="permission denied for database"):
            connect(Secret(dsn), "the database")
        return
    report = look_at(bench, REFERENCE, dsn)
    whys = " ".join(left.why for left in report.left_out)
    assert not_held(report) or "may not read" in whys


@pytest.mark.parametrize("write", [
    "INSERT INTO public.schema_migrations (version) VALUES ('x')", "CREATE TABLE public.x (a int)", "CREATE SCHEMA x",
    "SELECT nextval('public.active_positions_id_seq')", "CREATE TEMPORARY TABLE x (a int)",
    "BEGIN; LOCK TABLE public.active_positions",
])
def test_the_role_writes_nothing(write: str, locked: Callable[[str], str]) -> None:
    connection = connect(Secret(locked("")), "the database")
    execute(connection, "SET default_transaction_read_only = off")
    with pytest.raises(Rejected) as caught:
        execute(connection, write)
    connection.close()
    assert caught.value.sqlstate == "42501"


def test_a_question_of_the_role_ends(locked: Callable[[str], str]) -> None:
    connection = connect(Secret(locked("")), "the database")
    shown = {name: execute(connection, f"SHOW {name}") for name in ("statement_timeout", "lock_timeout",
                                                                   "default_transaction_read_only")}
    connection.close()
    assert shown == {"statement_timeout": [("30s",)], "lock_timeout": [("3s",)], "default_transaction_read_only": [("on",)]}


# The IAM policy


class Enforced:
    """Lets through what a policy allows, and remembers what was asked for."""

    def __init__(self, policy: dict[str, Any], called: Any) -> None:
        self.policy, self.called = policy, called
        self.asked: set[tuple[str, str]] = set()

    def __call__(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        action = f"lambda:{'InvokeFunction' if operation == 'Invoke' else operation}"
        name = ":".join(filter(None, (arguments["FunctionName"], arguments.get("Qualifier"))))
        self.asked.add((action, name))
        resource = f"arn:aws:lambda:us-west-2:123456789012:function:{name}"
        if not any(action in self._list(each["Action"]) and any(
                fnmatch.fnmatchcase(resource, pattern) for pattern in self._list(each["Resource"]))
                for each in self.policy["Statement"] if each["Effect"] == "Allow"):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": f"User: x is not authorized: {action}"},
                               "ResponseMetadata": {"HTTPStatusCode": 403}}, operation)
        return self.called(client, operation, arguments)

    @staticmethod
    def _list(value: str | list[str]) -> list[str]:
        return [value] if isinstance(value, str) else value


@pytest.fixture
def prod(aws: LocalAws, bench: Bench) -> Iterator[Callable[[], Report]]:
    """Runs everything against `[target.prod]` of the repository's contract."""
    spec: TargetSpec = replace(REFERENCE.contract.targets["prod"], deployment=())
    with bench.database(REFERENCE) as dsn:
        aws.deploy(spec.query_function or "", pack(ROOT / "fixtures/lambdas/db_query"),
                   environment={"DATABASE_URL": bench.as_reader(dsn)})
        lines = "".join(f"    {file.stem!r}: {file.read_text(encoding='utf-8')!r},\n" for file in MIGRATIONS)
        aws.deploy(spec.migration_function or "", pack(ROOT / "fixtures/lambdas/db_migration", {
            "migrations_bundle.py": ("MIGRATIONS = {\n" + lines + "}\n").encode()}), environment={"DATABASE_URL": "x"})
        expectation: Expectation = bench.project(REFERENCE)[1]
        environment = {"AWS_ENDPOINT_URL_LAMBDA": aws.endpoint_url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        with pytest.MonkeyPatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            yield lambda: check(Target(spec, None), expectation)


@pytest.fixture
def enforced(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Enforced]:
    called = botocore.client.BaseClient._make_api_call

    def enforce(policy: dict[str, Any]) -> Enforced:
        made = Enforced(policy, called)
        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", lambda self, *what: made(self, *what))
        return made

    return enforce


def test_the_policy_is_enough_and_no_more_is_asked(prod: Callable[[], Report], enforced: Any) -> None:
    policy = enforced(POLICY)
    report = prod()
    assert not_held(report) == {}
    assert not any("may not be fetched" in left.why for left in report.left_out)
    allowed = {(action, each["Resource"].rpartition(":")[2]) for each in POLICY["Statement"]
               for action in Enforced._list(each["Action"])}
    assert policy.asked == allowed


@pytest.mark.parametrize("action", ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration", "lambda:GetFunction"])
def test_each_action_is_needed(action: str, prod: Callable[[], Report], enforced: Any) -> None:
    enforced({"Statement": [{**each, "Action": [one for one in Enforced._list(each["Action"]) if one != action]}
                            for each in POLICY["Statement"]]})
    report = prod()
    assert not_held(report) or any("may not be fetched" in left.why for left in report.left_out)
    assert "broken" not in {verdict.verdict for verdict in verdicts(report).values()}


def test_security_md_is_there() -> None:
    assert "privately" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|fixtures)/[\w/.]+)`", DOCUMENT))
    assert named
    assert {name for name in named if not Path(ROOT / name).exists()} == set()
