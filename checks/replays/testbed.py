"""Where replays happen: scratch tables, consumers, events; runs are played here and judged."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.contract.dedupe import Dedupe
from checks.replays.consumers.delivery import Injection, InjectionAt, Lane
from checks.replays.consumers.events import VARIANTS, Event, read_events, variant
from checks.replays.consumers.interleaving import Turn, Turnstile
from checks.replays.consumers.running import Receipt
from checks.replays.consumers.scratch_tables import Scratch, text_of, volatile_columns
from checks.replays.effects import Problem, promised, wrong_key, wrong_state
from checks.replays.run import Delivery, Run
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
    _plain: dict[frozenset[int], Run] = field(default_factory=dict)
    _rechecks: int = 0

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

    def play(self, schedule: Sequence[Delivery]) -> Run:
        """The deliveries of `schedule`, one after the other."""
        self.scratch.reset()
        lines, stuck = [], ""
        before = self.scratch.read()
        for number, delivery in enumerate(schedule, 1):
            before = self.scratch.read() if number == len(schedule) else before
            receipt = self._insist(0, delivery)
            lines.append(f"{number}. {self.tell(delivery)} -> {receipt}")
            stuck = stuck if receipt.acknowledged else self._stuck(delivery, receipt)
        self.lanes[0].calm()
        events = [delivery.event for delivery in schedule]
        return Run(tuple(lines), frozenset(events), before, self.scratch.read(), stuck,
                   len(set(events)) < len(events))

    def inject(self, prefix: Sequence[Delivery], last: Delivery, number: int,
               injection: Injection) -> tuple[Run, InjectionAt]:
        """`prefix`, then `last` with `injection` at its statement `number`, then again until acknowledged."""
        self.scratch.reset()
        lines = [f"{n}. {self.tell(delivery)} -> {self._insist(0, delivery)}"
                 for n, delivery in enumerate(prefix, 1)]
        before, gate = self.scratch.read(), InjectionAt(number, injection)
        receipt = self.lanes[0].deliver(self._document(last), gate)
        lines.append(f"{len(lines) + 1}. {self.tell(last)}; {gate} -> {receipt}")
        if not receipt.acknowledged:
            receipt = self._insist(0, last)
            lines.append(f"{len(lines) + 1}. {self.tell(last)} -> {receipt}")
        stuck = "" if receipt.acknowledged else self._stuck(last, receipt)
        self.deliveries += 1
        self.lanes[0].calm()
        events = frozenset(delivery.event for delivery in (*prefix, last))
        return Run(tuple(lines), events, before, self.scratch.read(), stuck, True), gate

    def race(self, pair: tuple[Delivery, Delivery], order: Sequence[int]) -> tuple[Run, list[Turn]]:
        """Both deliveries at once, statements in the given order; then again what was not acknowledged."""
        self.scratch.reset()
        before = self.scratch.read()
        turnstile = Turnstile(self._waiting_for_locks)
        receipts = dict.fromkeys((0, 1), Receipt(False, "was not delivered"))

        def deliver(number: int) -> None:
            try:
                document = self._document(pair[number])
                receipts[number] = self.lanes[number].deliver(document, turnstile.gate(number))
            except Unverified as error:
                receipts[number] = Receipt(False, str(error))
            finally:
                turnstile.over(number)

        threads = [threading.Thread(target=deliver, args=(number,), daemon=True) for number in (0, 1)]
        for thread in threads:
            thread.start()
        turns = turnstile.conduct(order)
        for thread in threads:
            thread.join()
        lines = [f"{'AB'[n]}: {self.tell(delivery)} -> {receipts[n]}" for n, delivery in enumerate(pair)]
        lines += [f"{at}. {'AB'[turn.chosen]} {turn.statement}" for at, turn in enumerate(turns, 1)]
        stuck = ""
        for number, delivery in enumerate(pair):
            self.lanes[number].calm()
            if not receipts[number].acknowledged:
                again = self._insist(number, delivery)
                lines.append(f"then {'AB'[number]} again -> {again}")
                stuck = stuck if again.acknowledged else self._stuck(delivery, again)
                self.lanes[number].calm()
        self.deliveries += 2
        events = frozenset(delivery.event for delivery in pair)
        return Run(tuple(lines), events, before, self.scratch.read(), stuck, len(events) == 1), turns

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
        problem = None if run is plain else wrong_state(plain.after, run.after, self.volatile, run.repeated)
        if problem is not None and self._rechecks < RECHECKS:
            self._rechecks += 1
            again = volatile_columns(plain.after, self._in_order(run.events).after)
            self.volatile = {table: columns | again[table] for table, columns in self.volatile.items()}
            problem = wrong_state(plain.after, run.after, self.volatile, run.repeated)
        return problem

    def shown_tables(self, run: Run) -> dict[str, tuple[str, ...]]:
        """The tables a story shows, with the columns that name a row: dedupe, effects, others that differ."""
        tables = {str(self.scratch.dedupe): self.spec.key}
        for table, effect in zip(self.scratch.effects, self.spec.effects, strict=True):
            tables.setdefault(str(table), effect.key)
        after = self.plain(run.events).after
        for name in run.after:
            one, other = {name: after[name]}, {name: run.after[name]}
            if wrong_state(one, other, self.volatile, run.repeated) is not None:
                tables.setdefault(name, ())
        return tables

    def dedupe_keys(self, run: Run) -> list[tuple[str, ...]]:
        """The keys of the dedupe table's rows after `run`."""
        rows = run.after[str(self.scratch.dedupe)]
        return [tuple(text_of(row[column]) for column in self.spec.key) for row in rows]

    def tell(self, delivery: Delivery) -> str:
        """A delivery as a story names it."""
        changes = {1: "received later", 2: "timestamps cut", 4: "received an hour later"}
        said = [words for bit, words in changes.items() if delivery.variant & bit]
        return ", ".join([str(self.events[delivery.event]), *said])

    def _in_order(self, events: Collection[int], changed: int = 0) -> Run:
        self.scratch.reset()
        lines, stuck = [], ""
        before = self.scratch.read()
        for number, event in enumerate(sorted(events), 1):
            delivery = Delivery(event, changed)
            receipt = self._insist(0, delivery, patient=False)
            lines.append(f"{number}. {self.events[event]} -> {receipt}")
            if not receipt.acknowledged:
                stuck = self._stuck(delivery, receipt)
                break
        self.lanes[0].calm()
        return Run(tuple(lines), frozenset(events), before, self.scratch.read(), stuck)

    def _insist(self, lane: int, delivery: Delivery, patient: bool = True) -> Receipt:
        receipt = self.lanes[lane].insist(self._document(delivery), patient)
        self.deliveries += receipt.tries
        if not patient and receipt.hung:
            self.lanes[0].explain(acknowledged=False)
            raise Unverified(f"The consumer {self.spec.consumer} {receipt.why} at the plain delivery of "
                             f"{self.events[delivery.event]}; a replay needs one that returns.")
        return receipt

    def _stuck(self, delivery: Delivery, receipt: Receipt) -> str:
        return f"{self.events[delivery.event]}: {receipt.why}"

    def _document(self, delivery: Delivery) -> dict[str, Any]:
        return variant(self.events[delivery.event].document, delivery.variant, self.spec.volatile)

    def _waiting_for_locks(self, pids: Sequence[int]) -> frozenset[int]:
        rows = self.scratch.ask("SELECT pid FROM unnest(%s::int[]) AS pid "
                                "WHERE cardinality(pg_catalog.pg_blocking_pids(pid)) > 0", list(pids))
        return frozenset(pid for (pid,) in rows)


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
