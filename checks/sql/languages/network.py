"""Nondeterministic automata, built step by step and then made deterministic (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from checks.sql.languages.automaton import MOST_STATES, Automaton, TooLargeError, alphabet, smallest
from checks.sql.languages.charsets import ALL, CharSet
from checks.sql.languages.trees import Chain, Echo, Edge, Either, Guess, OneOf, Pattern, Repeat

_MOST_PLACES = 20_000
_MOST_EFFORT = 1_000_000
"""Steps looked at to make one automaton, at most: about half a second."""


class Network:
    """States with steps on character sets and free moves; a free move may be bound to the text's start or end."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[CharSet, int]]] = []
        self.free: list[list[tuple[str, int]]] = []

    def place(self) -> int:
        """A new state.

        Raises:
            TooLargeError: there are too many.
        """
        if len(self.steps) >= _MOST_PLACES:
            raise TooLargeError
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def step(self, start: int, characters: CharSet, end: int) -> None:
        """From `start` to `end` on any of these characters."""
        if characters:
            self.steps[start].append((characters, end))

    def move(self, start: int, end: int, mark: str = "") -> None:
        """From `start` to `end` without a character; `^` or `$`: only at the start or the end of the text."""
        self.free[start].append((mark, end))

    def copy(self, automaton: Automaton) -> int:
        """Adds an automaton's states, whose number 0 becomes the state returned, and so on."""
        sets = automaton.alphabet.sets()
        first = len(self.steps)
        for _ in automaton.moves:
            self.place()
        for state, row in enumerate(automaton.moves):
            for group, to in enumerate(row):
                self.step(first + state, sets[group], first + to)
        return first

    def automaton(self, start: int, accepting: Iterable[int]) -> Automaton:
        """The deterministic automaton from `start` that accepts in any of `accepting`.

        Raises:
            TooLargeError: it has too many states.
        """
        letters, members = alphabet(frozenset(characters for row in self.steps for characters, _ in row))
        steps = [[(members[characters], to) for characters, to in row] for row in self.steps]
        wanted = frozenset(accepting)
        first = self._closed((start,), "^")
        # The start is a state of its own even if it is met again later: only there does ^ hold.
        known: dict[tuple[bool, frozenset[int]], int] = {(True, first): 0}
        waiting = [(True, first)]
        moves: list[list[int]] = []
        final: list[bool] = []
        effort = 0
        for opening, places in waiting:
            final.append(not wanted.isdisjoint(self._closed(places, "^$" if opening else "$")))
            found: list[set[int]] = [set() for _ in range(letters.size)]
            for place in places:
                effort += sum(len(groups) for groups, _ in steps[place])
                if effort > _MOST_EFFORT:
                    raise TooLargeError
                for groups, to in steps[place]:
                    for group in groups:
                        found[group].add(to)
            row = []
            for targets in found:
                key = (False, self._closed(targets, ""))
                if key not in known:
                    known[key] = len(known)
                    waiting.append(key)
                    if len(known) > MOST_STATES:
                        raise TooLargeError
                row.append(known[key])
            moves.append(row)
        return smallest(letters, moves, final)

    def _closed(self, places: Iterable[int], marks: str) -> frozenset[int]:
        found = set(places)
        waiting = list(found)
        while waiting:
            for mark, to in self.free[waiting.pop()]:
                if to not in found and (not mark or mark in marks):
                    found.add(to)
                    waiting.append(to)
        return frozenset(found)

    def pattern(self, tree: Pattern, start: int, *, generous: bool) -> int:
        """Adds a pattern from `start`, and returns where it ends.

        `generous`: what is not known is taken to match, else to fail.

        Raises:
            TooLargeError: it has too many states.
        """
        if isinstance(tree, OneOf):
            end = self.place()
            self.step(start, tree.chars.maybe if generous else tree.chars.surely, end)
            return end
        if isinstance(tree, Chain):
            for part in tree.parts:
                start = self.pattern(part, start, generous=generous)
            return start
        if isinstance(tree, Either):
            end = self.place()
            for part in tree.parts:
                branch = self.place()
                self.move(start, branch)
                self.move(self.pattern(part, branch, generous=generous), end)
            return end
        if isinstance(tree, Repeat):
            return self._repeat(tree, start, generous=generous)
        return self._condition(tree, start, generous=generous)

    def _repeat(self, tree: Repeat, start: int, *, generous: bool) -> int:
        for _ in range(tree.low):
            start = self.pattern(tree.part, start, generous=generous)
        end = self.place()
        if tree.high is None:
            loop = self.place()
            self.move(start, loop)
            self.move(self.pattern(tree.part, loop, generous=generous), loop)
            self.move(loop, end)
            return end
        self.move(start, end)
        for _ in range(tree.high - tree.low):
            inner = self.place()
            self.move(start, inner)
            start = self.pattern(tree.part, inner, generous=generous)
            self.move(start, end)
        return end

    def _condition(self, tree: Pattern, start: int, *, generous: bool) -> int:
        end = self.place()
        if isinstance(tree, Edge):
            self.move(start, end, tree.mark)
        elif isinstance(tree, Guess) and generous:
            self.move(start, end)
        elif isinstance(tree, Echo) and generous:
            self.move(self.pattern(_unbound(tree.part), start, generous=True), end)
        return end


def _unbound(tree: Pattern) -> Pattern:
    """The pattern without its conditions: a back reference repeats the text, wherever it stands."""
    if isinstance(tree, Edge | Guess):
        return Chain()
    if isinstance(tree, Chain | Either):
        return type(tree)(tuple(_unbound(part) for part in tree.parts))
    if isinstance(tree, Repeat):
        return Repeat(_unbound(tree.part), tree.low, tree.high)
    return Echo(_unbound(tree.part)) if isinstance(tree, Echo) else tree


def compiled(tree: Pattern, *, anywhere: bool, generous: bool) -> Automaton:
    """The texts that match as a whole or, if `anywhere`, hold a match.

    Raises:
        TooLargeError: it has too many states.
    """
    net = Network()
    start = net.place()
    inner = net.place()
    net.move(start, inner)
    end = net.pattern(tree, inner, generous=generous)
    if anywhere:
        net.step(start, ALL, start)
        net.step(end, ALL, end)
    return net.automaton(start, (end,))
