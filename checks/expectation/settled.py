"""Differences after the server was asked: CHECKs that reading could not tell apart are settled by its answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from checks.catalog.difference import Difference, told
from checks.catalog.snapshot import Snapshot
from checks.expectation.expectation import Expectation
from checks.observation.check_plan import check_questions
from checks.observation.evaluate import Question
from checks.observation.observe import Observation, Refusal
from checks.sql.meaning import Different


class Settled:
    """The differences between what is expected and what was found, each asked for once."""

    def __init__(self, expectation: Expectation, found: Snapshot, seen: Observation | None = None) -> None:
        self.expectation, self.found = expectation, found
        self._seen = seen
        self._sides = expectation.sides(found)
        self._known: dict[str, tuple[Difference, ...]] = {}

    def of(self, key: str) -> tuple[Difference, ...]:
        """How the object `key` differs; nothing when a pending migration explains it."""
        expected = self.expectation.objects.get(key)
        if expected is not None and expected == self.found.objects.get(key):
            return ()
        if key not in self._known:
            self._known[key] = tuple(self._asked(change) for change in self.expectation.differences(key, self._sides))
        return self._known[key]

    def _asked(self, change: Difference) -> Difference:
        """`change` with a witness from the server's answers, or with why it stays unsure."""
        if change.sure or change.field != "expression" or self._seen is None:
            return change
        question = self._questions.get(f"check:{change.key}")
        if question is None:
            return replace(change, note=f"not evaluated: it {self.found.unsafe.get(change.key, 'cannot be')}")
        if question.name not in self._seen.answers:
            return replace(change, note="not evaluated: the session's search_path gives built-in names another meaning")
        answer = self._seen.answer(question)
        if isinstance(answer, Refusal):
            return replace(change, note=answer.told())
        for row, (expected, found) in zip(question.rows, answer, strict=True):
            if (expected is False) != (found is False):
                values = {name: value for (name, _), value in zip(question.columns, row, strict=True)}
                return replace(change, sure=True, witness=told(
                    Different(values, "right" if expected is False else "left")))
        return replace(change, note=f"{len(answer)} rows tried, none tells them apart, and that proves nothing")

    @cached_property
    def _questions(self) -> Mapping[str, Question]:
        return {question.name: question for question in check_questions(self.expectation.objects, self.found)}
