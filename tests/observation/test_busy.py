"""A run on a busy database: writers go on, and PostgreSQL's own views and log tell of nothing but reading."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from checks.claims.verify import Report
from checks.observation.questions import Refusal, ask_one
from checks.target.routes import direct
from checks.target.routes.direct import connect, execute
from checks.target.routes.pinned import APPLICATION as OURS
from checks.target.routes.through_lambda import LambdaSession
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret
from tests.support import ROOT
from tests.support.sabotage_harness import (
    Bench,
    InProcess,
    commit_sql,
    look_at,
    projects,
    report_on,
    target_of,
    verdicts,
)

REFERENCE = projects()[0]
WRITERS = 2
WORK = """
    INSERT INTO public.active_positions (id, ticker, side, quantity, entry_price) VALUES ({n}, 'T', 'long', 1, 1);
    UPDATE public.active_positions SET quantity = quantity + 1 WHERE id = {n};
    DELETE FROM public.active_positions WHERE id = {n} - 3"""


@pytest.fixture(scope="module")
def own_server() -> Iterator[ScratchServer]:
    """A server whose log is of these tests alone: every statement as it ends, with the transaction id that it took."""
    with embedded() as server:
        server.execute(
            "ALTER SYSTEM SET log_min_duration_statement = 0", "ALTER SYSTEM SET log_line_prefix = 'SAYS %a|%x|%p|'",
            "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        yield server


@pytest.fixture(scope="module")
def quiet_bench(own_server: ScratchServer) -> Bench:
    return Bench(own_server)


class Writers:
    """Threads that write to a table of the application's, and count what they did."""

    def __init__(self, dsn: str) -> None:
        self._dsn, self._ended = dsn, threading.Event()
        self._began = threading.Barrier(WRITERS + 1)
        self.done = [0] * WRITERS
        self.errors: list[Exception] = []
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        self._began.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, number: int) -> None:
        with closing(psycopg2.connect(self._dsn, application_name=f"writer {number}")) as connection, \
                connection.cursor() as cursor:
            while not self._ended.is_set():
                try:
                    cursor.execute(WORK.format(n=-((self.done[number] + 1) * WRITERS + number) - 1000))
                    connection.commit()
                except Exception as error:
                    self.errors.append(error)
                    return
                self.done[number] += 1
                if self.done[number] == 5:
                    self._began.wait(60)


def logged(dsn: str) -> list[tuple[str, int, str]]:
    """(application, transaction id or 0, statement) of each statement in the server's log, as it ended."""
    with closing(connect(Secret(dsn), "the database")) as connection:
        folder = execute(connection, "SHOW data_directory")[0][0]
    files = [file for file in Path(folder).rglob("log*") if file.is_file()]
    text = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return [(found[1], int(found[2]), found[3]) for found in re.finditer(
        r"^SAYS ([^|\n]*)\|(\d+)\|\d+\|LOG:  duration: [\d.]+ ms  statement: (.*)", text, re.M)]


