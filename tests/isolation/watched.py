"""What tests of the walls watch: marked processes, and a server that answers."""

from __future__ import annotations

import os
import random
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.processes import marked


@pytest.fixture
def mark() -> Iterator[str]:
    """A number of seconds to sleep, by which processes are found; none is left."""
    one = f"{random.randint(10_000, 99_999)}.{secrets.randbelow(10**9):09}"
    yield one
    for process in marked(one):
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says what it was told, `bye` to nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_repeat, args=(server,), daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _repeat(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                said = b""
                while more := connection.recv(65536):
                    said += more
                connection.sendall(said or b"bye")
