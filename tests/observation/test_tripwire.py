"""Nothing of the target's runs: on hostile databases, whatever is called leaves a mark, and a run leaves none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from checks.claims.verify import Report
from checks.lambdas.client import DUMMY_CREDENTIALS
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.package import pack
from tests.support import ROOT
from tests.support.hostile import HostileBench, Trap, traps
from tests.support.running import verify
from tests.support.sabotage_harness import Bench, projects, report_on, session_of, target_of, verdicts

REFERENCE = projects()[0]
TRAPS = traps()
LAMBDAS = ROOT / "fixtures" / "lambdas"
WAYS = ("direct", "direct as reader", "lambda")


@pytest.fixture(scope="module")
def hostile(bench: Bench) -> Iterator[HostileBench]:
    made = HostileBench(bench)
    yield made
    made.close()


def looked(hostile: HostileBench, dsn: str, way: str) -> Report:
    """A whole look at a hostile database."""
    bench, route = hostile.bench, way.partition(" ")[0]
    session = session_of(route, bench, bench.as_reader(dsn) if way == "direct as reader" else dsn)
    return report_on(session, bench.project(REFERENCE)[1], target_of(route))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_no_trap_is_sprung(trap: Trap, hostile: HostileBench) -> None:
    if not hostile.knows(trap):
        pytest.skip("this server knows no such trap; set POSTDEPLOY_TEST_SERVERS for others")
    assert told(trap, hostile) == {}


def told(trap: Trap, hostile: HostileBench) -> dict[str, list[str]]:
    """Statements that should spring the trap and do not, looks that do, and looks that tell nothing of it."""
    wrong: dict[str, list[str]] = {}
    with hostile.database(trap) as dsn:
        for statement in trap.springs:
            hostile.spring(dsn, trap, statement)
            if not hostile.sprung(dsn):
                wrong[statement] = ["springs nothing"]
            hostile.forget(dsn)
        for way in WAYS:
            found = verdicts(looked(hostile, dsn, way))
            marks = hostile.sprung(dsn)
            if way != "direct" or not trap.as_reader:  # a superuser bypasses row security, rightly
                marks += hostile.complaints(trap, found)
            if marks:
                wrong[way] = marks
            hostile.forget(dsn)
    return wrong


def test_other_majors(other_major: Bench, bench: Bench) -> None:
    """Every trap that this major knows, by what the embedded server derived."""
    hostile = HostileBench(other_major)
    other_major.expects(REFERENCE, bench.project(REFERENCE)[1])
    try:
        known = [trap for trap in TRAPS if hostile.knows(trap)]
        assert {trap.name: wrong for trap in known if (wrong := told(trap, hostile))} == {}
        assert len(known) >= len(TRAPS) - 2
    finally:
        hostile.close()


TOGETHER = ("ledger_has_an_index_over_a_constant_call", "check_calls_a_function", "dedupe_has_an_index",
            "sequence_of_a_table_with_an_index", "triggers_rules_and_defaults")
"""Traps that can be set in one database."""


@pytest.fixture
def set_together(hostile: HostileBench) -> Iterator[str]:
    """A database with several traps, each on what the one before left."""
    chosen = [trap for trap in TRAPS if trap.name in TOGETHER]
    sql = "\n".join(trap.sql.replace("INDEX trapped ", "INDEX ") for trap in chosen)
    assert len(chosen) == len(TOGETHER)
    with hostile.database(replace(chosen[0], sql=sql)) as dsn:
        yield dsn


def test_a_full_run_springs_nothing(set_together: str, hostile: HostileBench, aws: LocalAws, tmp_path: Path) -> None:
    """`pytest checks/` itself, by both routes, with every area, failing probes included."""
    aws.deploy("hostile-query", pack(LAMBDAS / "db_query"),
               environment={"DATABASE_URL": hostile.bench.as_reader(set_together)})
    contract = (ROOT / "contract.toml").read_text(encoding="utf-8")
    (tmp_path / "contract.toml").write_text(
        contract + '\n[target.hostile]\nroute = "lambda"\nregion = "us-west-2"\nquery_function = "hostile-query"\n'
        "error_probes = true\n", encoding="utf-8")
    for folder in ("migrations", "fixtures"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    environment = {"AWS_ENDPOINT_URL_LAMBDA": aws.endpoint_url, **DUMMY_CREDENTIALS}
    for target in (set_together, hostile.bench.as_reader(set_together), "hostile"):
        ran = verify(target, "--contract", str(tmp_path / "contract.toml"), evidence=tmp_path / "evidence.json",
                     environment=environment)
        assert ran.code == 1, ran.out
        assert ran.claims["ledger:schema_migrations.versions"] == "broken"
        assert len(ran.claims) > 30
        assert hostile.sprung(set_together) == []
