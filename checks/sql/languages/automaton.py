"""Deterministic automata over all of Unicode: what they accept, and the smallest that accepts the same (pure)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from checks.sql.languages.charsets import LAST, CharSet

MOST_STATES = 3_000
"""States of one automaton, at most; beyond, the language is not looked into."""


_MOST_EFFORT = 200_000
"""Moves compared to make an automaton smaller, at most: about a tenth of a second."""


class TooLargeError(Exception):
    """An automaton would have more states than `MOST_STATES`."""


@dataclass(frozen=True, slots=True, eq=False)
class Alphabet:
    """All code points parted into groups that an automaton does not tell apart."""

    starts: tuple[int, ...]
    """Where each range of code points begins, the first at 0; a range ends where the next begins."""
    groups: tuple[int, ...]
    """The group of each range, counted from 0."""

    def group(self, character: str) -> int:
        """The group of one character."""
        return self.groups[bisect_right(self.starts, ord(character)) - 1]

    @property
    def size(self) -> int:
        """How many groups there are."""
        return max(self.groups) + 1

    def sets(self) -> list[CharSet]:
        """The code points of each group."""
        found: list[list[tuple[int, int]]] = [[] for _ in range(self.size)]
        for at, (start, group) in enumerate(zip(self.starts, self.groups, strict=True)):
            end = self.starts[at + 1] - 1 if at + 1 < len(self.starts) else LAST
            found[group].append((start, end))
        return [tuple(ranges) for ranges in found]


@lru_cache(maxsize=2048)
def alphabet(sets: frozenset[CharSet]) -> tuple[Alphabet, dict[CharSet, tuple[int, ...]]]:
    """The coarsest alphabet in which each set is made of whole groups, and the groups of each set."""
    cuts = sorted({0, *(point for one in sets for low, high in one for point in (low, high + 1) if point <= LAST)})
    inside: list[list[int]] = [[] for _ in cuts]
    ordered = sorted(sets)
    places = {cut: at for at, cut in enumerate(cuts)}
    for number, one in enumerate(ordered):
        for low, high in one:
            last = places[high + 1] if high < LAST else len(cuts)
            for at in range(places[low], last):
                inside[at].append(number)
    known: dict[tuple[int, ...], int] = {}
    groups = tuple(known.setdefault(tuple(each), len(known)) for each in inside)
    members: dict[CharSet, list[int]] = {one: [] for one in ordered}
    for signature, group in known.items():
        for number in signature:
            members[ordered[number]].append(group)
    return Alphabet(tuple(cuts), groups), {one: tuple(each) for one, each in members.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """Complete: every state has a move on every group. State 0 is the start."""

    alphabet: Alphabet
    moves: tuple[tuple[int, ...], ...]
    final: tuple[bool, ...]

    def run(self, text: str, state: int = 0) -> int:
        """The state after reading `text`."""
        group, moves = self.alphabet.group, self.moves
        for character in text:
            state = moves[state][group(character)]
        return state

    def accepting(self) -> list[int]:
        """The states that accept."""
        return [state for state, accepts in enumerate(self.final) if accepts]

    def accepts(self, text: str) -> bool:
        """Whether `text` is in the language."""
        return self.final[self.run(text)]


def smallest(letters: Alphabet, moves: Sequence[Sequence[int]], final: Sequence[bool]) -> Automaton:
    """An automaton that accepts the same, unreachable states left out: the smallest (Moore), if that is cheap to find."""
    reached = _reached(moves)
    blocks: dict[int, int] = {state: int(final[state]) for state in reached}
    count = len(set(blocks.values()))
    effort = 0
    while True:
        effort += len(reached) * letters.size
        if effort > _MOST_EFFORT:
            finer, count = {state: at for at, state in enumerate(reached)}, len(reached)
            break
        known: dict[tuple[int, ...], int] = {}
        finer = {state: known.setdefault((blocks[state], *(blocks[to] for to in moves[state])), len(known))
                 for state in reached}
        if len(known) == count:
            break
        blocks, count = finer, len(known)
    made: dict[int, tuple[int, ...]] = {}
    ends: dict[int, bool] = {}
    for state in reached:
        made.setdefault(finer[state], tuple(finer[to] for to in moves[state]))
        ends.setdefault(finer[state], final[state])
    return Automaton(letters, tuple(made[block] for block in range(count)), tuple(ends[block] for block in range(count)))


def _reached(moves: Sequence[Sequence[int]]) -> list[int]:
    found = {0: None}
    waiting = [0]
    while waiting:
        for to in moves[waiting.pop()]:
            if to not in found:
                found[to] = None
                waiting.append(to)
    return list(found)


def of_words(words: Collection[str]) -> Automaton:
    """Accepts exactly these words.

    Raises:
        TooLargeError: they are too many or too long.
    """
    letters, members = alphabet(frozenset(((ord(each), ord(each)),) for text in words for each in text))
    nowhere = [1] * letters.size
    moves: list[list[int]] = [list(nowhere), list(nowhere)]
    final = [False, False]
    for text in words:
        at = 0
        for each in text:
            group = members[((ord(each), ord(each)),)][0]
            if moves[at][group] == 1:
                moves[at][group] = len(moves)
                moves.append(list(nowhere))
                final.append(False)
                if len(moves) > MOST_STATES:
                    raise TooLargeError
            at = moves[at][group]
        final[at] = True
    return smallest(letters, moves, final)


def of_lengths(low: int, high: int | None) -> Automaton:
    """Accepts every text of `low` to `high` characters (None: without end).

    Raises:
        TooLargeError: a bound is too high.
    """
    letters, _ = alphabet(frozenset())
    last = low if high is None else high + 1
    if last > MOST_STATES:
        raise TooLargeError
    final = [low <= size and (high is None or size <= high) for size in range(last + 1)]
    return smallest(letters, [(min(size + 1, last),) for size in range(last + 1)], final)
