"""A port forward that a command of the contract's opens (ssh, aws ssm, kubectl …) and that ends with the run."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from checks.contract.contract import TargetSpec
from checks.contract.way.spec import LOCAL_PORT
from checks.lambdas.local.reaper import Reaper
from checks.values import Unreachable, UsageError

PATIENCE_S = 30.0
"""How long a tunnel may take until it listens."""
GRACE_S = 2.0
"""How long it may take to end by itself."""
MARK = "POSTDEPLOY_TUNNEL"
"""The variable by which everything that the command starts is known, wherever it goes."""


def wants_port(spec: TargetSpec) -> bool:
    """Whether the command leaves it to us on which port it listens."""
    return any(LOCAL_PORT in word for word in spec.way.tunnel)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def tunnelled(spec: TargetSpec, words: Mapping[str, str], host: str, port: int) -> Iterator[None]:
    """Runs the target's `tunnel`, and waits until something listens; ends it however this process ends.

    Args:
        spec: the target.
        words: what stands for `{host}`, `{port}` and `{local_port}` in the command.
        host, port: where it is going to listen.

    Raises:
        UsageError: the command is not there.
        Unreachable: it ended, or nothing listens in time, or somebody listens there already.
    """
    command = [_filled(word, words) for word in spec.way.tunnel]
    where = f"target.{spec.name}.tunnel (`{' '.join(command)}`)"
    if _listens(host, port):
        raise Unreachable(f"{where} cannot be opened: something listens on {host}:{port} already. End it, or write "
                          f"{LOCAL_PORT} in the command, for a free port.")
    reaper = Reaper("postdeploy-tunnel-")
    try:
        said = reaper.folder / "said"
        with said.open("wb") as output:
            try:
                running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           start_new_session=True, env={**os.environ, MARK: str(reaper.folder)})
            except OSError as error:
                raise UsageError(f"{where} cannot be run: {error.strerror}: {command[0]}. Install it, or name it by its "
                                 "path.") from None
        reaper.watch(running.pid)
        try:
            _await(running, where, host, port, said)
            yield
        finally:
            _end(running)
    finally:
        reaper.close()


def _filled(word: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _await(running: subprocess.Popen[bytes], where: str, host: str, port: int, said: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _listens(host, port):
        ended = running.poll()
        if ended is not None:
            raise Unreachable(f"{where} ended with {ended} before anything listened on {host}:{port}{_last(said)}. Run the "
                              "command by itself to see why.")
        if time.monotonic() > deadline:
            raise Unreachable(f"{where} opened nothing on {host}:{port} within {PATIENCE_S:.0f} s{_last(said)}. Run the "
                              "command by itself to see why.")
        time.sleep(0.02)


def _last(said: Path) -> str:
    """The last thing that the command said."""
    lines = [line.strip() for line in said.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return f": {lines[-1][:200].rstrip('.')}" if lines else ""


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=2):
        return True
    return False


def _end(running: subprocess.Popen[bytes]) -> None:
    """Asks the command and what it started to end; what does not is killed by the reaper."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(GRACE_S)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
