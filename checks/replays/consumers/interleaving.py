"""Two deliveries at once, in every interleaving of their statements: deterministic, and without a sleep."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from checks.replays.consumers.delivery import brief
from checks.replays.proxy.gate import CUT, Action, Cut, Statement

POLL_S = 0.001
"""A statement that takes longer is asked about: does it wait for a lock?"""


class Phase(Enum):
    """Where a delivery stands."""

    RUNNING = "running"
    AT_GATE = "at the gate before its next statement"
    BLOCKED = "waiting for a lock"
    DONE = "over"


@dataclass(frozen=True)
class Turn:
    """One choice: which delivery went on, out of which."""

    enabled: tuple[int, ...]
    chosen: int
    statement: str


@dataclass
class _Standing:
    phase: Phase = Phase.RUNNING
    waiting: list[Statement] = field(default_factory=list)
    """More than one when the consumer uses connections side by side."""
    granted: Statement | None = None
    flying: Statement | None = None


@dataclass
class LaneGate:
    """The turnstile as one delivery's gate."""

    turnstile: Turnstile
    number: int

    def before(self, statement: Statement) -> Action:
        """See `Gate`."""
        return None if self.turnstile.wait_at(self.number, statement) else CUT

    def after(self, statement: Statement) -> Cut | None:
        """See `Gate`."""
        self.turnstile.executed(self.number)
        return None


@dataclass
class Turnstile:
    """Lets one statement of one delivery through at a time."""

    blocked: Callable[[Sequence[int]], frozenset[int]]
    """Which of these backends wait for a lock, by the server's own word."""
    _places: list[_Standing] = field(default_factory=lambda: [_Standing(), _Standing()])
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _open: bool = False

    def gate(self, number: int) -> LaneGate:
        """The gate of delivery 0 or 1."""
        return LaneGate(self, number)

    def wait_at(self, number: int, statement: Statement) -> bool:
        """Called by a delivery before each statement; True when it may go, False if its time has passed."""
        place = self._places[number]
        with self._changed:
            if place.phase is Phase.DONE:
                return False
            place.waiting.append(statement)
            place.phase = Phase.AT_GATE
            self._changed.notify_all()
            self._changed.wait_for(lambda: place.granted is statement or self._open or place.phase is Phase.DONE)
            if place.granted is not statement or place.phase is Phase.DONE:
                return False
            place.phase, place.flying = Phase.RUNNING, statement
            return True

    def executed(self, number: int) -> None:
        """Called by a delivery when its statement's reply is there."""
        self._note(number, Phase.AT_GATE if self._places[number].waiting else Phase.RUNNING)

    def over(self, number: int) -> None:
        """The delivery has ended, acknowledged or not. That is final: what it still sends, in threads or later, is cut."""
        self._note(number, Phase.DONE)

    def conduct(self, prefix: Sequence[int]) -> list[Turn]:
        """Runs both deliveries to their end: `prefix` first, then each for as long as it can."""
        turns: list[Turn] = []
        try:
            while True:
                self._settle()
                with self._changed:
                    enabled = tuple(n for n, place in enumerate(self._places) if place.phase is Phase.AT_GATE)
                    if all(place.phase is Phase.DONE for place in self._places):
                        return turns
                    if not enabled:
                        self._changed.wait(POLL_S)
                        continue
                    turns.append(self._choose(enabled, prefix, turns))
        finally:
            with self._changed:
                self._open = True
                self._changed.notify_all()

    def _choose(self, enabled: tuple[int, ...], prefix: Sequence[int], turns: list[Turn]) -> Turn:
        wish = prefix[len(turns)] if len(turns) < len(prefix) else turns[-1].chosen if turns else 0
        chosen = wish if wish in enabled else enabled[0]
        place = self._places[chosen]
        place.granted, place.phase = place.waiting.pop(0), Phase.RUNNING
        self._changed.notify_all()
        return Turn(enabled, chosen, brief(place.granted))

    def _settle(self) -> None:
        """Waits until no delivery runs: each is at its gate, waits for a lock, or is over."""
        while True:
            with self._changed:
                still = self._changed.wait_for(self._none_running, POLL_S)
                flying = {place.flying.pid: place for place in self._places if place.flying is not None
                          and place.phase in (Phase.RUNNING, Phase.BLOCKED)}
            if still and not flying:
                return
            waiting = self.blocked(list(flying)) if flying else frozenset()
            with self._changed:
                woken = False
                for pid, place in flying.items():
                    if place.flying is None or place.flying.pid != pid:
                        woken = True
                    elif pid in waiting:
                        place.phase = Phase.BLOCKED
                    elif place.phase is Phase.BLOCKED:
                        place.phase, woken = Phase.RUNNING, True
                if not woken and self._none_running():
                    return

    def _none_running(self) -> bool:
        return all(place.phase is not Phase.RUNNING for place in self._places)

    def _note(self, number: int, phase: Phase) -> None:
        with self._changed:
            place = self._places[number]
            place.flying = None
            if place.phase is not Phase.DONE:
                place.phase = phase
            self._changed.notify_all()


@dataclass
class Interleavings:
    """All interleavings, those with the fewest switches first; a heap of prefixes still to be tried."""

    limit: int
    tried: int = 0
    exhausted: bool = False
    """Whether there was none left to try."""

    def explore(self, run: Callable[[tuple[int, ...]], Sequence[Turn]]) -> Iterator[Sequence[Turn]]:
        """Runs one interleaving after the other and yields what happened in each."""
        waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
        number = 0
        while waiting and self.tried < self.limit:
            _, _, prefix = heapq.heappop(waiting)
            turns = run(prefix)
            self.tried += 1
            chosen = tuple(turn.chosen for turn in turns)
            for at in range(len(prefix), len(turns)):
                for other in turns[at].enabled:
                    if other != chosen[at]:
                        number += 1
                        branch = (*chosen[:at], other)
                        heapq.heappush(waiting, (_switches(branch, turns), number, branch))
            self.exhausted = not waiting
            yield turns


def _switches(branch: Sequence[int], turns: Sequence[Turn]) -> int:
    """How often a delivery was interrupted although it could have gone on."""
    return sum(1 for at in range(1, len(branch))
               if branch[at] != branch[at - 1] and branch[at - 1] in turns[at].enabled)
