"""What functions of text do to one column, and the texts which they map into a language (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.languages.automaton import Automaton
from checks.sql.languages.images import case, ends, substitution
from checks.sql.languages.language import EVERY, Language, words

Step = tuple[str | int | bool, ...]
"""A function applied to text, with its constant arguments: `("first", 3)`; `made_into` lists them."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A column's text, after some functions, lies in a language."""

    steps: tuple[Step, ...] = ()
    plain: bool = False
    """The functions work in the C collation."""
    texts: frozenset[str] | None = None
    """The language's texts, where it is a plain list."""
    language: Language | None = None
    """The language, where it is none."""
    loose: bool = False
    """`=` of a nondeterministic collation: surely so for these texts, maybe for others."""
    unchanged: Step | None = None
    """The language is that of the texts which this function leaves as they are."""

    @property
    def listed(self) -> frozenset[str] | None:
        """The column's own texts, where they are a plain list; None for anything else."""
        return None if self.steps or self.loose else self.texts


@lru_cache(maxsize=8192)
def held_by(membership: Membership) -> Language:
    """The texts of the column for which it is so."""
    found = words(membership.texts) if membership.texts is not None else membership.language
    if found is None:
        raise ValueError("a membership names its texts or a language")
    for step in reversed(membership.steps):
        found = made_into(found, step, plain=membership.plain)
    return Language(found.inner, EVERY) if membership.loose else found


def made_into(language: Language, step: Step, *, plain: bool) -> Language:
    """The texts that one function maps into `language`."""
    name, *args = step
    if name == "lower":
        return case.lowered_within(language, plain=plain)
    if name == "upper":
        return case.uppered_within(language, plain=plain)
    if name == "normalize":
        return language.mapped(_surely_normal, _maybe_normal)

    def one(automaton: Automaton) -> Automaton:
        if name == "trim":
            return ends.trimmed(automaton, str(args[0]), left=bool(args[1]), right=bool(args[2]))
        if name == "translate":
            return substitution.translated(automaton, zip(str(args[0]), map(str, args[1:]), strict=True))
        return _SIMPLE[str(name)](automaton, args[0]) if args else ends.reverse(automaton)

    return language.mapped(one)


def _surely_normal(automaton: Automaton) -> Automaton:
    return substitution.unless_foreign(automaton, generous=False)


def _maybe_normal(automaton: Automaton) -> Automaton:
    return substitution.unless_foreign(automaton, generous=True)


_SIMPLE: Mapping[str, Callable[[Automaton, str | int | bool], Automaton]] = {
    "first": lambda automaton, count: ends.first_characters(automaton, int(count)),
    "last": lambda automaton, count: ends.last_characters(automaton, int(count)),
    "drop": lambda automaton, count: ends.without_first(automaton, int(count)),
    "append": lambda automaton, text: ends.followed_by(automaton, str(text)),
    "prepend": lambda automaton, text: ends.preceded_by(automaton, str(text)),
    "pad": lambda automaton, size: ends.padded(automaton, int(size))}


@lru_cache(maxsize=64)
def unchanged_by(step: Step, *, plain: bool) -> Language | None:
    """The texts that a function leaves as they are; None where that is no language known here."""
    name, *args = step
    if name in ("lower", "upper"):
        return case.unchanged_by(str(name), plain=plain)
    if name == "trim":
        made = ends.without_edges(str(args[0]), left=bool(args[1]), right=bool(args[2]))
        return Language(made, made)
    return None
