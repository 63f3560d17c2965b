"""`apply` that is ended while a migration waits: the server has nobody of ours 5 s later, and nothing of that migration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.support import MIGRATIONS, ROOT
from tests.support.meanwhile import meanwhile
from tests.support.sabotage_harness import commit_sql

OURS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'postdeploy-checks/%' AND datname = current_database()"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_nothing_is_left_of_an_apply_that_is_ended(number: signal.Signals, fresh_database: Callable[[], str]) -> None:
    """The server notices by itself no client that is gone, here as in production."""
    dsn = fresh_database()
    name = dsn.partition("@/")[2].partition("?")[0]
    commit_sql(dsn, MIGRATIONS[0].read_text(), f'ALTER DATABASE "{name}" SET client_connection_check_interval = 0')
    left: list[int] = []

    def act(cursor: Any) -> None:
        run.send_signal(number)
        run.wait(30)
        until = time.monotonic() + 5
        cursor.execute(OURS)
        while cursor.rowcount and time.monotonic() < until:
            cursor.execute(OURS)
        left.append(cursor.rowcount)

    run = subprocess.Popen([sys.executable, "-m", "checks", "apply", "--target", dsn], cwd=ROOT, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    meanwhile(dsn, act, "LOCK TABLE public.active_positions IN ACCESS SHARE MODE").join()
    assert run.stderr is not None
    assert "Traceback" not in run.stderr.read()
    assert run.returncode == (-number if number == signal.SIGKILL else 2)
    assert left == [0]
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM schema_migrations")
        assert cursor.fetchone() == (1,)
