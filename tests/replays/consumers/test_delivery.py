"""Faults hit the statement they are meant for; two deliveries are interleaved in every way, and in no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest

from checks.replays.consumers.delivery import CRASHES, ERRORS, InjectionAt
from checks.replays.consumers.interleaving import Interleavings, Turn, Turnstile
from checks.replays.parts.schedules import smallest
from checks.replays.proxy.gate import CUT, Fail, Statement
from checks.replays.run import Delivery, Schedule


def statement(sql: str) -> Statement:
    return Statement(sql, sql.split()[0], 1)


DELIVERY = [statement(sql) for sql in ("BEGIN", "SELECT 1", "INSERT INTO t", "COMMIT")]


def drive(gate: InjectionAt) -> list[tuple[str, object, object]]:
    return [(each.verb, gate.before(each), gate.after(each)) for each in DELIVERY]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_cut_hits_its_statement_and_no_other(number: int) -> None:
    before, after = InjectionAt(number, CRASHES[0]), InjectionAt(number, CRASHES[1])
    assert [hit is CUT for _, hit, _ in drive(before)] == [at == number for at in (1, 2, 3, 4)]
    assert [hit is CUT for _, _, hit in drive(after)] == [at == number for at in (1, 2, 3, 4)]
    assert before.fired
    assert after.fired


def test_a_number_past_the_end_was_not_reached() -> None:
    gate = InjectionAt(5, CRASHES[0])
    drive(gate)
    assert (gate.reached, gate.fired, str(gate)) == (False, False, "")


@pytest.mark.parametrize(("sqlstate", "met"), [
    ("40001", {2, 3, 4}), ("57P01", {1, 2, 3, 4}), ("42501", {2, 3}), ("55P03", {2, 3})])
def test_an_error_meets_only_statements_a_server_could_answer_so(sqlstate: str, met: set[int]) -> None:
    fault = next(each for each in ERRORS if isinstance(each.before, Fail) and each.before.sqlstate == sqlstate)
    assert {number for number in (1, 2, 3, 4) if drive(gate := InjectionAt(number, fault)) and gate.fired} == met


def test_a_story_names_the_statement() -> None:
    gate = InjectionAt(4, CRASHES[1])
    drive(gate)
    assert str(gate) == "statement 4 (COMMIT) is executed, and the connection is cut before its reply"


class Lanes:
    """Two deliveries without a database: they only pass the turnstile. `locks` names a statement that blocks."""

    def __init__(self, lengths: tuple[int, int], locked: bool = False) -> None:
        self.lengths, self.locked = lengths, locked
        self.order: list[tuple[int, int]] = []

    def run(self, prefix: Sequence[int]) -> Sequence[Turn]:
        self.order, self.owner, self.free = [], None, threading.Condition()
        self.waiting: set[int] = set()
        turnstile = Turnstile(lambda pids: frozenset(pid for pid in pids if pid in self.waiting))
        threads = [threading.Thread(target=self.deliver, args=(turnstile, n), daemon=True) for n in (0, 1)]
        for thread in threads:
            thread.start()
        steps = turnstile.conduct(prefix)
        for thread in threads:
            thread.join(10)
        return steps

    def deliver(self, turnstile: Turnstile, lane: int) -> None:
        for at in range(self.lengths[lane]):
            turnstile.wait_at(lane, Statement(f"S{at}", f"S{at}", lane + 1))
            if self.locked and at == 1:
                self.take(lane)
            self.order.append((lane, at))
            if self.locked and at == self.lengths[lane] - 1:
                self.release()
            turnstile.executed(lane)
        turnstile.over(lane)

    def take(self, lane: int) -> None:
        with self.free:
            self.waiting.add(lane + 1)
            self.free.wait_for(lambda: self.owner is None)
            self.owner = lane
            self.waiting.discard(lane + 1)

    def release(self) -> None:
        with self.free:
            self.owner = None
            self.waiting.clear()
            self.free.notify_all()


def orders(lanes: Lanes, limit: int = 10_000) -> tuple[list[tuple[tuple[int, int], ...]], Interleavings]:
    search = Interleavings(limit)
    return [tuple(lanes.order) for _ in search.explore(lanes.run)], search


@pytest.mark.parametrize(("lengths", "count"), [((0, 0), 1), ((1, 0), 1), ((2, 2), 6), ((4, 4), 70), ((3, 1), 4)])
def test_every_interleaving_is_tried_once(lengths: tuple[int, int], count: int) -> None:
    found, search = orders(Lanes(lengths))
    wanted = {tuple(1 if at in ones else 0 for at in range(sum(lengths)))
              for ones in combinations(range(sum(lengths)), lengths[1])}
    assert {tuple(lane for lane, _ in order) for order in found} == wanted
    assert (len(found), search.tried, search.exhausted) == (count, count, True)


def test_those_with_the_fewest_switches_come_first() -> None:
    found, search = orders(Lanes((3, 3)), limit=4)
    switches = [sum(a[0] != b[0] for a, b in pairwise(order)) for order in found]
    assert switches == sorted(switches)
    assert (switches[0], search.exhausted) == (1, False)


def test_a_delivery_that_waits_for_a_lock_lets_the_other_go_on() -> None:
    found, search = orders(Lanes((3, 3), locked=True))
    inside = [[lane for lane, at in order if at] for order in found]
    assert search.exhausted
    assert all(lanes in ([0, 0, 1, 1], [1, 1, 0, 0]) for lanes in inside)
    assert {tuple(lanes) for lanes in inside} == {(0, 0, 1, 1), (1, 1, 0, 0)}


def test_the_same_prefix_gives_the_same_steps() -> None:
    lanes = Lanes((3, 3), locked=True)
    assert len({tuple(step.chosen for step in lanes.run((0, 1, 0, 1))) for _ in range(20)}) == 1


@pytest.mark.parametrize(("needed", "length"), [((3,), 8), ((2, 5), 8), ((0, 1, 7), 8), ((0,), 1), ((4, 6), 40)])
def test_a_schedule_is_cut_down_to_what_it_needs(needed: tuple[int, ...], length: int) -> None:
    played: list[Schedule] = []

    def breaks(schedule: Schedule) -> bool:
        played.append(schedule)
        return [delivery.event for delivery in schedule if delivery.event in needed] == list(needed)

    found = smallest(tuple(Delivery(event, 3) for event in range(length)), breaks)
    assert found == tuple(Delivery(event) for event in needed)
    assert len(played) <= 4 * length + 4


@pytest.mark.parametrize("late", ["at its gate", "in flight", "afterwards"])
def test_what_a_delivery_sends_after_its_end_is_cut_and_holds_nobody_up(late: str) -> None:
    turnstile = Turnstile(lambda pids: frozenset())
    answers: list[bool] = []

    def delivery() -> None:
        if late == "at its gate":
            thread = threading.Thread(target=lambda: turnstile.wait_at(0, statement("SELECT 1")), daemon=True)
            thread.start()
            turnstile.over(0)
            thread.join(10)
            assert not thread.is_alive()
        elif late == "in flight":
            turnstile.wait_at(0, statement("SELECT 1"))
            turnstile.over(0)
            turnstile.executed(0)
            answers.append(turnstile.wait_at(0, statement("SELECT 2")))
        else:
            turnstile.over(0)
            answers.append(turnstile.wait_at(0, statement("SELECT 1")))

    turnstile.over(1)
    conductor = threading.Thread(target=lambda: turnstile.conduct(()), daemon=True)
    threads = [conductor, threading.Thread(target=delivery, daemon=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not conductor.is_alive()
    assert answers == ([] if late == "at its gate" else [False])
