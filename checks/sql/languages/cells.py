"""The parts into which several languages part all texts, and the words of each, shortest first (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from checks.sql.languages.automaton import Automaton, TooLargeError, alphabet
from checks.sql.languages.charsets import ALL, CharSet, chars, meet, without

_MOST_STATES = 6_000
_MOST_EFFORT = 1_000_000
"""Moves followed to build a product, at most: about half a second."""
_LONGEST = 300
_NICE = chars("abcdefghijklmnopqrstuvwxyz"), chars("0123456789ABCDEFGHJKLMNOPQRSTUVWXYZI"), ((0x21, 0x7E),), ((0x20, 0x7E),)


@dataclass(frozen=True, slots=True)
class Cell:
    """The texts for which every language says the same."""

    product: Product
    signs: tuple[bool, ...]
    """Which of the languages hold them."""

    def words(self, longest: int | None = None) -> Iterator[str]:
        """Its texts of at most `longest` characters, shorter ones first; very long ones are left out."""
        yield from self.product.words(self.signs, longest)

    def count(self, longest: int | None = None, most: int = 1_000) -> int:
        """How many texts of at most `longest` characters it has; more than `most` is not counted on."""
        return self.product.count(self.signs, longest, most)


class Product:
    """Several automata run side by side."""

    def __init__(self, automata: Sequence[Automaton]) -> None:
        """Builds the states that can be reached.

        Raises:
            TooLargeError: there are too many.
        """
        sets = [each.alphabet.sets() for each in automata]
        letters, members = alphabet(frozenset(one for each in sets for one in each))
        routes = [[0] * letters.size for _ in automata]
        for route, each in zip(routes, sets, strict=True):
            for group, one in enumerate(each):
                for cell in members[one]:
                    route[cell] = group
        self._shown = [_shown(one) for one in letters.sets()]
        usable = [group for group, characters in enumerate(self._shown) if characters]
        usable.sort(key=lambda group: _rank(self._shown[group]))
        start = (0,) * len(automata)
        known = {start: 0}
        waiting = [start]
        self._moves: list[list[tuple[int, int]]] = []
        self._signs: list[tuple[bool, ...]] = []
        for states in waiting:
            self._signs.append(tuple(each.final[state] for each, state in zip(automata, states, strict=True)))
            rows = [each.moves[state] for each, state in zip(automata, states, strict=True)]
            found = []
            for group in usable:
                target = tuple([row[route[group]] for row, route in zip(rows, routes, strict=True)])
                if target not in known:
                    known[target] = len(known)
                    waiting.append(target)
                    if len(known) > _MOST_STATES or len(known) * len(usable) * len(automata) > _MOST_EFFORT:
                        raise TooLargeError
                found.append((group, known[target]))
            self._moves.append(found)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """One for each combination that some text has."""
        return tuple(Cell(self, signs) for signs in sorted(set(self._signs)))

    @cached_property
    def _back(self) -> list[set[int]]:
        found: list[set[int]] = [set() for _ in self._moves]
        for state, row in enumerate(self._moves):
            for _, to in row:
                found[to].add(state)
        return found

    def _reach(self, signs: tuple[bool, ...]) -> Iterator[frozenset[int]]:
        """From which states a text of 0, 1, 2 … characters leads into the cell."""
        now = frozenset(state for state, each in enumerate(self._signs) if each == signs)
        while True:
            yield now
            now = frozenset(before for state in now for before in self._back[state])

    def words(self, signs: tuple[bool, ...], longest: int | None) -> Iterator[str]:
        """The texts of a cell, shorter ones first."""
        reach: list[frozenset[int]] = []
        layers = self._reach(signs)
        last = _LONGEST if longest is None else min(longest, _LONGEST)
        idle = 0
        for size in range(last + 1):
            reach.append(next(layers))
            if 0 in reach[size]:
                yield from self._of_size(size, reach)
                idle = 0
            else:
                idle += 1
                if idle > len(self._moves) or not reach[size]:
                    return

    def _of_size(self, size: int, reach: Sequence[frozenset[int]]) -> Iterator[str]:
        if not size:
            yield ""
            return
        stack = [self._choices(0, reach[size - 1])]
        text: list[str] = []
        while stack:
            choice = next(stack[-1], None)
            if choice is None:
                stack.pop()
                if text:
                    text.pop()
                continue
            character, to = choice
            if len(stack) == size:
                yield "".join(text) + character
            else:
                text.append(character)
                stack.append(self._choices(to, reach[size - len(stack) - 1]))

    def _choices(self, state: int, allowed: frozenset[int]) -> Iterator[tuple[str, int]]:
        for group, to in self._moves[state]:
            if to in allowed:
                for character in _each(self._shown[group]):
                    yield character, to

    def count(self, signs: tuple[bool, ...], longest: int | None, most: int) -> int:
        """How many texts a cell has, no further than `most`."""
        sizes = [_size(characters) for characters in self._shown]
        last = len(self._moves) if longest is None else longest
        weights: Mapping[int, int] = {0: 1}
        alive = self._alive(signs)
        total = 0
        for _ in range(last + 1):
            total += sum(weight for state, weight in weights.items() if self._signs[state] == signs)
            if total > most or not weights:
                return total
            following: dict[int, int] = {}
            for state, weight in weights.items():
                for group, to in self._moves[state]:
                    if to in alive:
                        following[to] = min(following.get(to, 0) + weight * sizes[group], most + 1)
            weights = following
        return total if longest is not None else most + 1 if weights else total

    def _alive(self, signs: tuple[bool, ...]) -> frozenset[int]:
        """The states from which the cell can be reached."""
        found = {state for state, each in enumerate(self._signs) if each == signs}
        waiting = list(found)
        while waiting:
            for before in self._back[waiting.pop()]:
                if before not in found:
                    found.add(before)
                    waiting.append(before)
        return frozenset(found)


def _shown(characters: CharSet) -> CharSet:
    """The characters that text can hold, plain letters first."""
    rest = meet(characters, ALL)
    found: list[tuple[int, int]] = []
    for nice in _NICE:
        found += meet(rest, nice)
        rest = without(rest, nice)
    return (*found, *rest)


def _rank(characters: CharSet) -> int:
    first = characters[0][0]
    return next((rank for rank, nice in enumerate(_NICE) if meet(nice, ((first, first),))), len(_NICE))


def _each(characters: CharSet) -> Iterator[str]:
    return map(chr, itertools.chain.from_iterable(range(low, high + 1) for low, high in characters))


def _size(characters: CharSet) -> int:
    return sum(high - low + 1 for low, high in characters)
