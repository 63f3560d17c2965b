"""Deliveries as a broker makes them: through the proxy, again until acknowledged, with an injection if wanted."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from checks.contract.consumers import Consumer
from checks.replays.consumers import start
from checks.replays.consumers.batch import again, settled
from checks.replays.consumers.running import Receipt
from checks.replays.proxy.gate import CUT, Action, Cut, Fail, Gate, OpenGate, Statement
from checks.replays.proxy.proxy import Proxy, Upstream
from checks.values import Unverified

REDELIVERIES = 4
"""An event that is not acknowledged is delivered so many times more; the last two meet a fresh process."""
_CONTROL = frozenset({"BEGIN", "START", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "SET", "SHOW", "RESET",
                      "DISCARD", "DEALLOCATE", ""})


@dataclass(frozen=True)
class Injection:
    """Something that happens to one statement."""

    words: str
    """As a story tells it, after `statement 3`."""
    before: Action = None
    after: Cut | None = None
    at_commit: bool = True
    """Whether a COMMIT can meet it."""
    anywhere: bool = False
    """Whether BEGIN, SET and the like can meet it."""
    words_first: bool = False
    """Whether a story says the words before `statement 3`."""

    def can_meet(self, statement: Statement) -> bool:
        """Whether a real server could answer this statement so."""
        if statement.verb in ("COMMIT", "END"):
            return self.at_commit
        return self.anywhere or statement.verb not in _CONTROL


CRASHES = (
    Injection("the connection is cut before", before=CUT, anywhere=True, words_first=True),
    Injection("is executed, and the connection is cut before its reply", after=CUT, anywhere=True),
)
ERRORS = (
    Injection("is answered with 40001 serialization_failure",
              before=Fail("40001", "could not serialize access due to concurrent update")),
    Injection("is answered with 57P01, connection lost", anywhere=True,
              before=Fail("57P01", "terminating connection due to administrator command", fatal=True)),
    Injection("is answered with 42501 insufficient_privilege", at_commit=False,
              before=Fail("42501", "permission denied")),
    Injection("is answered with 55P03 lock_not_available", at_commit=False,
              before=Fail("55P03", "canceling statement due to lock timeout")),
)


@dataclass
class Recorder:
    """A gate that lets everything through and writes it down."""

    seen: list[Statement] = field(default_factory=list)

    def before(self, statement: Statement) -> Action:
        """See `Gate`."""
        self.seen.append(statement)
        return None

    def after(self, statement: Statement) -> Cut | None:
        """See `Gate`."""
        return None


@dataclass
class InjectionAt:
    """A gate that lets `injection` happen to the statement of that number, once."""

    number: int
    """1 is the delivery's first statement."""
    injection: Injection
    seen: list[Statement] = field(default_factory=list)
    fired: bool = False
    """Whether it happened."""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _target: Statement | None = None

    def before(self, statement: Statement) -> Action:
        """See `Gate`."""
        with self._turn:
            self.seen.append(statement)
            if len(self.seen) != self.number or not self.injection.can_meet(statement):
                return None
            self._target, self.fired = statement, self.injection.after is None
            return self.injection.before

    def after(self, statement: Statement) -> Cut | None:
        """See `Gate`."""
        self.fired = self.fired or statement is self._target
        return self.injection.after if statement is self._target else None

    @property
    def reached(self) -> bool:
        """Whether the delivery had a statement of that number at all."""
        return len(self.seen) >= self.number

    def __str__(self) -> str:
        if not self.reached:
            return ""
        what = f"statement {self.number} ({brief(self.seen[self.number - 1])})"
        return f"{self.injection.words} {what}" if self.injection.words_first else f"{what} {self.injection.words}"


class Lane:
    """One consumer and the proxy it is given as its database."""

    def __init__(self, spec: Consumer, server: Mapping[str, Any], root: Path, timeout_s: float,
                 endpoint_url: str | None = None) -> None:
        upstream = Upstream(server["host"], server["port"], server["tls"])
        self.proxy = Proxy(upstream, server["dbname"])
        self._spec, self._timeout_s = spec, timeout_s
        user, password = quote(server["user"], safe=""), quote(server["password"] or "", safe="")
        login = f"{user}:{password}" if password else user
        url = f"postgresql://{login}@127.0.0.1:{self.proxy.port}/{quote(server['dbname'], safe='')}"
        try:
            self._consumer = start(spec, url, root, endpoint_url)
        except BaseException:
            self.proxy.close()
            raise

    def deliver(self, document: Mapping[str, Any], gate: Gate | None = None) -> Receipt:
        """One delivery."""
        self.proxy.gate = gate or OpenGate()
        self.proxy.refusals.clear()
        try:
            receipt = self._consumer.deliver(document, self._timeout_s)
        finally:
            self.proxy.gate = OpenGate()
        self.proxy.settle()
        receipt = settled(document, receipt) if self._spec.batch else receipt
        return replace(receipt, refusals=tuple(self.proxy.refusals))

    def insist(self, document: Mapping[str, Any], patient: bool = True) -> Receipt:
        """Delivers until acknowledged, at most `1 + REDELIVERIES` times; if not patient, until a hang."""
        receipt = self.deliver(document)
        while not receipt.acknowledged and receipt.tries <= REDELIVERIES and (patient or not receipt.hung):
            if receipt.tries == REDELIVERIES - 1:
                self._consumer.restart()
            document = self.again(document, receipt)
            receipt = replace(self.deliver(document), tries=receipt.tries + 1)
        return receipt

    def again(self, document: Mapping[str, Any], receipt: Receipt) -> Mapping[str, Any]:
        """What comes again of `document`, whose delivery came to `receipt`: of a batch, only what failed."""
        return again(document, receipt.failed) if self._spec.batch else document

    def calm(self) -> None:
        """Ends what the consumer left open: a transaction that nobody will commit."""
        self.proxy.sever(open_transactions_only=True)

    def explain(self, acknowledged: bool = True) -> None:
        """After the first deliveries: whether the consumer used the database it was given.

        Args:
            acknowledged: whether it said that it had done its work; one that failed may have failed earlier.

        Raises:
            Unverified: it did not, so nothing it does can be seen.
        """
        if self.proxy.insists_on_tls:
            raise Unverified(f"The consumer {self._spec} insists on TLS (sslmode=require or stricter), "
                             "and the replay proxy on 127.0.0.1 speaks none; let it use the URL as it is given.")
        if self.proxy.strayed:
            asked = ", ".join(sorted(self.proxy.strayed))
            raise Unverified(f"The consumer {self._spec} asked for database {asked}, but this replay lends "
                             f"only {self.proxy.database}; let it use the URL it is given.")
        if acknowledged and not self.proxy.connections:
            raise Unverified(f"The consumer {self._spec} never connected to the database it was given, so "
                             "its effects cannot be seen; let it use database_url (or DATABASE_URL).")

    def close(self) -> None:
        """Nothing is left running."""
        self._consumer.close()
        self.proxy.close()


def brief(statement: Statement) -> str:
    """A statement as a story shows it."""
    text = " ".join(statement.sql.split())
    return text if len(text) <= 60 else text[:57] + "…"
