"""PgBouncer in front of an embedded server, in transaction mode, over TLS, with scram."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from checks.target.servers import ScratchServer
from checks.target.ways.tunnel import free_port
from tests.support.relay import certificates
from tests.support.standby import USER

PASSWORD = "the-poolers-secret"


@contextmanager
def pooled(server: ScratchServer, folder: Path) -> Iterator[tuple[str, Path]]:
    """A pooler of one server connection: `host=… port=…` with user and password, and its authority's certificate."""
    program = os.environ.get("POSTDEPLOY_PGBOUNCER") or shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer: install it (Debian: apt-get install pgbouncer), or set POSTDEPLOY_PGBOUNCER to its path")
    said, port = parse_dsn(server.uri), free_port()
    roots, _ = certificates(folder, "127.0.0.1")
    (folder / "users").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host={said["host"]} port={said["port"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 1
auth_type = scram-sha-256
auth_file = {folder}/users
client_tls_sslmode = require
client_tls_cert_file = {folder}/server.crt
client_tls_key_file = {folder}/server.key
""")
    user = USER if os.geteuid() == 0 else None
    if user is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        for parent in folder.parents:
            if parent.owner() == "root" and parent != Path("/") and parent.is_relative_to("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    running = subprocess.Popen([program, folder / "pgbouncer.ini"], user=user, stdout=subprocess.DEVNULL,
                               stderr=(folder / "log").open("wb"))
    dsn = f"host=127.0.0.1 port={port} user=postgres password={PASSWORD}"
    try:
        while running.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                continue
        yield dsn, roots
    finally:
        running.terminate()
        running.wait(timeout=30)

