"""Differences after the server was asked: CHECKs that reading could not tell apart are settled by its answers. Pure."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

from checks.catalog.difference import Difference, told
from checks.catalog.key import Key
from checks.expectation.expectation import Expectation
from checks.kinds import Finding
from checks.observation.observe import Observation
from checks.observation.questions import Refusal
from checks.sql.meaning import Different

ELSEWHERE = Finding("unverified", "None of the expected tables is here: this looks like another database.", "",
                    "Look at the target's database name.")
"""What is said of what an empty database would hold."""


class Settled:
    """The differences between what is expected and what was seen, each worked out once."""

    def __init__(self, expectation: Expectation, seen: Observation) -> None:
        self.expectation, self.seen, self.found = expectation, seen, seen.snapshot
        self._sides = expectation.sides(seen.snapshot)
        self._known: dict[Key, tuple[Difference, ...]] = {}

    def beside(self, seen: Observation) -> Settled:
        """The same for an observation that differs from this one in what the ledger holds, and in nothing else."""
        found = copy(self)
        found.seen = seen
        return found

    @property
    def elsewhere(self) -> bool:
        """Whether none of the tables that the migrations make is there."""
        tables = [key.relation for key in self.expectation.objects if key.kind == "table"]
        return bool(tables) and not any(self.found.relation(name) for name in tables)

    def of(self, key: Key) -> tuple[Difference, ...]:
        """How the object `key` differs; nothing when a pending migration explains it."""
        expected = self.expectation.objects.get(key)
        if expected is not None and expected == self.found.objects.get(key):
            return ()
        if key not in self._known:
            self._known[key] = tuple(self._asked(change) for change in self.expectation.differences(key, self._sides))
        return self._known[key]

    def _asked(self, change: Difference) -> Difference:
        """`change` with a witness from the server's answers, or with why it stays unsure."""
        if change.sure or change.field != "expression":
            return change
        asked = self.seen.checks.get(change.key)
        if asked is None:
            return replace(change, note=f"not evaluated: it {self.found.unsafe.get(change.key, 'cannot be')}")
        if asked.answer is None:
            return replace(change, note="not evaluated: the session's search_path gives built-in names another meaning")
        if isinstance(asked.answer, Refusal):
            return replace(change, note=asked.answer.told())
        for row, (expected, found) in zip(asked.question.rows, asked.answer, strict=True):
            if (expected is False) != (found is False):
                values = {name: value for (name, _), value in zip(asked.question.columns, row, strict=True)}
                return replace(change, sure=True, witness=told(
                    Different(values, "right" if expected is False else "left")))
        return replace(change, note=f"{len(asked.answer)} rows tried, none tells them apart, and that proves nothing")
