"""A relay in front of a server that counts what it is asked to run and, if told to, makes every round trip longer."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import NamedTuple

STATEMENTS = (b"Q"[0], b"E"[0])
"""Messages that make a server run something: a simple query, and Execute of the extended protocol."""


class Counter:
    """Reads the client's half of PostgreSQL's protocol, in pieces of any size."""

    def __init__(self) -> None:
        self.statements = 0
        self._buffer = bytearray()
        self._skip = 0
        self._started = False

    def feed(self, piece: bytes) -> int:
        """Reads on; returns how many statements began in `piece`."""
        before, skipped = self.statements, min(self._skip, len(piece))
        self._skip -= skipped
        self._buffer += piece[skipped:]
        while not self._skip:
            head = 1 if self._started else 0
            if len(self._buffer) < head + 8 * (not self._started) + 4 * self._started:
                break
            length = int.from_bytes(self._buffer[head:head + 4], "big")
            if self._started:
                self.statements += self._buffer[0] in STATEMENTS
            else:  # the packet that asks for TLS or GSSAPI comes before the one that starts
                self._started = int.from_bytes(self._buffer[4:8], "big") >> 16 == 3
            present = min(head + length, len(self._buffer))
            self._skip = head + length - present
            del self._buffer[:present]
        return self.statements - before


class Relay(NamedTuple):
    """One that runs."""

    port: int
    """On 127.0.0.1."""
    statements: Synchronized[int]
    """How many it has passed on so far."""


@contextmanager
def relayed(socket: str, delay_s: float) -> Iterator[Relay]:
    """A relay, in its own process, in front of the server at the Unix `socket`; `delay_s` each way, throughput unharmed."""
    statements = multiprocessing.Value("q", 0)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_main, args=(socket, delay_s, statements, theirs), daemon=True)
    process.start()
    try:
        yield Relay(ours.recv(), statements)
    finally:
        process.terminate()
        process.join()


def _main(socket: str, delay_s: float, statements: Synchronized[int], told: Connection) -> None:
    async def serve() -> None:
        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            behind, ahead = await asyncio.open_unix_connection(socket)
            await asyncio.gather(_pass(reader, ahead, delay_s, Counter(), statements), _pass(behind, writer, delay_s))

        server = await asyncio.start_server(met, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay_s: float, counter: Counter | None = None,
                statements: Synchronized[int] | None = None) -> None:
    """Passes pieces on, each `delay_s` after it came; what is under way does not hold up what follows."""
    clock = asyncio.get_running_loop().time
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        try:
            while True:
                due, piece = await under_way.get()
                if delay_s:
                    await asyncio.sleep(due - clock())
                if not piece:
                    break
                sink.write(piece)
                await sink.drain()
        except OSError:  # the other end is gone
            pass
        finally:
            sink.close()

    arriving = asyncio.create_task(arrive())
    piece = b"first"
    while piece:
        try:
            piece = await source.read(1 << 16)
        except OSError:
            piece = b""
        if counter is not None and statements is not None and (began := counter.feed(piece)):
            with statements.get_lock():
                statements.value += began
        under_way.put_nowait((clock() + delay_s, piece))
    await arriving
