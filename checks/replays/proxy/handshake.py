"""The start of a client's connection: what libpq asks before it speaks SQL, and what the proxy answers.

SSL and GSS requests are answered N, after which libpq goes on in plain text, or away if told sslmode=require.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Protocol

from checks.replays.proxy import framing
from checks.replays.proxy.gate import Gate, SentError


class Lender(Protocol):
    """What a connection needs of the proxy it belongs to."""

    gate: Gate
    database: str | None
    connections: int
    insists_on_tls: bool
    strayed: set[str]
    refusals: list[SentError]

    def connect(self) -> socket.socket:
        """A new stream to the real server."""

    def gone(self, wire: Any) -> None:
        """The connection has ended on both sides."""


@dataclass(frozen=True)
class Ended:
    """The connection is over before it began."""

    farewell: bytes = b""
    """What the client is sent last."""


def handshake(lender: Lender, client: socket.socket) -> socket.socket | Ended:
    """Answers until a StartupMessage comes, sends it on, and returns the stream to the real server.

    It is over when the client went away, asked for another database, or only wanted to cancel.

    Raises:
        OSError: the connection broke.
    """
    refused = False
    while True:
        packet = _startup_packet(lender, client, refused)
        if packet is None:
            return Ended()
        code = framing.number(packet, 4)
        if code in (framing.SSL_REQUEST, framing.GSS_REQUEST):
            refused = refused or code == framing.SSL_REQUEST
            client.sendall(b"N")
        elif code == framing.CANCEL_REQUEST:
            with lender.connect() as server:
                server.sendall(packet)
                server.recv(1)
            return Ended()
        else:
            return _open(lender, packet)


def _startup_packet(lender: Lender, client: socket.socket, refused: bool) -> bytes | None:
    """The next packet; None when there is none, or none of this protocol."""
    head = _exactly(client, 4)
    if head is None:
        lender.insists_on_tls = lender.insists_on_tls or refused
        return None
    size = framing.number(head)
    if not 8 <= size <= framing.MAX_STARTUP_BYTES:
        lender.insists_on_tls = lender.insists_on_tls or head[0] == framing.TLS_HANDSHAKE
        return None
    rest = _exactly(client, size - 4)
    return None if rest is None else head + rest


def _open(lender: Lender, packet: bytes) -> socket.socket | Ended:
    wanted = framing.startup_parameters(packet)
    database = wanted.get("database") or wanted.get("user", "")
    if lender.database is not None and database != lender.database:
        lender.strayed.add(database)
        text = f'this replay lends only database "{lender.database}"'
        return Ended(framing.error_response("FATAL", "3D000", text))
    try:
        server = lender.connect()
    except OSError as error:
        text = f"the server behind this proxy does not answer: {error}"
        return Ended(framing.error_response("FATAL", "08006", text))
    server.sendall(packet)
    lender.connections += 1
    return server


def _exactly(stream: socket.socket, count: int) -> bytes | None:
    """So many bytes; None when the stream ends before them."""
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            return None
        data += more
    return data
