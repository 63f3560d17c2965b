"""Lends one database of a real server on a local port, statement by statement (handshake.py, connection.py)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass

from checks.replays.proxy import framing
from checks.replays.proxy.connection import BURIAL_S, Wire
from checks.replays.proxy.gate import Gate, OpenGate, SentError


@dataclass(frozen=True)
class Upstream:
    """Where the real server listens: `host` is a name, an address or the directory of a Unix socket."""

    host: str
    port: int
    tls: bool = False

    def connect(self) -> socket.socket:
        """A connected stream, not yet started up.

        Raises:
            OSError: nobody listens there.
        """
        if self.host.startswith("/"):
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            plain.connect(f"{self.host}/.s.PGSQL.{self.port}")
            return plain
        plain = socket.create_connection((self.host, self.port), timeout=BURIAL_S)
        plain.settimeout(None)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._wrapped(plain) if self.tls else plain

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        plain.sendall(struct.pack("!II", 8, framing.SSL_REQUEST))
        if plain.recv(1) != b"S":
            plain.close()
            raise OSError("the server speaks no TLS")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain)


class Proxy:
    """Listens on 127.0.0.1 and lends one database of one server. Use as a context manager."""

    def __init__(self, upstream: Upstream, database: str | None = None, gate: Gate | None = None) -> None:
        self.upstream, self.database = upstream, database
        self.gate: Gate = gate or OpenGate()
        """May be changed between statements."""
        self.connections = 0
        """Connections that were started up so far."""
        self.insists_on_tls = False
        """Somebody asked for TLS, was refused, and went away."""
        self.strayed: set[str] = set()
        """Other databases that somebody asked for."""
        self.refusals: list[SentError] = []
        """Errors that clients were sent so far; may be emptied between deliveries."""
        self._wires: set[Wire] = set()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        _, self.port = self._listener.getsockname()
        self._thread = threading.Thread(target=self._accept, name="replay-proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every connection and stops listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.sever()
        self.settle(dying_only=False)
        self._thread.join(BURIAL_S)

    def sever(self, *, open_transactions_only: bool = False) -> None:
        """Ends connections, as an unplugged cable would."""
        with self._changed:
            wires = [wire for wire in self._wires if not open_transactions_only or wire.status != b"I"]
        for wire in wires:
            wire.sever()
        self.settle()

    def settle(self, *, dying_only: bool = True) -> bool:
        """Waits until ended connections are gone on the server's side too; False after `BURIAL_S` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(wire.dying or not dying_only for wire in self._wires), BURIAL_S)

    def connect(self) -> socket.socket:
        """A new stream to the real server."""
        return self.upstream.connect()

    def pids(self) -> list[int]:
        """The backends that serve this proxy's clients now."""
        with self._changed:
            return [wire.pid for wire in self._wires if wire.pid]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(self, client)
            with self._changed:
                self._wires.add(wire)
            threading.Thread(target=wire.run, name="replay-wire", daemon=True).start()

    def gone(self, wire: Wire) -> None:
        """A connection has ended on both sides."""
        with self._changed:
            self._wires.discard(wire)
            self._changed.notify_all()
