"""A server that is stopped and started in the middle of a run: the right verdict, or unverified; nothing stays behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.check import check
from checks.contract.contract import TargetSpec
from checks.target.routes import direct
from checks.target.routes.through_lambda import LambdaSession
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret, Target
from tests.support import MIGRATIONS, program
from tests.support.meanwhile import meanwhile
from tests.support.running import run, verify
from tests.support.sabotage_harness import (
    Bench,
    InProcess,
    commit_sql,
    projects,
    report_on,
    target_of,
    verdicts,
)
from tests.support.standby import USER

REFERENCE = projects()[0]
NAME = "reference"
Restart = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[ScratchServer]:
    """A server of this module's own, with the reference system in one of its databases."""
    with embedded() as found:
        found.create_database(NAME)
        for file in MIGRATIONS:
            found.execute(file.read_text(), database=NAME)
        yield found


@pytest.fixture
def dsn(server: ScratchServer) -> str:
    return server.dsn(NAME)


@pytest.fixture(scope="module")
def restart(server: ScratchServer) -> Restart:
    """Stops the server in a mode of pg_ctl's and starts it again; it is up when this returns."""
    with closing(psycopg2.connect(server.dsn())) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])  # type: ignore[index]

    def again(mode: str, *_: object) -> None:
        subprocess.run([program("pg_ctl"), "-D", data, "-m", mode, "-w", "-l", data / "log", "restart"], check=True,
                       user=USER if os.geteuid() == 0 else None, stdout=subprocess.DEVNULL, timeout=60)

    return again


def nobody_is_left(dsn: str) -> bool:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_stat_activity WHERE application_name LIKE 'postdeploy-checks/%' UNION ALL "
                       "SELECT FROM pg_prepared_xacts")
        return cursor.rowcount == 0


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_while_a_question_waits_nothing_is_verified(mode: str, dsn: str, restart: Restart, tmp_path: Path) -> None:
    """As a user sees it, from the command to the evidence; the same command says afterwards what is there."""
    thread = meanwhile(dsn, partial(restart, mode))
    ran = verify(dsn, evidence=tmp_path / "evidence.json")
    thread.join()
    assert ran.code == 6, ran.out
    assert set(ran.claims.values()) == {"unverified"}
    assert ran.evidence["failure"] == ("The connection broke off in mid-question: the server went away. Look whether it is "
                                       "up, then run again.")
    assert nobody_is_left(dsn)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_between_two_questions_nothing_is_called_broken(after: int, bench: Bench, dsn: str, restart: Restart,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    """After BEGIN, after the snapshot, after the last question; what is told then was read before."""
    executed, done = direct.execute, []

    def counted(connection: Any, sql: str) -> Any:
        rows = executed(connection, sql)
        done.append(sql)
        if len(done) == after:
            restart("immediate")
        return rows

    monkeypatch.setattr(direct, "execute", counted)
    report = check(Target(TargetSpec("prod", dsn="given"), Secret(dsn)), bench.project(REFERENCE)[1])
    assert len(done) == after
    assert {verdict.verdict for verdict in verdicts(report).values()} == {"unverified"}
    assert report.failure.endswith("the server went away. Look whether it is up, then run again.")


class Restarting(InProcess):
    """The query function, behind which the server is restarted after each answer."""

    def __init__(self, dsn: str, restart: Restart) -> None:
        super().__init__(dsn)
        self._restart = restart
        self.answers = 0

    def invoke(self, **more: Any) -> dict[str, Any]:
        answer = super().invoke(**more)
        self.answers += 1
        self._restart("immediate")
        return answer


def test_a_function_finds_its_database_again_between_two_questions(bench: Bench, dsn: str, restart: Restart) -> None:
    """Its warm connection is gone each time: what the reference function does about it is enough for the right verdict."""
    function = Restarting(dsn, restart)
    report = report_on(LambdaSession(target_of("lambda").spec, function), bench.project(REFERENCE)[1], target_of("lambda"))
    assert function.answers == report.cost["invocations"] > 2
    assert {name: verdict.detail for name, verdict in verdicts(report).items() if verdict.verdict != "held"} == {}


def test_an_apply_that_loses_its_server_cannot_tell_and_run_again_is_proven(server: ScratchServer, restart: Restart) -> None:
    """The first migration is there; the second waits for a table that somebody holds."""
    dsn = server.create_database("applied")
    commit_sql(dsn, MIGRATIONS[0].read_text())
    thread = meanwhile(dsn, partial(restart, "fast"), "LOCK TABLE public.active_positions IN ACCESS SHARE MODE")
    ran = run("-m", "checks", "apply", "--target", dsn)
    thread.join()
    assert ran.code == 6, ran.out
    assert "cannot tell: " in ran.out
    again = run("-m", "checks", "apply", "--target", dsn)
    assert again.code == 0, again.out
    assert nobody_is_left(dsn)
