"""Where replays happen: scratch tables, consumers, events; what is handed over is judged here (plays.py plays runs)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.contract.dedupe import Dedupe
from checks.replays.consumers.batch import sqs_event
from checks.replays.consumers.delivery import Lane
from checks.replays.consumers.events import VARIANTS, Event, read_events, variant
from checks.replays.consumers.running import Receipt
from checks.replays.consumers.scratch_tables import Scratch, text_of, volatile_columns
from checks.replays.effects import Problem, promised, wrong_key, wrong_state
from checks.replays.proxy.gate import Gate, SentError
from checks.replays.run import Delivery, Handed, Run
from checks.values import Unverified, UsageError

RECHECKS = 20
"""How often a difference may be questioned by one more plain run (a column that is volatile after all)."""


@dataclass
class Testbed:
    """Everything one replay needs; close it."""

    spec: Dedupe
    events: tuple[Event, ...]
    scratch: Scratch
    lanes: list[Lane]
    volatile: Mapping[str, frozenset[str]] = field(default_factory=dict)
    deliveries: int = 0
    swallowed: list[SentError] = field(default_factory=list)
    """Errors of the server's own that a delivery met which was acknowledged all the same."""
    _plain: dict[frozenset[int], Run] = field(default_factory=dict)
    _rechecks: int = 0

    @property
    def batch(self) -> int:
        """How many events the consumer is handed at once, at most."""
        return max(1, 0 if self.spec.consumer is None else self.spec.consumer.batch)

    def effective(self, events: Collection[int]) -> int:
        """How many of `events` have an effect."""
        return sum(any(self.events[event].keys) for event in events)

    def close(self) -> None:
        """Nothing is left running, and the watched tables are empty."""
        for lane in self.lanes:
            lane.close()
        self.scratch.close()

    def rehearse(self) -> Run:
        """Two plain runs of the whole corpus: which columns are volatile, which tables are written.

        Raises:
            Unverified: the consumer hangs, or does not use the database it was given.
        """
        everything = frozenset(range(len(self.events)))
        first = self._in_order(everything)
        self.lanes[0].explain(acknowledged=not first.stuck)
        if not first.stuck:
            if self.scratch.watch_touched():
                first = self._in_order(everything)
            self.volatile = volatile_columns(first.after, self._in_order(everything, VARIANTS - 1).after)
            self._plain[everything] = first
        return first

    def plain(self, events: Collection[int]) -> Run:
        """Each of `events` once, in order."""
        wanted = frozenset(events)
        if wanted not in self._plain:
            self._plain[wanted] = self._in_order(wanted)
        return self._plain[wanted]

    def judge(self, run: Run) -> Problem | None:
        """Whether `run` left one effect an event, and the state of each event once in order."""
        if run.stuck:
            return Problem("stuck", f"an event is never acknowledged: {run.stuck}")
        for number, effect in enumerate(self.spec.effects):
            table = str(self.scratch.effects[number])
            model = promised(self.events, run.events, number)
            if (problem := wrong_key(effect, table, run.after[table], model, self.events)) is not None:
                return problem
        plain = self.plain(run.events)
        kind = "overwritten" if run.altered else "doubled" if run.repeated else "regressed"
        problem = None if run is plain else wrong_state(plain.after, run.after, self.volatile, kind)
        if problem is not None and self._rechecks < RECHECKS:
            self._rechecks += 1
            again = volatile_columns(plain.after, self._in_order(run.events).after)
            self.volatile = {table: columns | again[table] for table, columns in self.volatile.items()}
            problem = wrong_state(plain.after, run.after, self.volatile, kind)
        return problem

    def shown_tables(self, run: Run) -> dict[str, tuple[str, ...]]:
        """The tables a story shows, with the columns that name a row: dedupe, effects, others that differ."""
        tables = {str(self.scratch.dedupe): self.spec.key}
        for table, effect in zip(self.scratch.effects, self.spec.effects, strict=True):
            tables.setdefault(str(table), effect.key)
        after = self.plain(run.events).after
        for name in run.after:
            one, other = {name: after[name]}, {name: run.after[name]}
            if wrong_state(one, other, self.volatile) is not None:
                tables.setdefault(name, ())
        return tables

    def dedupe_keys(self, run: Run) -> list[tuple[str, ...]]:
        """The keys of the dedupe table's rows after `run`."""
        rows = run.after[str(self.scratch.dedupe)]
        return [tuple(text_of(row[column]) for column in self.spec.key) for row in rows]

    def tell(self, handed: Handed) -> str:
        """What is handed over at once, as a story names it."""
        told = "; ".join(map(self._tell, handed))
        return told if len(handed) == 1 else f"a batch of {told}"

    def deliver(self, lane: int, handed: Handed, gate: Gate | None = None) -> Receipt:
        """Hands `handed` over once."""
        return self.noted(self.lanes[lane].deliver(self.document(handed), gate))

    def insist(self, lane: int, handed: Handed, patient: bool = True, after: Receipt | None = None) -> Receipt:
        """Hands `handed` over until it is acknowledged, as often as `Lane.insist` does.

        Args:
            lane: which consumer.
            handed: what it is handed.
            patient: whether to go on after it hung.
            after: what the delivery before came to: of a batch only what failed comes again.

        Raises:
            Unverified: it hung, and nobody is patient.
        """
        whole = self.document(handed)
        document = whole if after is None else self.lanes[lane].again(whole, after)
        receipt = self.noted(self.lanes[lane].insist(document, patient))
        if not patient and receipt.hung:
            self.lanes[0].explain(acknowledged=False)
            raise Unverified(f"The consumer {self.spec.consumer} {receipt.why} at the plain delivery of "
                             f"{self.tell(handed)}; a replay needs one that returns.")
        return receipt

    def noted(self, receipt: Receipt) -> Receipt:
        """`receipt`, written down: so many deliveries, and what was acknowledged although the server refused it."""
        self.deliveries += receipt.tries
        if receipt.acknowledged and not any(refusal.injected for refusal in receipt.refusals):
            self.swallowed += receipt.refusals
        return receipt

    def document(self, handed: Handed) -> dict[str, Any]:
        """What the consumer is given."""
        documents = [variant(self.events[delivery.event].document, delivery.variant, self.spec.volatile, self.spec.payload)
                     for delivery in handed]
        return sqs_event(documents) if self.spec.consumer is not None and self.spec.consumer.batch else documents[0]

    def stuck(self, handed: Handed, receipt: Receipt) -> str:
        """What was never acknowledged, and why."""
        return f"{self.tell(tuple(Delivery(delivery.event) for delivery in handed))}: {receipt.why}"

    def waiting_for_locks(self, pids: Sequence[int]) -> frozenset[int]:
        """Which of these backends wait for a lock."""
        rows = self.scratch.ask("SELECT pid FROM unnest(%s::int[]) AS pid "
                                "WHERE cardinality(pg_catalog.pg_blocking_pids(pid)) > 0", list(pids))
        return frozenset(pid for (pid,) in rows)

    def _in_order(self, events: Collection[int], changed: int = 0) -> Run:
        self.scratch.reset()
        lines, stuck = [], ""
        before = self.scratch.read()
        deliveries = tuple(Delivery(event, changed) for event in sorted(events))
        for number, delivery in enumerate(deliveries, 1):
            receipt = self.insist(0, (delivery,), patient=False)
            lines.append(f"{number}. {self.events[delivery.event]} -> {receipt}")
            if not receipt.acknowledged:
                stuck = self.stuck((delivery,), receipt)
                break
        self.lanes[0].calm()
        return Run(tuple(lines), deliveries, before, self.scratch.read(), stuck)

    def _tell(self, delivery: Delivery) -> str:
        changes = {1: "received later", 2: "timestamps cut", 4: "received an hour later", 8: "with another payload"}
        said = [words for bit, words in changes.items() if delivery.variant & bit]
        return ", ".join([str(self.events[delivery.event]), *said])


def open_testbed(spec: Dedupe, dsn: str, root: Path, delivery_s: float, endpoint_url: str | None) -> Testbed:
    """A testbed on the scratch database `dsn`.

    Raises:
        UsageError, Unverified: the contract's words lead nowhere; see `read_events`, `Scratch`, `start`.
    """
    if spec.consumer is None:
        raise UsageError(f"dedupe.{spec.name} names no consumer, so nothing can be replayed.")
    events = read_events(spec, root)
    scratch = Scratch(dsn, spec)
    lanes: list[Lane] = []
    try:
        for _ in range(2):
            lanes.append(Lane(spec.consumer, scratch.server(), root, delivery_s, endpoint_url))
    except BaseException:
        for lane in lanes:
            lane.close()
        scratch.close()
        raise
    return Testbed(spec, events, scratch, lanes)
