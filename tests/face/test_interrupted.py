"""Ctrl-C while a target is looked at: what is known so far is told and written, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2

from tests.support import ROOT

OURS = ("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'postdeploy-checks/%' AND "
        "datname = current_database()")
WAITS = f"{OURS} AND wait_event_type = 'Lock'"


def test_ctrl_c_tells_what_is_known_so_far(migrated: str, tmp_path: Path) -> None:
    """The first target is looked at, the second one is waiting for a lock, the third one is yet to come."""
    with closing(psycopg2.connect(migrated)) as holder, closing(psycopg2.connect(migrated)) as asking:
        asking.autocommit = True
        holder.cursor().execute("LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE")
        run = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "pytest", str(ROOT / "checks"), "--rootdir", str(ROOT), "-c",
             str(ROOT / "pyproject.toml"), "--target", "postgresql://nobody@127.0.0.1:1/x", "--target", migrated, "--target",
             "postgresql://me:hunter2@127.0.0.1:2/x", "--looks", "1", "--evidence", str(tmp_path / "evidence.json")],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with asking.cursor() as cursor:
            while run.poll() is None:
                cursor.execute(WAITS)
                if cursor.rowcount:
                    break
            run.send_signal(signal.SIGINT)
            out, _ = run.communicate(timeout=25)
            cursor.execute(OURS)
            assert cursor.fetchall() == []
    assert run.returncode == 2, out
    assert "known so far" in out
    assert out.count("It was interrupted (Ctrl-C) before it was looked at.") == 1
    assert "Interrupted. Not looked at: 1 of 3 targets. Nothing is left behind; run the same command again." in out
    assert "Traceback" not in out
    assert "hunter2" not in out
    written = json.loads((tmp_path / "evidence.json").read_text())["targets"]
    assert sorted(each["verdict"] for each in written) == ["unverified", "unverified"]
    assert any(each.get("failure", "").startswith("Cannot reach target") for each in written)


def test_ctrl_c_ends_a_connection_that_nobody_answers() -> None:
    """Somebody listens, and says nothing: libpq would wait for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dsn = f"postgresql://me:hunter2@127.0.0.1:{listening.getsockname()[1]}/x?connect_timeout=60"
        run = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "checks", "apply", "--target", dsn], cwd=ROOT,
                               env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        with listening.accept()[0] as line:
            assert line.recv(8)
            run.send_signal(signal.SIGINT)
            out, _ = run.communicate(timeout=25)
    assert run.returncode == 2, out
    assert out == "Interrupted. Run the same command again: it starts from what the database shows.\n"
