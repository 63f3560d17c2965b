"""The bare script that the suite is measured against: connects, sends the two SELECTs, reads both answers.

    python benchmarks/bare.py URL SNAPSHOT.sql PREDICATES.sql

The files hold what `pytest checks/` sends; running it leaves nothing to work out but the answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg2


def main(url: str, *files: str) -> None:
    connection = psycopg2.connect(url)
    connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = pg_catalog")
        for file in files:
            cursor.execute(Path(file).read_text(encoding="utf-8"))
            json.loads(cursor.fetchall()[0][0])
    connection.rollback()
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
