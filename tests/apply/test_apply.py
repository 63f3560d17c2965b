"""`apply` believes nothing: killed anywhere and run again it ends proven; lied to, it looks at the database."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from checks.apply import apply
from checks.contract.contract import Contract
from checks.contract.reader import read_contract
from checks.lambdas.local.endpoint import LocalAws, local_aws
from checks.lambdas.local.request import Response
from checks.lambdas.package import pack
from checks.replays.proxy.gate import CUT, Action, Cut, Statement
from checks.replays.proxy.proxy import Proxy, Upstream
from checks.target.reader import make_reader
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target, resolve_target
from checks.values import Unverified, UsageError
from tests.support import BUNDLE, MIGRATIONS, ROOT
from tests.support.running import run

LAST = "2026_02_03_0001_strategy_stats"
PROVEN, DISPROVEN, UNDECIDED = 0, 1, 6


class CutAt:
    """Cuts the connection before or after the statement number `at`, once; counts all of them."""

    def __init__(self, at: int | None = None, when: str = "before") -> None:
        self.at, self.when = at, when
        self.seen: list[str] = []
        self.struck = 0
        """How often it really cut."""

    def before(self, statement: Statement) -> Action:
        self.seen.append(statement.sql)
        return self._act() if self.when == "before" and len(self.seen) == self.at else None

    def after(self, statement: Statement) -> Cut | None:
        return self._act() if self.when == "after" and len(self.seen) == self.at else None

    def _act(self) -> Cut:
        self.struck += 1
        return CUT


class KillAt(CutAt):
    """Kills a process there instead."""

    pid = 0

    def _act(self) -> Cut:
        os.kill(self.pid, signal.SIGKILL)
        return super()._act()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(ROOT / "contract.toml")


def upstream(dsn: str) -> tuple[Upstream, str]:
    parts = urlsplit(dsn)
    return Upstream(parse_qs(parts.query)["host"][0], 5432), parts.path.lstrip("/")


def proxied(proxy: Proxy, database: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{database}"


def acting(dsn: str, contract: Contract, *versions: str) -> tuple[int, str]:
    lines: list[str] = []
    try:
        code = apply(resolve_target(dsn, contract), contract, versions, lines.append)
    except Unverified as error:
        lines.append(str(error))
        code = UNDECIDED
    return code, "\n".join(lines)


def boundaries(contract: Contract, dsn: str) -> list[str]:
    server, database = upstream(dsn)
    gate = CutAt()
    with Proxy(server, database, gate) as proxy:
        assert acting(proxied(proxy, database), contract)[0] == PROVEN
    return gate.seen


def test_cut_at_every_statement_and_run_again_it_ends_proven(contract: Contract, fresh_database: Callable[[], str]) -> None:
    statements = boundaries(contract, fresh_database())
    assert sum(text.startswith("-- ") for text in statements) == len(MIGRATIONS)
    for at, when in itertools.product(range(1, len(statements) + 1), ("before", "after")):
        dsn = fresh_database()
        server, database = upstream(dsn)
        with Proxy(server, database, gate := CutAt(at, when)) as proxy:
            code, told = acting(proxied(proxy, database), contract)
        assert gate.struck == 1, (when, at)
        assert code in (PROVEN, UNDECIDED), told  # cut off, it never claims to know better
        again, told = acting(dsn, contract)
        assert again == PROVEN, f"{when} {at}: {told}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_a_migration_is_sent_and_run_again_it_ends_proven(
        when: str, contract: Contract, fresh_database: Callable[[], str]) -> None:
    statements = boundaries(contract, fresh_database())
    second = next(n for n, text in enumerate(statements, 1) if "position_history" in text)
    dsn = fresh_database()
    server, database = upstream(dsn)
    gate = KillAt(second, when)
    with Proxy(server, database, gate) as proxy:
        victim = subprocess.Popen([sys.executable, "-m", "checks", "apply", "--target", proxied(proxy, database)],
                                  cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        gate.pid = victim.pid
        victim.communicate(timeout=60)
    assert (victim.returncode, gate.struck) == (-signal.SIGKILL, 1)
    ran = run("-m", "checks", "apply", "--target", dsn)
    assert ran.code == PROVEN, ran.out


def test_another_apply_in_flight_is_refused(contract: Contract, fresh_database: Callable[[], str]) -> None:
    dsn = fresh_database()
    other = psycopg2.connect(dsn)
    with other.cursor() as cursor:
        cursor.execute(MIGRATIONS[0].read_text())  # another runner, in its transaction
        code, told = acting(dsn, contract)
    assert code == UNDECIDED, told
    other.rollback()
    with other.cursor() as cursor:
        for file in MIGRATIONS[:2]:
            cursor.execute(file.read_text())
        other.commit()
        cursor.execute("INSERT INTO schema_migrations (version) VALUES ('x')")
        code, told = acting(dsn, contract)
        assert (code, "Another apply is in flight" in told) == (UNDECIDED, True)
    other.rollback()
    other.close()
    assert acting(dsn, contract)[0] == PROVEN


def test_a_row_without_its_ddl_is_disproven(contract: Contract, migrated: str) -> None:
    connection = psycopg2.connect(migrated)
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    code, told = acting(migrated, contract)
    assert code == DISPROVEN
    assert "Recorded, but 1 of 4 effects missing: constraint active_positions.chk_active_positions_side" in told


def test_versions_are_applied_in_order_or_refused(contract: Contract, fresh_database: Callable[[], str]) -> None:
    dsn = fresh_database()
    with pytest.raises(UsageError, match="2026_01_01_0000_baseline is pending too and comes before"):
        acting(dsn, contract, LAST)
    with pytest.raises(UsageError, match="No migration has the version"):
        acting(dsn, contract, "2027_nope")
    assert acting(dsn, contract, *(file.stem for file in MIGRATIONS))[0] == PROVEN
    assert "nothing is pending" in acting(dsn, contract, LAST)[1]


def test_a_migration_that_the_server_refuses_is_told_and_keeps_nothing(tmp_path: Path, fresh_database: Callable[[], str],
                                                                       ) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copy(ROOT / "contract.toml", tmp_path)
    dsn = fresh_database()
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE position_history (other text)")
    connection.close()
    code, told = acting(dsn, read_contract(tmp_path / "contract.toml"))
    assert code == DISPROVEN
    assert "2026_02_02_0001_position_telemetry.sql" in told
    assert 'column "ticker" does not exist' in told


class World:
    """A migration and a query function over one database; `lie` answers in the place of the migration function."""

    def __init__(self, aws: LocalAws, dsn: str, reader: str, through: str | None = None) -> None:
        self.aws, self.dsn = aws, dsn
        aws.deploy("db-query", pack(ROOT / "fixtures/lambdas/db_query"), environment={"DATABASE_URL": reader})
        aws.deploy("db-migration", pack(ROOT / "fixtures/lambdas/db_migration", {"migrations_bundle.py": BUNDLE}),
                   environment={"DATABASE_URL": through or dsn})

    def target(self, contract: Contract) -> Target:
        spec = replace(contract.targets["prod"], name="world", query_function="db-query",
                       migration_function="db-migration")
        return Target(spec, None)

    def apply(self, contract: Contract, *versions: str) -> tuple[int, str]:
        lines: list[str] = []
        try:
            code = apply(self.target(contract), contract, versions, lines.append)
        except Unverified as error:
            return UNDECIDED, str(error)
        return code, "\n".join(lines)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with local_aws() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        yield endpoint


@pytest.fixture
def reader(scratch_server: ScratchServer) -> Callable[[str], str]:
    make_reader(scratch_server, Secret(scratch_server.dsn()))
    return lambda dsn: dsn.replace("postgres:@", "postdeploy_reader:reader@")


def test_through_a_function_empty_becomes_proven_and_stays(aws: LocalAws, contract: Contract,
                                                          fresh_database: Callable[[], str], reader: Any) -> None:
    dsn = fresh_database()
    world = World(aws, dsn, reader(dsn))
    with pytest.raises(UsageError, match="takes no version"):
        world.apply(contract, LAST)
    assert world.apply(contract)[0] == PROVEN
    before = len(aws.invocations)
    code, told = world.apply(contract)
    assert (code, "nothing is pending" in told) == (PROVEN, True)
    assert {invocation.function for invocation in aws.invocations[before:]} == {"db-query"}


def test_a_function_cut_off_at_every_statement_and_invoked_again_ends_proven(
        aws: LocalAws, contract: Contract, fresh_database: Callable[[], str], scratch_server: ScratchServer,
        reader: Any) -> None:
    dsn = fresh_database()
    server, database = upstream(dsn)
    with Proxy(server, database) as proxy:
        world, struck = World(aws, dsn, reader(dsn), proxied(proxy, database)), 0
        for at in itertools.count(1):
            gates = CutAt(at, "before"), CutAt(at, "after")
            for gate in gates:
                scratch_server.execute(f'DROP DATABASE "{database}" WITH (FORCE)', f'CREATE DATABASE "{database}"')
                proxy.gate = gate
                code, told = world.apply(contract)
                struck += gate.struck
                assert gate.struck == (len(gate.seen) >= at), (gate.when, at)
                assert code in (PROVEN, DISPROVEN, UNDECIDED), told
                proxy.gate = CutAt()
                again, told = world.apply(contract)
                assert again == PROVEN, f"{gate.when} {at}: {told}"
            if all(len(gate.seen) < at for gate in gates):
                break
    assert at > len(MIGRATIONS)
    assert struck >= 2 * (at - 1)


LIES = {
    "says applied, did nothing": (200, {"statusCode": 200, "body": json.dumps(
        {"success": True, "migrations_applied": [f.stem for f in MIGRATIONS], "migrations_skipped": []})}, DISPROVEN),
    "says success as a string": (200, {"statusCode": 200, "body": json.dumps({"success": "false"})}, DISPROVEN),
    "accepted for later": (202, "", UNDECIDED),
    "times out": (200, {"errorMessage": "2026-11-22T00:00:00Z 1 Task timed out after 30.00 seconds"}, UNDECIDED),
}


@pytest.mark.parametrize("name", LIES)
def test_no_lie_of_the_function_is_a_success(name: str, aws: LocalAws, contract: Contract,
                                             fresh_database: Callable[[], str], reader: Any) -> None:
    status, payload, expected = LIES[name]
    dsn = fresh_database()
    world = World(aws, dsn, reader(dsn))
    error = {"X-Amz-Function-Error": "Unhandled"} if "errorMessage" in str(payload) else {}
    lies: list[str] = []

    def lie(invocation: Any) -> Response | None:
        if invocation.function == "db-query":
            return None
        lies.append(invocation.function)
        return Response(status, json.dumps(payload).encode() if payload else b"", error)

    aws.intercept = lie
    code, told = world.apply(contract)
    assert lies, "nothing was lied about"
    assert code == expected, told
    aws.intercept = None
    assert world.apply(contract)[0] == PROVEN


def test_a_function_that_denies_what_it_did_is_proven_by_the_database(
        aws: LocalAws, contract: Contract, fresh_database: Callable[[], str], reader: Any) -> None:
    dsn = fresh_database()
    world = World(aws, dsn, reader(dsn))

    def deny(invocation: Any) -> Response | None:
        if invocation.function == "db-query":
            return None
        aws.run(invocation)
        return Response(200, json.dumps({"statusCode": 500, "body": '{"success": false, "error": "no"}'}).encode())

    aws.intercept = deny
    code, told = world.apply(contract)
    assert code == PROVEN, told
    assert "the reply was no proof" in told
