"""A script under audit that tries to get out reaches nothing, as root and without; where there are no walls, it is told."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.audits.escapes import IN_HOME, NETWORK, READING
from tests.support import ROOT, program
from tests.support.processes import left_of, marked
from tests.support.walls import AS_ROOT, AS_USER, needs_walls

MARKER = "AKIA" + secrets.token_hex(8).upper()
"""Stands in everything that must not be reached."""
USERS = {"root": AS_ROOT, "user": AS_USER}
AUDITED = """
import json, os, pathlib, sys
from checks.audits.audit import audit
from checks.audits.trials import AuditRequest
from checks.contract.reader import read_contract
aims = pathlib.Path(sys.argv[2])
aims.write_text(aims.read_text().replace('"OTHER"', str(os.getpid())))
found = audit(read_contract(pathlib.Path(sys.argv[1])), AuditRequest(tuple(sys.argv[3:]), timeout_s=200.0))
print(found.control.ending.told, found.control.ending.output)
"""
OPEN = """
import os, pathlib, re, sys
from checks.audits.script import Runner
aims = pathlib.Path(sys.argv[2])
aims.write_text(aims.read_text().replace('"OTHER"', str(os.getpid())))
with Runner() as runner:
    ending = runner.run(sys.argv[3:], dict(os.environ), 200.0)
print(ending.told, ending.output)
"""


class Listening:
    """Answers whoever comes with the marker, and counts them."""

    def __init__(self, family: int, address: Any, kind: int = socket.SOCK_STREAM) -> None:
        self._socket = socket.socket(family, kind)
        self._socket.bind(address)
        self.address = self._socket.getsockname()
        self._come = 0
        if kind == socket.SOCK_STREAM:
            self._socket.listen(64)
        self._thread = threading.Thread(target=self._serve if kind == socket.SOCK_STREAM else self._take, daemon=True)
        self._thread.start()

    def counted(self) -> int:
        """How many came; it closes."""
        with socket.socket(self._socket.family, self._socket.type) as last:
            last.connect(self.address)
            last.send(b"the last one")
            self._thread.join()
        self._socket.close()
        return self._come

    def _serve(self) -> None:
        last = b""
        while last != b"the last one":
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                connection.settimeout(10)
                last = connection.recv(1000)
                if last != b"the last one":
                    self._come += 1
                    connection.sendall(f"HTTP/1.0 200 OK\r\n\r\n{MARKER}\n".encode())

    def _take(self) -> None:
        while self._socket.recv(1000) != b"the last one":
            self._come += 1


@dataclass(frozen=True)
class Tried:
    """What became of every attempt."""

    said: dict[str, str]
    came: dict[str, int]
    """At each listener."""
    left: dict[int, str]
    """Processes that outlived it."""
    told: str

    def reached(self, name: str) -> bool:
        """Whether that attempt got out."""
        return MARKER in self.said[name] or self.came.get(name, 0) > 0


def own_address() -> str:
    """An address of this machine that is not on its loopback; on one that has none, another one there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return "127.0.0.2"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


ATTEMPTS = [name for name in (*NETWORK, *READING) if name != "IPv6" or has_ipv6()]


def home_in(folder: Path) -> Path:
    """A home with everything in it that must not be read."""
    home = folder / "home"
    for path in IN_HOME:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(f"{MARKER}\n")
    keys = f"aws_access_key_id = {MARKER}\naws_secret_access_key = {MARKER}\n"
    (home / ".aws/credentials").write_text(f"[default]\n{keys}[prod]\n{keys}")
    (home / ".aws/config").write_text(f"[profile prod]\nregion = us-east-1\nsts_regional_endpoints = regional\n# {MARKER}\n")
    (home / ".docker/run").mkdir()
    return home


def tried(harness: str, user: str, folder: Path) -> Tried:
    """Lets the escaping script run as `user` in `harness`."""
    mark = f"{random.randint(1_000, 9_999)}.{secrets.randbelow(10**9):09}"
    home = home_in(folder)
    with ExitStack() as stack:
        listeners: dict[str, Listening] = {}
        aims: dict[str, Any] = {}
        for name in ATTEMPTS:
            words = {"mark": mark, "marker": MARKER, "other": "OTHER", "own": own_address()}
            if name == "IPv6":
                listeners[name] = Listening(socket.AF_INET6, ("::1", 0))
            elif name == "UDP":
                listeners[name] = Listening(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)
            elif name == "the Docker socket":
                listeners[name] = Listening(socket.AF_UNIX, str(home / ".docker/run/docker.sock"))
            elif name == "an abstract socket":
                words["name"] = f"postdeploy-{mark}"
                listeners[name] = Listening(socket.AF_UNIX, f"\0postdeploy-{mark}")
            elif "a socket in" in name:
                place = tempfile.mkdtemp(prefix="postdeploy-other-", dir=name.rpartition(" ")[2])
                stack.callback(shutil.rmtree, place)
                words |= {"folder": place, "port": "5432"}
                listeners[name] = Listening(socket.AF_UNIX, f"{place}/.s.PGSQL.5432")
            elif name in NETWORK:
                listeners[name] = Listening(socket.AF_INET, ("0.0.0.0", 0))
            if name in listeners and not isinstance(listeners[name].address, (str, bytes)):
                words["port"] = str(listeners[name].address[1])
            aims[name] = words
        (folder / "aims.json").write_text(json.dumps(aims))
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG"))}
        variables |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": f"{os.environ['PATH']}:{program('psql').parent}",
                      "REAL_DB": f"host=db.prod password={MARKER}", "OTHER_DB": f"jdbc:postgresql://db/x?password={MARKER}",
                      "AWS_SECRET_ACCESS_KEY": MARKER, "PGPASSWORD": MARKER}
        aims_file, said_file = str(folder / "aims.json"), folder / "said.json"
        command = [*USERS[user], sys.executable, "-W", "ignore", "-c", harness, str(ROOT / "contract.toml"), aims_file,
                   sys.executable, str(ROOT / "tests/audits/escapes.py"), aims_file, str(said_file)]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)
        left = left_of(mark)
        for process in marked(mark):
            os.kill(process, 9)
        said = json.loads(said_file.read_text()) if said_file.exists() else {}
        return Tried(said, {name: one.counted() for name, one in listeners.items()}, left, done.stdout + done.stderr)


@pytest.fixture(scope="module", params=USERS)
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """What the script reached in the control of an audit, as that user."""
    return tried(AUDITED, request.param, tmp_path_factory.mktemp("audited"))


@pytest.fixture(scope="module")
def in_the_open(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """What it reaches without walls, in your whole environment."""
    return tried(OPEN, "root" if os.geteuid() == 0 else "user", tmp_path_factory.mktemp("open"))


@needs_walls
@pytest.mark.parametrize("name", ATTEMPTS)
def test_no_attempt_gets_out(name: str, audited: Tried) -> None:
    assert name in audited.said, audited.told
    assert not audited.reached(name), audited.said[name]


@needs_walls
def test_nothing_outlives_the_audit(audited: Tried) -> None:
    assert audited.said, audited.told
    assert audited.left == {}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_every_attempt_gets_out_where_there_are_no_walls(name: str, in_the_open: Tried) -> None:
    """Otherwise it would show nothing that it does not get out of them."""
    assert in_the_open.reached(name), in_the_open.said.get(name, in_the_open.told)


def test_there_are_so_many_attempts() -> None:
    assert len(NETWORK) == 17
    assert len(READING) == 18
