"""How a run is played on a testbed: one delivery after the other, one with an injection, or two at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checks.replays.consumers.delivery import Injection, InjectionAt, Recorder
from checks.replays.consumers.interleaving import Turn, Turnstile
from checks.replays.consumers.running import Receipt
from checks.replays.consumers.scratch_tables import State
from checks.replays.proxy.gate import Fail, Statement
from checks.replays.run import Handed, Run, Schedule, first_unaltered
from checks.replays.testbed import Testbed
from checks.values import Unverified


def play(testbed: Testbed, schedule: Schedule) -> Run:
    """The deliveries of `schedule`, one after the other; where the consumer takes batches, so many at once."""
    testbed.scratch.reset()
    lines, stuck = [], ""
    before = testbed.scratch.read()
    deliveries = first_unaltered(schedule)
    every = list(batches(deliveries, testbed.batch))
    for number, handed in enumerate(every, 1):
        before = testbed.scratch.read() if number == len(every) else before
        receipt = _refusable(testbed, handed) if handed[0].altered else testbed.insist(0, handed)
        lines.append(f"{number}. {testbed.tell(handed)} -> {receipt}")
        if not receipt.acknowledged and not handed[0].altered:
            stuck = testbed.stuck(handed, receipt)
    testbed.lanes[0].calm()
    return Run(tuple(lines), deliveries, before, testbed.scratch.read(), stuck)


def _refusable(testbed: Testbed, handed: Handed) -> Receipt:
    """Hands over what the consumer may refuse for good: once, and once more if it does."""
    receipt = testbed.deliver(0, handed)
    return receipt if receipt.acknowledged else testbed.deliver(0, handed)


def batches(deliveries: Schedule, size: int) -> Iterator[Handed]:
    """What is handed over at once. Another message under a known key comes by itself, since it may be refused."""
    waiting: Handed = ()
    for delivery in deliveries:
        alone = delivery.altered or any(other.altered for other in waiting)
        if waiting and (alone or len(waiting) >= size):
            yield waiting
            waiting = ()
        waiting = (*waiting, delivery)
    if waiting:
        yield waiting


class Scene(NamedTuple):
    """A delivery that injections are meant for."""

    prefix: tuple[Handed, ...]
    """What is delivered before."""
    last: Handed
    lines: tuple[str, ...]
    """That, as a story tells it."""
    kept: int
    """What is there by then, as `Scratch.reset` brings it back; 0: only by delivering it again."""
    before: State
    """That, as a story tells it."""
    sent: tuple[Statement, ...]
    """What `last` sends to the database when nothing goes wrong."""


def scene(testbed: Testbed, prefix: tuple[Handed, ...], last: Handed) -> Scene:
    """`prefix` and `last` as they go when nothing goes wrong."""
    lines = _afresh(testbed, prefix)
    kept = testbed.scratch.keep() if prefix else 0
    before, recorder = testbed.scratch.read(), Recorder()
    testbed.deliver(0, last, recorder)
    testbed.lanes[0].calm()
    return Scene(prefix, last, lines, kept, before, tuple(recorder.seen))


def _afresh(testbed: Testbed, prefix: Sequence[Handed]) -> tuple[str, ...]:
    testbed.scratch.reset()
    return tuple(f"{n}. {testbed.tell(handed)} -> {testbed.insist(0, handed)}" for n, handed in enumerate(prefix, 1))


def inject(testbed: Testbed, scene: Scene, number: int, injection: Injection) -> tuple[Run, bool]:
    """The scene with `injection` at statement `number` of its last delivery, then that again until acknowledged.

    Returns:
        The run, and whether the injection really happened: the connection was cut, or was sent the error.
    """
    prefix, last, gate = scene.prefix, scene.last, InjectionAt(number, injection)
    if scene.kept:
        testbed.scratch.reset(scene.kept)
    lines = [*scene.lines] if scene.kept else [*_afresh(testbed, prefix)]
    receipt = testbed.deliver(0, last, gate)
    happened = gate.fired and (not isinstance(injection.before, Fail) or any(each.injected for each in receipt.refusals))
    lines.append(f"{len(lines) + 1}. {testbed.tell(last)}; {gate} -> {receipt}")
    if not receipt.acknowledged:
        receipt = testbed.insist(0, last, after=receipt)
        lines.append(f"{len(lines) + 1}. {testbed.tell(last)} -> {receipt}")
    stuck = "" if receipt.acknowledged else testbed.stuck(last, receipt)
    testbed.lanes[0].calm()
    deliveries = tuple(delivery for handed in (*prefix, last) for delivery in handed)
    return Run(tuple(lines), deliveries, scene.before, testbed.scratch.read(), stuck, insisted=True), happened


def race(testbed: Testbed, pair: tuple[Handed, Handed], order: Sequence[int]) -> tuple[Run, list[Turn]]:
    """Both at once, statements in the given order; then again what was not acknowledged."""
    testbed.scratch.reset()
    before = testbed.scratch.read()
    turnstile = Turnstile(testbed.waiting_for_locks)
    receipts = dict.fromkeys((0, 1), Receipt(False, "was not delivered"))

    def deliver(number: int) -> None:
        try:
            receipts[number] = testbed.lanes[number].deliver(testbed.document(pair[number]), turnstile.gate(number))
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
    lines = [f"{'AB'[n]}: {testbed.tell(handed)} -> {receipts[n]}" for n, handed in enumerate(pair)]
    lines += [f"{at}. {'AB'[turn.chosen]} {turn.statement}" for at, turn in enumerate(turns, 1)]
    stuck = ""
    for number, handed in enumerate(pair):
        testbed.noted(receipts[number])
        testbed.lanes[number].calm()
        if not receipts[number].acknowledged:
            again = testbed.insist(number, handed, after=receipts[number])
            lines.append(f"then {'AB'[number]} again -> {again}")
            stuck = stuck if again.acknowledged else testbed.stuck(handed, again)
            testbed.lanes[number].calm()
    return Run(tuple(lines), (*pair[0], *pair[1]), before, testbed.scratch.read(), stuck), turns
