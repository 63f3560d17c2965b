"""One client's connection to PostgreSQL, stopped at statements: before each one, and before each one's reply.

It knows message framing (framing.py) and no driver. A *statement* is a simple Query, a FunctionCall or an
Execute; its reply is complete at ReadyForQuery, or, when a pipeline goes on behind an Execute, at its
CommandComplete (the Flush that makes the server answer is sent here). Authentication, COPY data and whatever
else there is pass unchanged.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
from collections import deque
from dataclasses import dataclass

from checks.replays.proxy import framing
from checks.replays.proxy.framing import Message
from checks.replays.proxy.gate import Cut, Fail, SentError, Statement
from checks.replays.proxy.handshake import Ended, Lender, handshake

HELD_BYTES = 256 * 1024
"""A longer reply is passed on as it comes; only its end is held back."""
BURIAL_S = 10.0
ENDS_TRANSACTION = frozenset({"COMMIT", "END"})


@dataclass(slots=True)
class _Flight:
    """The statement whose reply is awaited."""

    statement: Statement
    to_ready: bool
    """The reply ends at ReadyForQuery."""
    undecided: bool
    """What follows the Execute says where its reply ends."""
    complete: bool = False
    """CommandComplete, or what stands for it, was seen."""


class Wire:
    """One client connection, served by one thread."""

    def __init__(self, lender: Lender, client: socket.socket) -> None:
        self._lender, self._client = lender, client
        self._server: socket.socket | None = None
        self._asked, self._told, self._held = bytearray(), bytearray(), bytearray()
        self._queue: deque[Message] = deque()
        self._flight: _Flight | None = None
        self._prepared: dict[str, str] = {}
        self._portals: dict[str, str] = {}
        self._sql = ""
        self._key = b""
        self._copying = self._failed = self._discarding = self._ended = False
        self._farewell = b""
        self.status = b"I"
        """Transaction status by the last ReadyForQuery: I, T or E."""
        self.pid = 0
        self.dying = False

    def run(self) -> None:
        """Serves the connection until it ends."""
        try:
            self._serve()
        except (OSError, ValueError, IndexError, struct.error):
            pass
        finally:
            self.dying = True
            self._bury()
            with contextlib.suppress(OSError):
                self._client.sendall(self._farewell)
            self._client.close()
            self._lender.gone(self)

    def sever(self) -> None:
        """Ends the connection from another thread."""
        self.dying = True
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                if end is not None:
                    end.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        server = handshake(self._lender, self._client)
        if isinstance(server, Ended):
            self._farewell = server.farewell
            return
        self._server = server
        with selectors.DefaultSelector() as selector:
            selector.register(self._client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while not self._ended:
                for key, _ in selector.select():
                    self._receive(server, from_server=key.fileobj is server)
                while self._queue and not self._ended and self._may_go(self._queue[0]):
                    self._from_client(self._queue.popleft(), server)

    def _end(self, farewell: bytes = b"") -> None:
        """From now on nothing passes; the client is sent `farewell` last."""
        self._ended, self._farewell = True, farewell

    def _receive(self, server: socket.socket, *, from_server: bool) -> None:
        if self._ended:
            return
        data = _received(server if from_server else self._client)
        if not data:
            self._end(bytes(self._held) if from_server else b"")
        elif from_server:
            self._from_server(data)
        else:
            self._asked += data
            self._queue.extend(framing.take(self._asked))

    def _may_go(self, head: Message) -> bool:
        flight = self._flight
        return flight is None or flight.undecided or (self._copying and head.kind in b"dcfHS")

    def _from_client(self, sent: Message, server: socket.socket) -> None:
        if self._flight is not None and self._flight.undecided:
            return self._decide(self._flight, sent, server)
        if self._discarding and sent.kind != b"X":
            if sent.kind == b"S":
                self._discarding = False
                self._client.sendall(framing.ready(self.status))
            return None
        if sent.kind in b"QF" or (sent.kind == b"E" and not self._failed):
            return self._begin(sent, server)
        self._remember(sent)
        server.sendall(sent.raw)
        return None

    def _decide(self, flight: _Flight, sent: Message, server: socket.socket) -> None:
        goes_on = sent.kind in b"PBEQF"
        flight.undecided = not goes_on and sent.kind not in b"SH"
        flight.to_ready = sent.kind == b"S"
        if goes_on:
            self._queue.appendleft(sent)
        server.sendall(framing.message(b"H") if goes_on else sent.raw)
        self._land(flight)
        if self._flight is None and not self._ended:
            self._release()

    def _remember(self, sent: Message) -> None:
        if sent.kind == b"P":
            name, self._sql = framing.strings(sent.body, 2)
            self._prepared[name] = self._sql
        elif sent.kind == b"B":
            portal, name = framing.strings(sent.body, 2)
            self._portals[portal] = self._sql = self._prepared.get(name, "")

    def _begin(self, sent: Message, server: socket.socket) -> None:
        named = "" if sent.kind == b"F" else framing.string(sent.body)
        sql = self._portals.get(named, named) if sent.kind == b"E" else named
        self._sql, statement = sql, Statement(sql, framing.verb(sql), self.pid)
        action = self._lender.gate.before(statement)
        if isinstance(action, Cut):
            return self._end()
        if isinstance(action, Fail):
            return self._inject(action, sent, statement, server)
        extended = sent.kind == b"E"
        self._flight = _Flight(statement, to_ready=not extended, undecided=extended)
        server.sendall(sent.raw)
        return None

    def _from_server(self, data: bytes) -> None:
        self._told += data
        for told in framing.take(self._told):
            self._held += told.raw
            if told.kind == b"K":
                self._key, self.pid = told.body, framing.number(told.body)
            elif told.kind == b"Z":
                self.status, self._failed = told.body, False
            elif told.kind == b"E":
                self._failed = True
                self._lender.refusals.append(_refusal(told, self._sql))
            self._copying = told.kind in b"GW" or (self._copying and told.kind not in b"CEZ")
            if self._flight is not None:
                self._flight.complete = self._flight.complete or told.kind in b"CEIs"
                self._land(self._flight, at_ready=told.kind == b"Z")
            if self._ended:
                return
        if self._flight is None or self._copying or len(self._held) > HELD_BYTES:
            self._release()

    def _land(self, flight: _Flight, at_ready: bool = False) -> None:
        """Ends the flight if its reply is whole: the gate decides whether the client may see it."""
        if at_ready or (flight.complete and not flight.to_ready and not flight.undecided):
            self._flight = None
            if self._lender.gate.after(flight.statement) is not None:
                self._held.clear()
                self._end()

    def _release(self) -> None:
        self._client.sendall(self._held)
        self._held.clear()

    def _inject(self, fail: Fail, sent: Message, statement: Statement, server: socket.socket) -> None:
        """Answers with `fail`, and brings the real transaction to the state that error would have left."""
        refusal = SentError(fail.sqlstate, fail.text, statement.sql, injected=True)
        if fail.fatal:
            self._lender.refusals.append(refusal)
            return self._end(framing.error_response("FATAL", fail.sqlstate, fail.text))
        ends, extended = statement.verb in ENDS_TRANSACTION, sent.kind == b"E"
        if extended:
            failing = framing.execute("postdeploy_no_such_portal") + framing.message(b"S")
            self._client.sendall(self._answer(failing, server))
            self._discarding = True
        if ends or not extended:
            self._answer(framing.query("ROLLBACK" if ends else "postdeploy_injected_error"), server)
        if self._ended:
            return None
        error = framing.error_response("ERROR", fail.sqlstate, fail.text)
        self._client.sendall(error if extended else error + framing.ready(self.status))
        self._lender.refusals.append(refusal)
        return None

    def _answer(self, request: bytes, server: socket.socket) -> bytes:
        """Sends `request`, reads up to ReadyForQuery; returns what the server said before an error."""
        server.sendall(request)
        before, failed = b"", False
        while not self._ended:
            for told in framing.take(self._told):
                failed = failed or told.kind == b"E"
                if told.kind == b"Z":
                    self.status, self._failed = told.body, False
                    return before
                before += b"" if failed else told.raw
            more = _received(server)
            if not more:
                self._end()
            self._told += more
        return b""

    def _bury(self) -> None:
        """Makes sure that the backend is gone: whatever it was doing is rolled back, or was committed."""
        server = self._server
        if server is None:
            return
        with contextlib.suppress(OSError, ValueError):
            if self._flight is not None and self._key:
                with self._lender.connect() as other:
                    other.sendall(framing.cancel_request(self._key))
            server.settimeout(BURIAL_S)
            server.shutdown(socket.SHUT_WR)
            while server.recv(65536):
                pass
        server.close()


def _refusal(told: Message, sql: str) -> SentError:
    found = framing.error_fields(told.body)
    table = ".".join(found[code] for code in "st" if code in found)
    return SentError(found.get("C", ""), found.get("M", ""), sql, found.get("n", ""), table)


def _received(stream: socket.socket) -> bytes:
    data = stream.recv(65536)
    while isinstance(stream, ssl.SSLSocket) and stream.pending():
        data += stream.recv(65536)
    return data
