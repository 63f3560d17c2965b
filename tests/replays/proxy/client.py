"""What tests of the proxy share: a gate that does as it is told, and a client that speaks the protocol by hand."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg2.extensions
import pytest

from checks.replays.proxy import framing
from checks.replays.proxy.gate import Action, Cut, Fail, OpenGate, Statement
from checks.replays.proxy.proxy import Proxy, Upstream

SERIALIZATION = Fail("40001", "could not serialize access")


@dataclass
class Script(OpenGate):
    """A gate that does what it is told at statement number `at`, and remembers the statements."""

    at: int = 0
    action: Action = None
    afterwards: Cut | None = None
    seen: list[Statement] = field(default_factory=list)

    def before(self, statement: Statement) -> Action:
        self.seen.append(statement)
        return self.action if len(self.seen) == self.at else None

    def after(self, statement: Statement) -> Cut | None:
        return self.afterwards if len(self.seen) == self.at else None

    @property
    def verbs(self) -> list[str]:
        return [statement.verb for statement in self.seen]


def url(proxy: Proxy) -> str:
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{proxy.database}"


def rows(database) -> list[int]:
    with database.cursor() as cursor:
        cursor.execute("SELECT n FROM t ORDER BY n")
        return [row[0] for row in cursor.fetchall()]


def others(database) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                       "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        return cursor.fetchone()[0]


class Raw:
    """A client that speaks the extended protocol by hand, pipelining included."""

    def __init__(self, proxy: Proxy) -> None:
        self.socket = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        self.unread = bytearray()
        body = struct.pack("!I", 196608) + f"user\0postgres\0database\0{proxy.database}\0\0".encode()
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.key = next(message.body for message in self.until(b"Z") if message.kind == b"K")

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def until(self, last: bytes) -> list[framing.Message]:
        """Messages up to one of kind `last`; what came before the end of the stream, if it ends."""
        found: list[framing.Message] = []
        while True:
            for message in framing.take(self.unread):
                found.append(message)
                if message.kind == last:
                    return found
            data = self.socket.recv(65536)
            if not data:
                return found
            self.unread += data


def parse(sql: str, name: str = "") -> bytes:
    return framing.message(b"P", f"{name}\0{sql}\0".encode() + struct.pack("!H", 0))


def bind(portal: str = "", name: str = "") -> bytes:
    return framing.message(b"B", f"{portal}\0{name}\0".encode() + struct.pack("!HHH", 0, 0, 0))


def run(sql: str) -> bytes:
    return parse(sql) + bind() + framing.execute("")


SYNC, FLUSH = framing.message(b"S"), framing.message(b"H")


def kinds(messages: list[framing.Message]) -> str:
    return b"".join(message.kind for message in messages).decode()


@pytest.fixture
def database(fresh_database: Callable[[], str]) -> Iterator[psycopg2.extensions.connection]:
    """A connection to a database with an empty table t (n), past the proxy."""
    admin = psycopg2.connect(fresh_database())
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n int PRIMARY KEY)")
    yield admin
    admin.close()


@pytest.fixture
def proxy(database: psycopg2.extensions.connection) -> Iterator[Proxy]:
    """A proxy before that database."""
    with Proxy(Upstream(database.info.host, database.info.port), database.info.dbname) as proxy:
        yield proxy
    assert proxy.pids() == []
