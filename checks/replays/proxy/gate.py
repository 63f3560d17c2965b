"""Who decides about a statement on its way to the server, what may be decided, and what the client was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about to be executed by backend `pid`."""

    sql: str
    verb: str
    """Its first word in capitals."""
    pid: int


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer the statement with this error instead of executing it. FATAL also ends the connection."""

    sqlstate: str
    text: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class SentError:
    """An error that a client was sent."""

    sqlstate: str
    message: str
    sql: str
    """The statement it was an answer to; empty when there was none yet."""
    constraint: str = ""
    """The constraint or index it names."""
    table: str = ""
    """That constraint's table, `SCHEMA.TABLE`."""
    injected: bool = False
    """Whether the proxy made it up."""


class Cut:
    """End the connection: the backend is gone before the client notices."""


CUT = Cut()
Action = Fail | Cut | None


class Gate(Protocol):
    """Decides about statements; called in the connection's own thread, and may block there."""

    def before(self, statement: Statement) -> Action:
        """None executes it."""

    def after(self, statement: Statement) -> Cut | None:
        """It is executed and its reply withheld; None passes the reply on."""


class OpenGate:
    """Lets everything through."""

    def before(self, statement: Statement) -> Action:
        """Executes it."""
        return None

    def after(self, statement: Statement) -> Cut | None:
        """Passes the reply on."""
        return None
