"""What tests of consumers share: events, and what is left running."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest

from checks.contract.consumers import PythonConsumer
from checks.replays.consumers import start
from checks.replays.consumers.delivery import Lane
from checks.replays.consumers.running import Running
from tests.support import ROOT

CONSUMERS = ROOT / "fixtures" / "consumers"
EVENTS = [json.loads(line) for line in (ROOT / "fixtures/events/trade_updates.jsonl").read_text().splitlines()]
FILL = next(event for event in EVENTS if event["data"]["event"] == "fill")


def children() -> list[str]:
    """Command lines of this process's children that run a consumer."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            line = (status.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if parent == os.getpid() and ("consume" in line or "sleep" in line or "keeper" in line):
            found.append(line)
    return found


def server(dsn: str) -> dict[str, Any]:
    with psycopg2.connect(dsn) as connection:
        info = connection.info
        found = {"host": info.host, "port": info.port, "user": info.user, "password": "", "dbname": info.dbname,
                 "tls": False}
    connection.close()
    return found


def count(dsn: str, table: str) -> int:
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found = cursor.fetchone()[0]
    connection.close()
    return found


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], PythonConsumer]:
    """Writes a consumer's source and names it."""
    def write(source: str) -> PythonConsumer:
        (tmp_path / "consume.py").write_text(source)
        return PythonConsumer("consume.py", "handle")
    return write


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a consumer."""
    with ExitStack() as stack:
        def begin(spec: Any, url: str = "postgresql://nobody@127.0.0.1:1/x", root: Path = tmp_path) -> Running:
            running = start(spec, url, root)
            stack.callback(running.close)
            return running
        yield begin


@pytest.fixture
def lane(migrated: str) -> Iterator[Callable[..., Lane]]:
    """Starts a consumer behind a proxy of its own, on a migrated database."""
    with ExitStack() as stack:
        def begin(spec: Any, root: Path = ROOT, timeout_s: float = 10.0) -> Lane:
            made = Lane(spec, server(migrated), root, timeout_s)
            stack.callback(made.close)
            return made
        yield begin


@pytest.fixture
def nothing_left_running() -> Iterator[None]:
    """No consumer and no proxy outlives the test."""
    yield
    assert [process for process in children() if "resource_tracker" not in process] == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("replay-proxy")] == []
