"""What tests of the audit share: the version that is lied about, both functions, and a script that believes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest

from checks.audits.audit import expected
from checks.audits.faults import catalogue
from checks.audits.faults.fault import Fault
from checks.audits.lying_endpoint import LyingEndpoint
from checks.audits.prepared import Prepared, prepare
from checks.contract.reader import read_contract
from checks.lambdas.client import invoke
from checks.lambdas.replies.specimens import load
from checks.target.servers import ScratchServer
from tests.support import ROOT

CONTRACT = read_contract(ROOT / "contract.toml")
CORPUS = load(ROOT / "fixtures" / "payloads")
V = "2026_02_02_0003_add_constraints_no_do"
MIGRATE, QUERY = "ops-pipeline-db-migration", "ops-pipeline-db-query"
HANG_S = 0.2
BELIEVES = (sys.executable, str(ROOT / "fixtures" / "scripts" / "truthy_flag.py"))


def faults(prepared: Prepared) -> dict[str, Fault]:
    return {fault.name: fault for fault in catalogue(CONTRACT, prepared.expectation)}


def migrate(world: LyingEndpoint, **more: Any) -> Any:
    return invoke(world.aws.client("lambda"), MIGRATE, {}, **more)


def ask(world: LyingEndpoint, sql: str) -> Any:
    return invoke(world.aws.client("lambda"), QUERY, {"sql": sql})


@pytest.fixture(scope="module")
def prepared(scratch_server: ScratchServer) -> Iterator[Prepared]:
    """What an audit prepares once: a twin where the version is applied, and roles."""
    expectation = expected(CONTRACT, V, lambda: nullcontext(scratch_server))
    with prepare(CONTRACT, expectation, scratch_server, HANG_S) as made:
        yield made


@pytest.fixture(scope="module")
def world(prepared: Prepared) -> Iterator[LyingEndpoint]:
    """An endpoint whose functions lie."""
    with ExitStack() as stack:
        yield LyingEndpoint(prepared, 90, stack)