def counted(dsn: str) -> dict[str, Any]:
    """Rows written so far, where sequences stand, and locks that are no AccessShare, by whom."""
    with closing(psycopg2.connect(dsn, application_name="counter")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        connection.commit()
        found: dict[str, Any] = {}
        for name, sql in {
            "rows": "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, n_dead_tup FROM pg_stat_user_tables ORDER BY 1",
            "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"}.items():
            cursor.execute(sql)
            found[name] = cursor.fetchall()
        return found


def looked(bench: Bench, dsn: str, route: str, after: Callable[[Any], None]) -> Report:
    """A look, and what `after` finds at the session's own connection after each of its questions."""
    if route == "lambda":
        session = LambdaSession(target_of("lambda").spec, Watched(bench.as_reader(dsn), after))
        return report_on(session, bench.project(REFERENCE)[1], target_of("lambda"))
    executed = direct.execute

    def watched(connection: Any, sql: str) -> Any:
        rows = executed(connection, sql)
        after(connection)
        return rows

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(direct, "execute", watched)
        return look_at(bench, REFERENCE, dsn, "direct")


class Watched(InProcess):
    """The query function, whose statement stays in its transaction until somebody has looked at its locks."""

    def __init__(self, dsn: str, after: Callable[[Any], None]) -> None:
        super().__init__(dsn)
        self._after = after

    def invoke(self, *, Payload: bytes, **more: Any) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        if self._app._connection is None:
            super().invoke(Payload=b'{"sql": "SELECT 1"}')
        self._app._connection.autocommit = False
        answer = super().invoke(Payload=Payload, **more)
        self._after(self._app._connection)
        self._app._connection.rollback()
        return answer


@pytest.mark.parametrize("route", ["direct", "lambda"])
def test_nothing_but_reading(route: str, quiet_bench: Bench) -> None:
    with quiet_bench.database(REFERENCE) as dsn:
        commit_sql(dsn, "INSERT INTO position_history (ticker, side) VALUES ('T', 'long')", "VACUUM ANALYZE")
        look_at(quiet_bench, REFERENCE, dsn, route)
        locks: list[Any] = []
        with closing(psycopg2.connect(dsn, application_name="watcher")) as watcher, watcher.cursor() as cursor:
            watcher.autocommit = True

            def after(connection: Any) -> None:
                cursor.execute("SELECT mode, relation::regclass::text, backend_xid FROM pg_locks JOIN pg_stat_activity "
                               "USING (pid) WHERE pid = %s AND locktype <> 'virtualxid'", (connection.info.backend_pid,))
                locks.extend(cursor.fetchall())

            before, lines = counted(dsn), len(logged(dsn))
            with Writers(dsn) as writers:
                report = looked(quiet_bench, dsn, route, after)
            for number in range(WRITERS):  # a backend hands in what it counted as it ends
                assert backends(dsn, f"writer {number}", lambda found: not found, 30) == []
            after_all = counted(dsn)
        assert writers.errors == []
        assert {verdict.verdict for verdict in verdicts(report).values()} == {"held"}
        assert {mode for mode, _, _ in locks} == {"AccessShareLock"}
        assert {xid for _, _, xid in locks} == {None}
        assert {"schema_migrations", "active_positions"} <= {relation for _, relation, _ in locks}
        written = sum(writers.done)
        assert written >= 5 * WRITERS
        assert after_all["sequences"] == before["sequences"]
        changed = {row[0]: tuple(new - old for new, old in zip(row[1:4], was[1:4], strict=True))
                   for row, was in zip(after_all["rows"], before["rows"], strict=True) if row != was}
        assert changed.keys() == {"active_positions"}
        assert changed["active_positions"][:2] == (written, written)
        ours = [line for line in logged(dsn)[lines:] if line[0] not in ("counter", "watcher")]
        assert {application for application, _, _ in ours} >= {"writer 0", "writer 1"}
        mine = [line for line in ours if not line[0].startswith("writer")]
        assert any("pg_catalog" in statement for _, _, statement in mine)
        assert {xid for _, xid, _ in mine} == {0}
        assert {xid for name, xid, _ in ours if name.startswith("writer")} != {0}


@contextmanager
def blocked(dsn: str) -> Iterator[None]:
    """Somebody holds the ledger, so that whoever reads it waits."""
    with closing(psycopg2.connect(dsn, application_name="holder")) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE public.schema_migrations IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def backends(dsn: str, name: str, wanted: Callable[[list[Any]], bool], patience_s: float) -> list[Any]:
    """The backends of an application once they are as `wanted`, or at the end of the patience."""
    with closing(connect(Secret(dsn), "the database")) as connection:
        execute(connection, "SET application_name = 'asker'")
        start = execute(connection, "SELECT clock_timestamp()")[0][0]
        while True:
            found = execute(connection, "SELECT pid, wait_event_type FROM pg_stat_activity "
                                        f"WHERE application_name = '{name}'")
            now = execute(connection, "SELECT clock_timestamp()")[0][0]
            if wanted(found) or (now - start).total_seconds() > patience_s:
                return list(found)


def test_nothing_is_left_after_it_was_killed(quiet_bench: Bench, tmp_path: Path) -> None:
    """Killed with -9 while a question waits: PostgreSQL's own view has nobody of ours 5 s later."""
    with quiet_bench.database(REFERENCE) as dsn, blocked(dsn):
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", str(ROOT / "checks"), "--rootdir", str(ROOT), "-c",
             str(ROOT / "pyproject.toml"), "--target", dsn], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            waiting = backends(dsn, OURS, lambda found: ("Lock",) in [row[1:] for row in found], 60)
            assert ("Lock",) in [row[1:] for row in waiting]
            run.send_signal(signal.SIGKILL)
            assert backends(dsn, OURS, lambda found: not found, 5) == []
        finally:
            run.kill()
            run.wait()


@pytest.mark.parametrize(("setting", "state"), [
    ("statement_timeout = '500ms'", "57014"), ("statement_timeout = 0", "55P03")])
def test_through_a_function_a_question_ends_by_itself(setting: str, state: str, quiet_bench: Bench) -> None:
    """Within the role's statement_timeout; and where somebody holds a table, within our lock_timeout."""
    with quiet_bench.database(REFERENCE) as dsn:
        commit_sql(dsn, f"ALTER ROLE {quiet_bench.reader} SET {setting}")
        session = LambdaSession(target_of("lambda").spec, InProcess(quiet_bench.as_reader(dsn)))
        with blocked(dsn):
            answer = ask_one(session, "SELECT format('%s', count(*)) AS doc FROM public.schema_migrations")
        session.close()
        commit_sql(dsn, f"ALTER ROLE {quiet_bench.reader} RESET statement_timeout")
    assert isinstance(answer, Refusal)
    assert answer.sqlstate == state
