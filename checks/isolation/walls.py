"""Walls round one process and all it starts: Linux namespaces in which only what is named here can be reached.

    network     a loopback of its own, on which the named ports of ours answer, and nothing else
    processes   everything it started ends with it, sessions of their own included, and with us, however we end
    files       as they are, without what could lead elsewhere: see hidden.py
    users       the same user, who can take none of it down

It works with root and without, where the system allows user namespaces; `missing` says why not.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from checks.isolation.doors import Doors
from checks.isolation.hidden import hidden
from checks.resources import KEEPER
from checks.values import Unverified

LOOPBACK = ("127.0.0.1", "localhost")
POSTGRESQL_PORT = 5432
ENDING_S = 10.0
"""How long the kernel may take to end everything behind the walls."""


class NoWalls(Unverified):
    """The system does not let these walls be built."""


@dataclass(frozen=True)
class Walls:
    """What can be reached from behind them."""

    ports: tuple[int, ...] = ()
    """Of 127.0.0.1."""
    sockets: tuple[str, ...] = ()
    """Paths of Unix sockets."""

    @classmethod
    def open_to(cls, *urls: str) -> Walls:
        """Walls with a door for each URL: HTTP or PostgreSQL, on this machine.

        Raises:
            NoWalls: a URL leads to another machine.
        """
        ports, sockets = [], []
        for url in urls:
            parts = urlsplit(url)
            query = parse_qs(parts.query)
            host = query.get("host", [unquote(parts.hostname or "")])[0]
            port = int(query.get("port", [parts.port or POSTGRESQL_PORT])[0])
            if host.startswith("/"):
                sockets.append(f"{host}/.s.PGSQL.{port}")
            elif host in LOOPBACK:
                ports.append(port)
            else:
                raise NoWalls(f"What runs behind walls reaches this machine only, not {host or 'a default host'}.")
        return cls(tuple(ports), tuple(sockets))

    def start(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None,
              pass_fds: Sequence[int] = (), **streams: Any) -> Walled:
        """Starts `command`, in a session of its own.

        Args:
            command: program and arguments.
            env: its whole environment.
            cwd: where; None is here.
            pass_fds: descriptors it inherits.
            streams: stdin, stdout and stderr, as subprocess has them.

        Raises:
            OSError: the command cannot be executed.
            NoWalls: the system refuses them.
        """
        return Walled(self, command, env, cwd, pass_fds, streams)


class Walled(subprocess.Popen[bytes]):
    """A process behind walls; it has ended when nothing that it started is left. `end` it in any case."""

    def __init__(self, walls: Walls, command: Sequence[str], env: Mapping[str, str], cwd: Path | None,
                 pass_fds: Sequence[int], streams: Mapping[str, Any]) -> None:
        self._doors: Doors | None = None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        plan = _plan(walls, command, env)
        try:
            super().__init__([sys.executable, "-I", "-S", str(KEEPER), str(theirs.fileno()), str(plan)], cwd=cwd,
                             pass_fds=(*pass_fds, theirs.fileno(), plan), start_new_session=True, **streams)
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
            os.close(plan)
        try:
            self._begin(command[0])
        except BaseException:
            self.end()
            for pipe in (self.stdin, self.stdout, self.stderr):
                if pipe is not None:
                    pipe.close()
            raise

    def end(self) -> None:
        """Ends it with all it started, if it still runs, and returns when it is gone."""
        if self._doors is not None:
            self._doors.close()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            kill_group(self.pid)
            self.wait()
        self._control.close()

    def _begin(self, program: str) -> None:
        self._expect("unshared", program)
        try:
            _map_ids(self.pid)
        except OSError as error:
            raise NoWalls(_refused("map the user ids", error)) from None
        self._control.send(b"mapped")
        self._doors = Doors(self._expect("listening", program))
        self._expect("running", program)

    def _expect(self, word: str, program: str) -> list[socket.socket]:
        """The sockets that come with `word`."""
        told, numbers, _, _ = socket.recv_fds(self._control, 1000, 64)
        if told.decode() == word:
            return [socket.socket(fileno=number) for number in numbers]
        _, step, number = told.decode().split() or ("failed", "begin", str(errno.EIO))
        error = OSError(int(number), os.strerror(int(number)), program)
        if step == "exec":
            raise error
        raise NoWalls(_refused(step, error))


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, walled or in a session of its own, with all it started there, and waits for it."""
    if isinstance(process, Walled):
        return process.end()
    kill_group(process.pid)
    process.wait()
    return None


def kill_group(group: int) -> None:
    """Ends a process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


@cache
def missing() -> str:
    """Why this system gives nobody walls, or nothing; found out by building some."""
    if sys.platform != "linux":
        return "only Linux has namespaces"
    try:
        process = Walls().start([sys.executable, "-I", "-S", "-c", ""], env={}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (NoWalls, OSError) as error:
        return str(error)
    process.wait()
    process.end()
    return ""


def _refused(step: str, error: OSError) -> str:
    return f"the system refuses to {step} ({error.strerror})"


def _plan(walls: Walls, command: Sequence[str], env: Mapping[str, str]) -> int:
    """A file in memory with what the keeper is to do."""
    variables = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
    plan = os.memfd_create("plan")
    with open(plan, "wb", closefd=False) as file:
        file.write(marshal.dumps((list(command), variables, list(walls.ports), hidden(walls.sockets))))
    os.lseek(plan, 0, os.SEEK_SET)
    return plan


def _map_ids(process: int) -> None:
    """Maps every id that we may map to itself: all we have as root, our own otherwise."""
    own = Path(f"/proc/{process}")
    try:
        for kind in ("uid", "gid"):
            every = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").split()
            same = (f"{first} {first} {count}\n" for first, count in zip(every[::3], every[2::3], strict=True))
            (own / f"{kind}_map").write_text("".join(same), encoding="ascii")
    except PermissionError:
        (own / "setgroups").write_text("deny", encoding="ascii")
        (own / "uid_map").write_text(f"{os.geteuid()} {os.geteuid()} 1", encoding="ascii")
        (own / "gid_map").write_text(f"{os.getegid()} {os.getegid()} 1", encoding="ascii")
