"""Two runs -> what changed between them, as values and as lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from checks.reports.history import COSTS, shown
from checks.reports.runs import Claim, RunRecord, word


class Turned(NamedTuple):
    """A claim that came to another verdict, or to the same one for another reason."""

    before: Claim
    after: Claim

    @property
    def id(self) -> str:
        """The claim's."""
        return str(self.after["id"])


@dataclass(frozen=True)
class Changes:
    """What `after` tells otherwise than `before`."""

    before: RunRecord
    after: RunRecord
    turned: tuple[Turned, ...]
    """Another verdict."""
    moved: tuple[Turned, ...]
    """Not held before and after, and told otherwise."""
    same: tuple[Claim, ...]
    """Not held before and after, and told the same."""
    new: tuple[Claim, ...]
    gone: tuple[Claim, ...]

    def to(self, *words: str) -> list[Turned]:
        """The claims that came to one of these verdicts."""
        return [turn for turn in self.turned if word(turn.after) in words]

    @property
    def worth_telling(self) -> bool:
        """Whether a verdict changed: the run's, a claim's, or that of a new claim which is not held."""
        return self.before.verdict != self.after.verdict or bool(self.turned) or any(
            word(claim) in ("broken", "unverified") for claim in self.new)


def changes(before: RunRecord, after: RunRecord) -> Changes:
    """Compares two runs claim by claim."""
    earlier = before.told_of([] if after.failure else after.document["claims"])
    later = after.told_of(earlier.values())
    both = [Turned(earlier[id], claim) for id, claim in later.items() if id in earlier]
    turned = [turn for turn in both if word(turn.before) != word(turn.after)]
    stayed = [turn for turn in both if word(turn.before) == word(turn.after) != "held"]
    told = ("detail", "witness", "differs")
    moved = [turn for turn in stayed if any(turn.before.get(name) != turn.after.get(name) for name in told)]
    return Changes(before, after, tuple(turned), tuple(moved), tuple(turn.after for turn in stayed if turn not in moved),
                   tuple(claim for id, claim in later.items() if id not in earlier),
                   tuple(claim for id, claim in earlier.items() if id not in later))


def lines(found: Changes) -> Iterator[str]:
    """`found` for a terminal."""
    before, after = found.before, found.after
    yield f"{before.source}: {before.target}, {shown(before.at)}: {before.verdict}"
    yield f"{after.source}: {after.target}, {shown(after.at)}: {after.verdict}"
    if before.target != after.target:
        yield f"These are two targets, {before.target} and {after.target}: what differs need not have changed."
    elif None not in (*before.place, *after.place) and before.place != after.place:
        yield "These are two databases under one name: what differs need not have changed."
    for run in (before, after):
        if run.failure:
            yield f"{run.source} could not look: {run.failure}"
    if after.at < before.at:
        yield "The second is older than the first."
    silent = bool(after.failure)
    for title, turns in (("broken now", found.to("broken")), ("unverified now", found.to("unverified")),
                         ("accepted now", found.to("accepted")), ("held now", found.to("held"))):
        yield from _titled(title, [f"{turn.id} (was {word(turn.before)})" for turn in turns],
                           [[] if silent else _story(turn.after) for turn in turns])
    yield from _titled("not held still, and told otherwise", [f"{turn.id} ({word(turn.after)})" for turn in found.moved],
                       [["before   " + _first(turn.before), "after    " + _first(turn.after)] for turn in found.moved])
    yield from _titled("not held still", [f"{claim['id']} ({word(claim)})" for claim in found.same])
    yield from _titled("new", [f"{claim['id']} ({word(claim)})" for claim in found.new])
    yield from _titled("not claimed any more", [f"{claim['id']} (was {word(claim)})" for claim in found.gone])
    costs = [f"{name} {before.figure(field):,g} became {after.figure(field):,g}{f' {unit}' if unit else ''}"
             for field, name, unit in COSTS if before.figure(field) != after.figure(field)]
    yield from _titled("figures", costs)
    if not (found.turned or found.moved or found.new or found.gone):
        yield ""
        yield "No claim changed."


def _titled(title: str, heads: list[str], bodies: list[list[str]] | None = None) -> Iterator[str]:
    if heads:
        yield ""
        yield f"{title}: {len(heads):,}"
    for number, head in enumerate(heads):
        yield f"  {head}"
        yield from (f"    {line}" for line in (bodies[number] if bodies else ()))


def _story(claim: Claim) -> list[str]:
    if claim["verdict"] == "held":
        return []
    found = [f"{'found' if number == 0 else '':<9}{line}" for number, line in enumerate(_text(claim, "detail").splitlines())]
    return found + ([f"next     {_text(claim, 'next_step')}"] if _text(claim, "next_step") else [])


def _first(claim: Claim) -> str:
    return (_text(claim, "detail").splitlines() or ["nothing more is known"])[0]


def _text(claim: Claim, name: str) -> str:
    return str(claim.get(name) or "")
