"""Doors in the walls: what connects to a port behind them is carried to the same port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

CHUNK_BYTES = 65_536


class Doors:
    """Serves listening sockets that were made in another network namespace, until it is closed."""

    def __init__(self, listeners: Iterable[socket.socket]) -> None:
        self._sockets = list(listeners)
        self._lock = threading.Lock()
        self._closed = False
        for listener in list(self._sockets):
            _in_background(self._accept, listener, listener.getsockname())

    def close(self) -> None:
        """Ends every connection; nothing the second time."""
        with self._lock:
            self._closed = True
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket, address: tuple[str, int]) -> None:
        with listener:
            while True:
                try:
                    inner, _ = listener.accept()
                except OSError:
                    return
                _in_background(self._carry, inner, address)

    def _carry(self, inner: socket.socket, address: tuple[str, int]) -> None:
        with inner, contextlib.suppress(OSError), socket.create_connection(address) as outer:
            if not self._keep(inner, outer):
                return
            back = _in_background(_pass_on, outer, inner)
            _pass_on(inner, outer)
            back.join()
            self._forget(inner, outer)

    def _keep(self, *sockets: socket.socket) -> bool:
        for one in sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._sockets += sockets
            return not self._closed

    def _forget(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._sockets = [one for one in self._sockets if one not in sockets]


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Carries everything one way, and the end of it."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _in_background(act: Callable[..., None], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=act, args=arguments, name="walls-door", daemon=True)
    thread.start()
    return thread
