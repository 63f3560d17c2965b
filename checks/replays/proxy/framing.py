"""PostgreSQL frontend/backend protocol 3: message framing, and no more. Pure.

Source of every layout: PostgreSQL manual, chapter "Frontend/Backend Protocol", sections Message Flow and
Message Formats.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
MAX_STARTUP_BYTES = 65536
TLS_HANDSHAKE = 0x16
"""First byte of a TLS ClientHello (RFC 8446, section 5.1): a client that negotiates TLS directly."""
_HEADER = struct.Struct("!I")
_COMMENT = re.compile(rb"\s+|--[^\n]*\n?|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(rb"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Message:
    """One typed message. `raw` is the whole of it, as it travels."""

    kind: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        """What follows type and length."""
        return self.raw[5:]


def take(buffer: bytearray) -> Iterator[Message]:
    """Takes every whole message off the front of `buffer`.

    Raises:
        ValueError: a length no message can have; the stream is not this protocol.
    """
    start, end = 0, len(buffer)
    try:
        while end - start >= 5:
            size = number(buffer, start + 1) + 1
            if size < 5:
                raise ValueError("a message length below 4: this is not the PostgreSQL protocol")
            if end - start < size:
                return
            message = Message(bytes(buffer[start:start + 1]), bytes(buffer[start:start + size]))
            start += size
            yield message
    finally:
        del buffer[:start]


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A typed message."""
    return kind + _HEADER.pack(len(body) + 4) + body


def query(sql: str) -> bytes:
    """A simple Query."""
    return message(b"Q", sql.encode() + b"\0")


def execute(portal: str) -> bytes:
    """Execute, no row limit."""
    return message(b"E", portal.encode() + b"\0" + _HEADER.pack(0))


def error_response(severity: str, sqlstate: str, text: str) -> bytes:
    """An ErrorResponse with the fields every driver reads."""
    fields = (("S", severity), ("V", severity), ("C", sqlstate), ("M", text))
    return message(b"E", b"".join(f"{code}{value}\0".encode() for code, value in fields) + b"\0")


def error_fields(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse by their code: C the SQLSTATE, M the message, s, t, n schema, table, constraint."""
    texts = (part.decode("utf-8", "replace") for part in body.split(b"\0"))
    return {text[0]: text[1:] for text in texts if text}


def ready(status: bytes) -> bytes:
    """ReadyForQuery; `status` is I (idle), T (in a transaction) or E (in a failed one)."""
    return message(b"Z", status)


def cancel_request(pid_and_key: bytes) -> bytes:
    """A CancelRequest for the backend whose BackendKeyData body is `pid_and_key`."""
    return _HEADER.pack(8 + len(pid_and_key)) + _HEADER.pack(CANCEL_REQUEST) + pid_and_key


def startup_parameters(packet: bytes) -> dict[str, str]:
    """The parameters of a StartupMessage (`packet` begins with its length)."""
    parts = packet[8:].split(b"\0")
    texts = [part.decode("utf-8", "replace") for part in parts]
    return {name: value for name, value in zip(texts[::2], texts[1::2], strict=False) if name}


def number(data: bytes | bytearray, at: int = 0) -> int:
    """The four-byte integer that stands in `data` at `at`."""
    (found,) = _HEADER.unpack_from(data, at)
    return int(found)


def string(body: bytes) -> str:
    """The first zero-terminated string of `body`."""
    (found,) = strings(body, 1)
    return found


def strings(body: bytes, count: int) -> tuple[str, ...]:
    """The first `count` zero-terminated strings of `body`."""
    parts = body.split(b"\0", count)
    return tuple(part.decode("utf-8", "replace") for part in parts[:count])


def verb(sql: str) -> str:
    """The first word of `sql` in capitals, comments skipped: BEGIN, INSERT, COMMIT …; empty if none."""
    text = sql[:4000].encode("utf-8", "replace")
    at = 0
    while (skipped := _COMMENT.match(text, at)) is not None:
        at = skipped.end()
    word = _WORD.match(text, at)
    return word.group().decode().upper() if word else ""
