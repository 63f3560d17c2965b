"""The texts which a function that cuts or adds at a text's ends maps into a language (pure).

Each function here takes the automaton of a language L and makes that of the texts whose image lies in L.
"""

from __future__ import annotations

import itertools

from checks.sql.languages.automaton import MOST_STATES, Automaton, TooLargeError, smallest
from checks.sql.languages.charsets import ALL, chars, without
from checks.sql.languages.network import Network


def followed_by(automaton: Automaton, text: str) -> Automaton:
    """The texts that lie in the language once `text` is appended."""
    final = [automaton.final[automaton.run(text, state)] for state in range(len(automaton.moves))]
    return smallest(automaton.alphabet, automaton.moves, final)


def preceded_by(automaton: Automaton, text: str) -> Automaton:
    """The texts that lie in the language once `text` is put before them."""
    start = automaton.run(text)
    moves = [automaton.moves[start], *(automaton.moves)]
    shifted = [tuple(to + 1 for to in row) for row in moves]
    return smallest(automaton.alphabet, shifted, [automaton.final[start], *automaton.final])


def first_characters(automaton: Automaton, count: int) -> Automaton:
    """The texts whose first `count` characters lie in the language; less than 0: all but the last so many.

    Raises:
        TooLargeError: there are too many states.
    """
    if count < 0:
        return _all_but_last(automaton, -count)
    size = len(automaton.moves)
    if size * (count + 1) > MOST_STATES * 4:
        raise TooLargeError
    moves = [tuple(read * size + size + to for to in row) for read in range(count) for row in automaton.moves]
    moves += [tuple(count * size + state for _ in row) for state, row in enumerate(automaton.moves)]
    return smallest(automaton.alphabet, moves, [accepts for _ in range(count + 1) for accepts in automaton.final])


def _all_but_last(automaton: Automaton, count: int) -> Automaton:
    net = Network()
    first = net.copy(automaton)
    start = net.place()
    net.move(start, first)
    tail = [net.place() for _ in range(count + 1)]
    for place, following in itertools.pairwise(tail):
        net.step(place, ALL, following)
    for state in automaton.accepting():
        net.move(first + state, tail[0])
    short = [net.place() for _ in range(count + 1)]
    for place, following in itertools.pairwise(short):
        net.step(place, ALL, following)
    net.move(start, short[0])
    return net.automaton(start, [tail[-1], *(short if automaton.final[0] else ())])


def without_first(automaton: Automaton, count: int) -> Automaton:
    """The texts that lie in the language once their first `count` characters are gone.

    Raises:
        TooLargeError: there are too many states.
    """
    if count > MOST_STATES:
        raise TooLargeError
    rows = [tuple(at + 1 for _ in range(automaton.alphabet.size)) for at in range(count)]
    rows += [tuple(count + to for to in row) for row in automaton.moves]
    return smallest(automaton.alphabet, rows, [automaton.final[0]] * count + list(automaton.final))


def last_characters(automaton: Automaton, count: int) -> Automaton:
    """The texts whose last `count` characters lie in the language; less than 0: all but the first so many.

    Raises:
        TooLargeError: there are too many states.
    """
    if count < 0:
        return without_first(automaton, -count)
    return reverse(first_characters(reverse(automaton), count))


def reverse(automaton: Automaton) -> Automaton:
    """The texts that lie in the language when read backwards.

    Raises:
        TooLargeError: there are too many states.
    """
    sets = automaton.alphabet.sets()
    net = Network()
    for _ in automaton.moves:
        net.place()
    for state, row in enumerate(automaton.moves):
        for group, to in enumerate(row):
            net.step(to, sets[group], state)
    start = net.place()
    for state in automaton.accepting():
        net.move(start, state)
    return net.automaton(start, (0,))


def trimmed(automaton: Automaton, characters: str, *, left: bool, right: bool) -> Automaton:
    """The texts that lie in the language once all of `characters` are cut off at these ends.

    Raises:
        TooLargeError: there are too many states.
    """
    blanks, sets = chars(characters), automaton.alphabet.sets()
    net = Network()
    first = net.copy(automaton)
    start, end = net.place(), net.place()
    if left:
        net.step(start, blanks, start)
    if right:
        net.step(end, blanks, end)
    for group, to in enumerate(automaton.moves[0]):
        # The first character that stays; on from there the language's own moves.
        net.step(start, without(sets[group], blanks) if left else sets[group], first + to)
    for state, row in enumerate(automaton.moves):
        for group, to in enumerate(row):
            if automaton.final[to]:
                # The last character that stays.
                last = without(sets[group], blanks) if right else sets[group]
                net.step(first + state, last, end)
                if state == 0:
                    net.step(start, without(last, blanks) if left else last, end)
    empty = net.place()
    net.move(start, empty)
    if right:
        net.step(empty, blanks, empty)
    return net.automaton(start, [end, *([empty] if automaton.final[0] else [])])


def padded(automaton: Automaton, size: int) -> Automaton:
    """The texts of at most `size` characters that lie in the language once filled up with blanks to `size`.

    Raises:
        TooLargeError: there are too many states.
    """
    count = len(automaton.moves)
    if count * (size + 2) > MOST_STATES * 4:
        raise TooLargeError
    dead = count * (size + 1)
    moves = [tuple(read * count + count + to for to in row) for read in range(size) for row in automaton.moves]
    moves += [tuple(dead for _ in row) for row in automaton.moves]
    moves.append(tuple(dead for _ in range(automaton.alphabet.size)))
    final = [automaton.final[automaton.run(" " * (size - read), state)]
             for read in range(size + 1) for state in range(count)]
    return smallest(automaton.alphabet, moves, [*final, False])


def without_edges(characters: str, *, left: bool, right: bool) -> Automaton:
    """The texts that neither begin (`left`) nor end (`right`) with one of `characters`."""
    net = Network()
    start, inside, end = net.place(), net.place(), net.place()
    blanks = chars(characters)
    kept = without(ALL, blanks)
    net.step(start, kept if left else ALL, inside)
    net.step(inside, ALL, inside)
    net.step(inside, kept if right else ALL, end)
    net.step(start, kept if left or right else ALL, end)
    return net.automaton(start, (start, end))
