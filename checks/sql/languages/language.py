"""A set of texts as two automata, since some of it may depend on the locale or on what is not looked into (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.languages.automaton import Automaton, TooLargeError, of_lengths, of_words
from checks.sql.languages.network import compiled
from checks.sql.languages.trees import Pattern

EVERY = of_lengths(0, None)
NOTHING = of_words(())


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """Holds every text that `inner` accepts and none that `outer` refuses."""

    inner: Automaton
    outer: Automaton

    @property
    def exact(self) -> bool:
        """Whether it is known of every text."""
        return self.inner is self.outer

    @property
    def hidden(self) -> bool:
        """Whether nothing at all is known of it."""
        return self.inner is NOTHING and self.outer is EVERY

    def holds(self, text: str) -> bool | None:
        """Whether `text` is in it; None if that is not known."""
        if self.inner.accepts(text):
            return True
        return None if self.outer.accepts(text) else False

    def mapped(self, inner: Callable[[Automaton], Automaton],
               outer: Callable[[Automaton], Automaton] | None = None) -> Language:
        """The language whose automata are made from these; where one would be too large, less is known."""
        if outer is None and self.exact:
            made = attempted(lambda: inner(self.inner))
            return UNKNOWN if made is None else Language(made, made)
        below = attempted(lambda: inner(self.inner))
        above = attempted(lambda: (outer or inner)(self.outer))
        return Language(NOTHING if below is None else below, EVERY if above is None else above)


def attempted(make: Callable[[], Automaton]) -> Automaton | None:
    """What `make` makes, or None if that is too large."""
    try:
        return make()
    except TooLargeError:
        return None


UNKNOWN = Language(NOTHING, EVERY)
"""Nothing is known of it."""


@lru_cache(maxsize=4096)
def words(texts: frozenset[str]) -> Language:
    """Just these texts."""
    made = attempted(lambda: of_words(texts))
    return UNKNOWN if made is None else Language(made, made)


@lru_cache(maxsize=1024)
def lengths(low: int, high: int | None) -> Language:
    """Texts of `low` to `high` characters (None: without end)."""
    made = attempted(lambda: of_lengths(low, high))
    return UNKNOWN if made is None else Language(made, made)


def matching(tree: Pattern, *, anywhere: bool) -> Language:
    """The texts that match as a whole or, if `anywhere`, hold a match."""
    below = attempted(lambda: compiled(tree, anywhere=anywhere, generous=False))
    above = attempted(lambda: compiled(tree, anywhere=anywhere, generous=True))
    if below is not None and above is not None and _same(below, above):
        return Language(below, below)
    return Language(NOTHING if below is None else below, EVERY if above is None else above)


def _same(left: Automaton, right: Automaton) -> bool:
    """Whether two automata of one pattern are the same, move for move."""
    return (left.alphabet.starts == right.alphabet.starts and left.alphabet.groups == right.alphabet.groups
            and left.moves == right.moves and left.final == right.final)
