"""A relay in front of a server: it speaks TLS, asks for a password of its own, is slow, falls silent, or cuts the line."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSL_REQUEST = 80877103
Connect = Callable[[], socket.socket]


@dataclass
class Relay:
    """What it does with each connection; may be changed between connections."""

    connect: Connect
    """Opens a stream to the real server."""
    tls: ssl.SSLContext | None = None
    passwords: list[str] | None = None
    """Asks each client for its password, in clear text, and notes it here; the server behind must trust."""
    delay_s: float = 0.0
    """Between two pieces that the server sends."""
    piece_bytes: int = 65_536
    cut_after: int | None = None
    """Bytes of the server's after which the line is cut."""
    silent_after: int | None = None
    """Bytes of the server's after which nothing comes any more, though the line stands."""
    port: int = 0
    cuts: int = 0
    """How often it was cut."""
    passed: int = 0
    """Bytes of the server's that came through the last connection."""

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._passed, args=(client,), daemon=True).start()

    def _passed(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, struct.error):  # who only looks whether somebody listens says nothing
            client, first = self._greeted(client)
            server = self.connect()
            server.sendall(first)
            threading.Thread(target=self._pass, args=(client, server), daemon=True).start()
            self._pass_slowly(server, client)

    def _greeted(self, client: socket.socket) -> tuple[socket.socket, bytes]:
        """The client's stream, wrapped as it asks for, and its start-up packet."""
        packet = _packet(client)
        if self.tls is not None and struct.unpack("!I", packet[4:8])[0] == SSL_REQUEST:
            client.sendall(b"S")
            client = self.tls.wrap_socket(client, server_side=True)
            packet = _packet(client)
        elif struct.unpack("!I", packet[4:8])[0] == SSL_REQUEST:
            client.sendall(b"N")
            packet = _packet(client)
        if self.passwords is not None:
            client.sendall(b"R" + struct.pack("!II", 8, 3))
            client.recv(1)
            self.passwords.append(_packet(client)[4:-1].decode())
        return client, packet

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(piece)
        _close(source, sink)

    def _pass_slowly(self, source: socket.socket, sink: socket.socket) -> None:
        self.passed, silent = 0, False
        with contextlib.suppress(OSError):
            while piece := source.recv(self.piece_bytes):
                if self.delay_s:
                    time.sleep(self.delay_s)
                silent = silent or (self.silent_after is not None and self.passed + len(piece) > self.silent_after)
                if silent:
                    continue
                if self.cut_after is not None and self.passed + len(piece) > self.cut_after:
                    self.cuts += 1
                    break
                self.passed += len(piece)
                sink.sendall(piece)
        _close(source, sink)


def _packet(stream: socket.socket) -> bytes:
    head = stream.recv(4, socket.MSG_WAITALL) if not isinstance(stream, ssl.SSLSocket) else stream.recv(4)
    length, = struct.unpack("!I", head)
    body = b""
    while len(body) < length - 4:
        piece = stream.recv(length - 4 - len(body))
        if not piece:
            raise ConnectionError("it went away")
        body += piece
    return head + body


def _close(*streams: socket.socket) -> None:
    for stream in streams:
        with contextlib.suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)
        stream.close()


@contextmanager
def relayed(dsn: str) -> Iterator[Relay]:
    """A relay on 127.0.0.1 in front of the server of an embedded database's DSN."""
    from psycopg2.extensions import parse_dsn

    said = parse_dsn(dsn)

    def connect() -> socket.socket:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.connect(f"{said['host']}/.s.PGSQL.{said['port']}")
        return stream

    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = Relay(connect, port=listening.getsockname()[1])
        threading.Thread(target=relay.serve, args=(listening,), daemon=True).start()
        yield relay
        listening.shutdown(socket.SHUT_RDWR)


def certificates(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate that is its own authority, for `names`: its file, and a server's context with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    alternatives = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
                    for name in names]
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False).sign(key, hashes.SHA256()))
    file, private = folder / "server.crt", folder / "server.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
    private.chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return file, context
