"""Projects built by the real tools: `init`, then every claim is held; a lost row and a lost CHECK are named.

Where they come from: fixtures/README.md.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from checks.adopt.init import init
from checks.expectation.derive import expectation_of
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret, Target
from tests.support import ROOT
from tests.support.adopted import Adopted
from tests.support.running import run

PROJECTS = ROOT / "tests" / "projects"
TABLE = {"django": "shop_order"}
LAST: Mapping[str, str] = {
    "alembic": "3c4d5e6f7081", "django": "shop.0002_quantity", "yoyo": "0003.side-index", "sqitch": "side_index",
    "dbmate": "20260103000000", "knex": "20260103000000_side_index.js", "node_pg_migrate": "1767398400000_side-index",
    "sequelize": "20260103000000-side-index.js", "typeorm": "Quantity1767312000000",
    "prisma": "20260103000000_side_index", "liquibase": "2_side_index.sql::side_index::ann",
}
"""Project -> what its ledger calls the last migration."""
STANDING_IN = """#!{python}
# Does to the database that DATABASE_URL names what the real command did: tests need no npm and no sqitch.
import os, pathlib, psycopg2
with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute(pathlib.Path("{dump}").read_text())
"""
_numbers = itertools.count()


@pytest.fixture
def project(scratch_server: ScratchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Adopted]:
    """A copy of a project, taken up by init, beside the database that the real tool made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}")

    def act(name: str) -> Adopted:
        dump, folder = PROJECTS / name / "database.sql", tmp_path / "project"
        shutil.copytree(PROJECTS / name, folder, ignore=shutil.ignore_patterns("database.sql", "__pycache__"))
        (tmp_path / "bin").mkdir()
        for command in ("npx", "sqitch"):
            (tmp_path / "bin" / command).write_text(STANDING_IN.format(python=sys.executable, dump=dump))
            (tmp_path / "bin" / command).chmod(0o755)
        database = f"project_{os.getpid()}_{next(_numbers)}"
        dsn = scratch_server.create_database(database)
        with closing(connect(Secret(dsn), "the project's database")) as connection:
            execute(connection, dump.read_text())
        said: list[str] = []
        init(folder, folder / "contract.toml", dsn, None, said.append)
        assert any(line.startswith("written: ") for line in said), said
        adopted = Adopted(folder, scratch_server, database)
        adopted.__dict__["dsn"] = Secret(dsn)
        spec = adopted.contract.targets[adopted.contract.default_target]
        adopted.__dict__["expectation"] = expectation_of(adopted.contract, Target(spec, Secret(dsn)),
                                                         lambda: nullcontext(scratch_server))
        return adopted
    return act


@pytest.mark.parametrize("name", LAST)
def test_a_project_is_taken_up_without_an_edit_and_its_faults_are_named(
        name: str, project: Callable[[str], Adopted]) -> None:
    adopted = project(name)
    ledger, table = adopted.contract.ledger, TABLE.get(name, "orders")
    assert ledger is not None
    assert adopted.not_held() == {}
    assert f"ledger:{LAST[name]}" in adopted.verdicts()
    assert [(spec.shown, spec.values) for spec in adopted.contract.enums] == [(f"{table}.side", ("buy", "sell"))]
    adopted.run(f"ALTER TABLE {table} DROP CONSTRAINT known_side")
    assert {f"constraints:{table}.known_side", f"drift:{table}", f"enums:{table}.side"} <= set(adopted.not_held())
    adopted.run(f"UPDATE {ledger.shown} SET version_num = '2b3c4d5e6f70'" if ledger.one_row else
                f"DELETE FROM {ledger.shown} WHERE ctid = (SELECT max(ctid) FROM {ledger.shown})")
    assert "the ledger has no row for it" in adopted.not_held()[f"ledger:{LAST[name]}"].replace("The", "the")


@pytest.mark.parametrize("name", ["alembic", "knex"])
def test_the_command_after_init_is_green(name: str, project: Callable[[str], Adopted]) -> None:
    adopted = project(name)
    ran = run("-m", "pytest", str(ROOT / "checks"), "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".", "-q",
              "--contract", "contract.toml", cwd=adopted.folder)
    assert (ran.code, " 0           0" in ran.out) == (0, True), ran.out


def test_a_lost_row_of_a_projects_ledger_is_red(project: Callable[[str], Adopted]) -> None:
    adopted = project("dbmate")
    adopted.run("DELETE FROM schema_migrations WHERE version = '20260102000000'")
    assert set(adopted.not_held()) == {"ledger:20260102000000"}
