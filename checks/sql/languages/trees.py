"""Regular expressions as trees, whatever dialect they were written in (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from checks.sql.languages.charsets import ALL, NONE, Bounds, exactly


class PatternError(Exception):
    """The text is no pattern of the dialect, so matching with it raises, or it is not understood."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression; an empty `Chain` matches the empty string."""


@dataclass(frozen=True, slots=True)
class OneOf(Pattern):
    """One character of a set."""

    chars: Bounds


@dataclass(frozen=True, slots=True)
class Chain(Pattern):
    """One after the other."""

    parts: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class Either(Pattern):
    """Any one of these."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Repeat(Pattern):
    """`low` to `high` times (None: without end)."""

    part: Pattern
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Edge(Pattern):
    """The start (`^`) or end (`$`) of the whole string: no newline counts (manual 9.7.3.5)."""

    mark: str


@dataclass(frozen=True, slots=True)
class Guess(Pattern):
    """A condition on the text around it that is not looked into: may hold or fail anywhere, taking no characters."""


@dataclass(frozen=True, slots=True)
class Echo(Pattern):
    """A back reference: what `part` matched, which is not remembered."""

    part: Pattern


ANY = OneOf(exactly(ALL))
ANYTHING = Repeat(ANY, 0, None)
NEVER = OneOf(exactly(NONE))
