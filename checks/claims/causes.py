"""One cause is told once: of the broken claims about one object, one tells the story and the others name it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from checks.catalog.difference import Difference
from checks.catalog.key import Key
from checks.values import Case, Subject, Verdict

_TELLERS = ("constraints", "dedupe", "access", "drift", "ledger")
"""The areas whose claims are about objects; the one that comes first tells."""


def about(change: Difference) -> Subject:
    """What a difference is about."""
    return Subject(str(change.key), change.field)


def about_all_of(key: Key) -> Subject:
    """That a claim is about an object, whatever is told of it."""
    return Subject(str(key))


def with_causes(cases: Iterable[Case]) -> tuple[Case, ...]:
    """`cases`, in which a broken claim whose subjects are another broken claim's has that one for its cause."""
    every = tuple(cases)
    tellers = _Tellers([verdict for case in every for verdict in case.broken if verdict.area in _TELLERS])
    return tuple(replace(case, verdicts=tuple(_with_cause(verdict, tellers) if verdict.verdict == "broken" else verdict
                                              for verdict in case.verdicts)) for case in every)


class _Tellers:
    """Which claim tells the story of what: of one area the one that is named after it, then the first."""

    def __init__(self, broken: Sequence[Verdict]) -> None:
        self._broken = broken
        self._ranked: dict[Subject, tuple[bool, int, bool, int]] = {}
        for number, verdict in enumerate(broken):
            name = verdict.claim.partition(":")[2]
            for each in verdict.about:
                rank = (not verdict.foremost, _TELLERS.index(verdict.area), name != each.object.partition(":")[2], number)
                self._ranked[each] = min(self._ranked.get(each, rank), rank)

    def of(self, subject: Subject, otherwise: str) -> str:
        """The id of the claim that tells of `subject`."""
        ranks = [self._ranked[each] for each in (subject, Subject(subject.object)) if each in self._ranked]
        return self._broken[min(ranks)[-1]].claim if ranks else otherwise


def _with_cause(verdict: Verdict, tellers: _Tellers) -> Verdict:
    causes = [tellers.of(each, verdict.claim) for each in verdict.about]
    others = list(dict.fromkeys(cause for cause in causes if cause != verdict.claim))
    if not others:
        return verdict
    named = " and ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    lines = verdict.detail.splitlines()
    if verdict.claim not in causes:
        return replace(verdict, detail=f"Follows from {named}: {lines[0]}", next_step=f"See {others[0]}.", cause=others[0])
    if len(lines) != len(causes):
        return verdict
    own = [line for line, cause in zip(lines, causes, strict=True) if cause == verdict.claim]
    return replace(verdict, detail="\n".join([*own, f"the rest follows from {named}"]))
