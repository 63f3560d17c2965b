"""Both reference Lambdas as a target names them, roles they may log in as, and what is claimed of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from checks.claims.functions.false_success import judge_false_success
from checks.contract.contract import Contract, TargetSpec
from checks.contract.migration import Migration
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.package import bundle, pack
from checks.target.open_target import Place
from checks.target.servers import ScratchServer
from checks.target.target import Target
from checks.values import Verdict
from tests.support import ROOT

LAMBDAS = ROOT / "fixtures" / "lambdas"
CONTRACT = read_contract(ROOT / "contract.toml")
MIGRATIONS = read_migrations(CONTRACT)
QUERY, MIGRATION = "ops-query", "ops-migration"
SPEC = TargetSpec("prod", route="lambda", region="us-west-2", query_function=QUERY, migration_function=MIGRATION,
                  error_probes=True)
numbers = itertools.count()


@contextmanager
def role(server: ScratchServer, database: str, *statements: str) -> Iterator[tuple[str, str]]:
    """(role, DSN) of a fresh role that may read everything, and whatever `statements` ({role}) add."""
    name = f"reader_{next(numbers)}"
    server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'reader'", f"GRANT pg_read_all_data TO {name}")
    server.execute(*(statement.format(role=name) for statement in statements), database=database)
    scheme, _, rest = server.dsn(database).partition("://")
    try:
        yield name, f"{scheme}://{name}:reader@{rest.partition('@')[2]}"
    finally:
        server.execute(f"REASSIGN OWNED BY {name} TO postgres", f"DROP OWNED BY {name} CASCADE", database=database)
        server.execute(f"DROP ROLE {name}")


def migration_zip(migrations: tuple[Migration, ...] = MIGRATIONS) -> bytes:
    return pack(LAMBDAS / "db_migration", {"migrations_bundle.py": bundle({m.version: m.sql for m in migrations})})


def claims(aws: LocalAws, spec: TargetSpec = SPEC, contract: Contract = CONTRACT) -> dict[str, Verdict]:
    """Claim without its area -> verdict."""
    place = Place(Target(spec, None), None, endpoint_url=aws.endpoint_url)
    cases, _, _ = judge_false_success(place, Expectation(contract, None, MIGRATIONS, ()))
    return {verdict.claim.partition(":")[2]: verdict for case in cases for verdict in case.verdicts}


def words(found: dict[str, Verdict]) -> dict[str, str]:
    return {claim: verdict.verdict for claim, verdict in found.items()}


BUILT = replace(SPEC, bundle="build.zip", error_probes=False)


@pytest.fixture(scope="module")
def behind(scratch_server: ScratchServer, migrated_template: str) -> Iterator[str]:
    """The name of a migrated database behind the functions of a module."""
    name = f"false_success_{next(numbers)}"
    scratch_server.execute(f'DROP DATABASE IF EXISTS "{name}"',
                           f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield name
    scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def functions_reader(scratch_server: ScratchServer, behind: str) -> Iterator[str]:
    """The DSN of a role that may only read."""
    with role(scratch_server, behind) as (_, dsn):
        yield dsn


@pytest.fixture
def deployed(aws: LocalAws, functions_reader: str) -> Iterator[LocalAws]:
    """The endpoint with both reference Lambdas as they should be."""
    aws.deploy(QUERY, pack(LAMBDAS / "db_query"), environment={"DATABASE_URL": functions_reader})
    aws.deploy(MIGRATION, migration_zip(), environment={"DATABASE_URL": "postgresql://never/used"})
    aws.invocations.clear()
    yield aws
    aws.intercept = None
    assert not [i for i in aws.invocations if i.function == MIGRATION], "the migration function was invoked"


@pytest.fixture
def bundled(tmp_path: Path) -> Contract:
    """The contract, from a folder that holds the built zip."""
    (tmp_path / "build.zip").write_bytes(migration_zip())
    return replace(CONTRACT, file=tmp_path / "contract.toml")
