"""What tests of consumers share: events, and what is left running."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import psycopg2

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
