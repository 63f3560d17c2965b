"""Runs of one target, the oldest first -> what each claim came to over the nights, since when, and figures. Pure."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from checks.reports.runs import WORDS, Claim, RunRecord, number, word
from checks.values import AREAS, OWN

LETTERS = {"held": "h", "broken": "b", "unverified": "u", "accepted": "a"}
"""One letter a night in a strip; `-` where the claim was not made."""
COSTS = (("duration_s", "duration", "s"), ("statements", "round trips", ""), ("scans", "scans of stored rows", ""),
         ("invocations", "Lambda invocations", ""))
"""(field of the document, what it is called, unit)."""


class Episode(NamedTuple):
    """Nights in a row on which a claim was not held, in one way."""

    word: str
    """broken, unverified or accepted."""
    first: int
    """Index of a run."""
    last: int
    detail: str
    """As it was told on the last of them."""
    open: bool
    """Whether it is so still."""


@dataclass(frozen=True)
class Series:
    """A figure over the nights."""

    name: str
    unit: str
    values: tuple[float, ...]
    """One a run; NaN where it was not counted."""
    claim: str = ""
    """Whose figure it is; empty: the run's."""

    @property
    def known(self) -> list[float]:
        """Without the nights on which it was not counted."""
        return [value for value in self.values if not math.isnan(value)]


@dataclass(frozen=True)
class ClaimHistory:
    """One claim over the nights."""

    id: str
    area: str
    strip: str
    """One letter a run; see LETTERS."""
    latest: Claim
    """As it was last told."""
    episodes: tuple[Episode, ...]

    @property
    def word(self) -> str:
        """One of WORDS, or `gone` where the last run did not make the claim."""
        return "gone" if self.strip.endswith("-") else word(self.latest)

    @property
    def held(self) -> str:
        """On how many of the nights it was asked it was held: `398 of 400`."""
        asked = len(self.strip) - self.strip.count("-")
        return f"{self.strip.count('h'):,} of {asked:,}"

    @property
    def current(self) -> Episode | None:
        """Since when it has not been held."""
        return self.episodes[-1] if self.episodes and self.episodes[-1].open else None


@dataclass(frozen=True)
class History:
    """All that is told of one target."""

    runs: tuple[RunRecord, ...]
    claims: tuple[ClaimHistory, ...]
    """Those that are not held come first."""
    figures: tuple[Series, ...]
    moves: tuple[int, ...]
    """Indices of runs that found another database, or another server, under the same name."""

    @property
    def last(self) -> RunRecord:
        """The newest run."""
        return self.runs[-1]

    @property
    def strip(self) -> str:
        """The verdict of each run, as a strip."""
        return "".join(LETTERS[run.verdict] for run in self.runs)

    def since(self, episode: Episode) -> str:
        """`since 2026-11-20 02:00 UTC, 6 runs`; where nothing earlier is known, it says so."""
        runs = episode.last - episode.first + 1
        known = "since" if episode.first else "since before"
        return f"{known} {shown(self.runs[episode.first].at)}, {runs:,} run{'s' if runs > 1 else ''}"


def shown(moment: dt.datetime) -> str:
    """A time for people, to the minute, UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def history(runs: Sequence[RunRecord]) -> History:
    """What `runs`, at least one, the oldest first, tell together."""
    known = {id: claim for run in runs if not run.failure for id, claim in run.claims.items()} or runs[-1].claims
    told = [run.told_of(known.values()) for run in runs]
    claims = [_of(claim, [each.get(claim) for each in told]) for claim in known]
    ranks = {name: rank for rank, name in enumerate((*WORDS, "gone"))}
    areas = {area: rank for rank, area in enumerate((*AREAS, OWN))}
    claims.sort(key=lambda claim: (ranks[claim.word], areas.get(claim.area, len(areas))))
    moves = tuple(index for index in range(1, len(runs)) if _moved(runs[index - 1], runs[index]))
    return History(tuple(runs), tuple(claims), tuple(_figures(runs, claims)), moves)


def _moved(before: RunRecord, after: RunRecord) -> bool:
    """Whether both name a database and a server, and not the same; a server made for its run is another each time."""
    return after.document["target"].get("server", "given") == "given" and None not in (*before.place, *after.place) \
        and before.place != after.place


def _of(id: str, told: Sequence[Claim | None]) -> ClaimHistory:
    strip = "".join("-" if claim is None else LETTERS[word(claim)] for claim in told)
    latest = next(claim for claim in reversed(told) if claim is not None)
    return ClaimHistory(id, str(latest["area"]), strip, latest, tuple(_episodes(strip, told)))


def _episodes(strip: str, told: Sequence[Claim | None]) -> Iterator[Episode]:
    """Nights on which the claim was not made neither end an episode nor begin one."""
    if not strip.strip("h-"):
        return
    asked = [(index, letter) for index, letter in enumerate(strip) if letter != "-"]
    last = asked[-1][0]
    for letter, group in groupby(asked, key=lambda each: each[1]):
        nights = [index for index, _ in group]
        claim = told[nights[-1]]
        if letter != "h" and claim is not None:
            yield Episode(word(claim), nights[0], nights[-1], str(claim.get("detail", "")),
                          nights[-1] == last and strip[-1] != "-")


def _figures(runs: Sequence[RunRecord], claims: Sequence[ClaimHistory]) -> Iterator[Series]:
    for field, name, unit in COSTS:
        yield Series(name, unit, tuple(run.figure(field) for run in runs))
    for claim in claims:
        told = [(run.claims.get(claim.id) or {}).get("figures") for run in runs]
        found = [each if isinstance(each, dict) else {} for each in told]
        for name in dict.fromkeys(name for each in found for name in each):
            yield Series(name, "", tuple(number(each.get(name)) for each in found), claim.id)


_TOKENS = re.compile(r"\s+|\w+|.", re.DOTALL)


class Piece(NamedTuple):
    """A stretch of one side of a difference."""

    text: str
    apart: bool
    """Whether the other side has it not."""


def sides(expected: str, found: str) -> tuple[list[Piece], list[Piece]]:
    """Both sides of a difference, cut where they part, word by word."""
    left, right = _TOKENS.findall(expected), _TOKENS.findall(found)
    if len(left) * len(right) > 4_000_000:
        return [Piece(expected, True)], [Piece(found, True)]
    steps = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    one = [Piece("".join(left[a:b]), step != "equal") for step, a, b, _, _ in steps if b > a]
    other = [Piece("".join(right[a:b]), step != "equal") for step, _, _, a, b in steps if b > a]
    return one, other
