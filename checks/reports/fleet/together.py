"""The runs of several targets together: the worst first, and what is told alike of many told once. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from checks.reports.runs import WORDS, Claim, RunRecord, word
from checks.values import AREAS, OWN

MOST_TARGETS = 20
"""So many targets have a line of their own on a terminal."""
MOST_STORIES = 40
"""So many stories are told there."""
_NAMED = 3
"""So many targets are named that a story is about."""
_WIDEST = 60
_VERDICTS = ("broken", "unverified", "held")


class Alike(NamedTuple):
    """A claim that came to the same on every one of these targets, told in the same words but for their names."""

    claim: Claim
    """As it is told of the first."""
    targets: tuple[str, ...]

    @property
    def named(self) -> str:
        """The targets, a few by name, the others counted."""
        return named(self.targets)


def named(targets: Sequence[str], most: int = _NAMED) -> str:
    """`a, b, c and 9 more`."""
    more = f" and {len(targets) - most:,} more" if len(targets) > most else ""
    return ", ".join(targets[:most]) + more


def worst_first(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """`runs` by verdict, then by the number of claims that are broken, or that nobody could look at, then by name."""
    return sorted(runs, key=lambda run: (_VERDICTS.index(run.verdict), -run.counts["broken"], -run.counts["unverified"],
                                         run.target))


def alike(runs: Sequence[RunRecord], *, accepted: bool = False) -> list[Alike]:
    """Each claim that is not held, once for all targets of which it is told alike: broken ones first, then by their number.

    Targets that could not be looked at are left out, see `unseen`. `accepted`: what was accepted comes last.
    """
    found: dict[str, tuple[Claim, list[str]]] = {}
    keys: dict[int, str] = {}
    for run in runs:
        if run.failure:
            continue
        own = _own(run)
        for claim in run.document["claims"]:
            if word(claim) == "held" or (word(claim) == "accepted" and not accepted):
                continue
            shared = keys.get(id(claim))
            if shared is None:
                text = json.dumps([claim.get(name) for name in (
                    "id", "verdict", "detail", "witness", "next_step", "accepted")])
                shared = own.sub("…", text) if own is not None else text
                keys[id(claim)] = shared
            found.setdefault(shared, (claim, []))[1].append(run.target)
    told = [Alike(claim, tuple(targets)) for claim, targets in found.values()]
    return sorted(told, key=lambda each: (WORDS.index(word(each.claim)), -len(each.targets)))


def unseen(runs: Sequence[RunRecord]) -> list[tuple[str, tuple[str, ...]]]:
    """(why, targets) of the targets that could not be looked at, the most first."""
    found: dict[str, tuple[str, list[str]]] = {}
    for run in runs:
        if run.failure:
            own = _own(run)
            key = own.sub("…", run.failure) if own is not None else run.failure
            found.setdefault(key, (run.failure, []))[1].append(run.target)
    return sorted(((why, tuple(targets)) for why, targets in found.values()), key=lambda each: -len(each[1]))


def _own(run: RunRecord) -> re.Pattern[str] | None:
    """What is the target's own in what is told of it: its name, and its database's."""
    database = run.document["target"].get("database")
    names = {name for name in (run.target, run.target.rpartition("/")[2], database) if name}
    words = sorted((re.escape(json.dumps(str(name))[1:-1]) for name in names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None


def told(runs: Sequence[RunRecord], cost_line: str = "", more: int = MOST_STORIES) -> Iterator[str]:
    """The closing lines of a run of several targets.

    Args:
        runs: one a target.
        cost_line: what the run cost.
        more: so many stories are told, the others counted.
    """
    yield from table(runs)
    yield ""
    yield from areas(runs)
    if cost_line:
        yield f"  {cost_line}"
    notes = Counter(note for run in runs for note in run.document.get("notes", ()))
    for note, count in notes.items():
        yield f"  {note}" if count == len(runs) else f"  {note} (on {count:,} of {len(runs):,} targets)"
    for why, targets in unseen(runs):
        yield ""
        yield f"UNVERIFIED {named(targets)}"
        yield from (f"  {'found' if number == 0 else '':<9}{line}" for number, line in enumerate(why.splitlines()))
    stories = alike(runs, accepted=True)
    open_ones = [each for each in stories if word(each.claim) != "accepted"]
    for each in open_ones[:more]:
        yield ""
        yield from _story(each, len(runs))
    if rest := Counter(word(each.claim) for each in open_ones[more:]):
        yield ""
        yield f"{' and '.join(f'{count:,} {name}' for name, count in rest.items())} more, told apart in the evidence"
    kept = [each for each in stories if word(each.claim) == "accepted"]
    if kept:
        yield ""
    for each in kept[:more]:
        yield f"ACCEPTED {each.claim['id']}: {each.claim['accepted'].get('reason')} (on {each.named})"


def table(runs: Sequence[RunRecord], most: int = MOST_TARGETS) -> Iterator[str]:
    """The targets, worst first, as far as there is room; the others counted."""
    ordered = worst_first(runs)
    shown = ordered if len(ordered) <= most + 1 else ordered[:most]
    width = min(max(len("target"), *(len(run.target) for run in shown)), _WIDEST)
    accepted = any(run.counts["accepted"] for run in shown)
    yield (f"  {'target':<{width}}  {'verdict':<10}{'held':>7}{'broken':>8}{'unverified':>12}"
           + (f"{'accepted':>10}" if accepted else ""))
    for run in shown:
        name = run.target if len(run.target) <= _WIDEST else run.target[:_WIDEST - 1] + "…"
        counts = run.counts
        yield (f"  {name:<{width}}  {run.verdict:<10}{counts['held']:>7}{counts['broken']:>8}{counts['unverified']:>12}"
               + (f"{counts['accepted']:>10}" if accepted else ""))
    rest = Counter(run.verdict for run in ordered[len(shown):])
    if rest:
        yield f"  and {rest.total():,} more: {in_words(rest)}"
    yield f"  {len(runs):,} targets: {in_words(Counter(run.verdict for run in runs))}"


def in_words(counts: Counter[str]) -> str:
    """`2 broken, 998 held`."""
    return ", ".join(f"{counts[name]:,} {name}" for name in _VERDICTS if counts[name])


def areas(runs: Sequence[RunRecord]) -> Iterator[str]:
    """Counts of claims by area, over all targets."""
    counts: dict[str, Counter[str]] = {}
    for run in runs:
        for claim in run.document["claims"]:
            counts.setdefault(claim["area"], Counter())[word(claim)] += 1
    accepted = any(row["accepted"] for row in counts.values())
    yield f"  {'area':<14}{'held':>9}{'broken':>9}{'unverified':>12}" + (f"{'accepted':>10}" if accepted else "")
    for area in (*AREAS, OWN):
        if area in counts:
            row = counts[area]
            yield (f"  {area:<14}{row['held']:>9,}{row['broken']:>9,}{row['unverified']:>12,}"
                   + (f"{row['accepted']:>10,}" if accepted else ""))


def _story(each: Alike, targets: int) -> Iterator[str]:
    claim: Any = each.claim
    yield f"{claim['verdict'].upper()} {claim['id']}"
    yield f"  on       {len(each.targets):,} of {targets:,} targets: {each.named}"
    yield f"  claim    {claim.get('sentence') or ''}"
    for number, line in enumerate(str(claim.get("detail") or "nothing more is known").splitlines()):
        yield f"  {'found' if number == 0 else '':<9}{line}"
    for name, field in (("witness", "witness"), ("next", "next_step")):
        if claim.get(field):
            yield f"  {name:<9}{claim[field]}"
