"""What somebody does while one of our statements waits for a table that he holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2

HOLD = "LOCK TABLE public.schema_migrations IN ACCESS EXCLUSIVE MODE"


def meanwhile(dsn: str, act: Callable[[Any], None], hold: str = HOLD) -> threading.Thread:
    """Runs `act` with a cursor once one of ours waits for what `hold` locks; ends by letting go."""
    holder = psycopg2.connect(dsn)
    holder.cursor().execute(hold)

    def run() -> None:
        with closing(holder), closing(psycopg2.connect(dsn)) as watching:
            watching.autocommit = True
            cursor = watching.cursor()
            while True:
                cursor.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                               "application_name LIKE 'postdeploy-checks/%' AND datname = current_database()")
                if cursor.rowcount:
                    break
            act(cursor)

    thread = threading.Thread(target=run)
    thread.start()
    return thread
