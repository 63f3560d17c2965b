"""The texts which a function of text maps into a language, built on that language's automaton (pure).

Each function here takes the automaton of a language L and makes that of the texts whose image lies in L.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checks.sql.languages.automaton import Automaton
from checks.sql.languages.charsets import ALL, ASCII, FOREIGN, CharSet, chars, meet, without
from checks.sql.languages.network import Network

ANY_TEXT, FOREIGN_TEXT = "any", "foreign"
Image = frozenset[str] | str | None
"""What a character may become: one of these texts; ANY_TEXT, any text; FOREIGN_TEXT, any that holds a character beyond
ASCII; None: itself."""


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Characters that may also become nothing, while only characters beyond ASCII part them from one of `after`."""

    characters: CharSet
    after: CharSet


def substituted(automaton: Automaton, images: Sequence[tuple[CharSet, Image]],
                vanishing: Vanishing | None = None) -> Automaton:
    """The texts of which some image lies in the language; a character in none of the sets has no image.

    Raises:
        TooLargeError: there are too many states.
    """
    sets, size = automaton.alphabet.sets(), len(automaton.moves)
    onward = _onward(automaton, ALL)
    net = Network()
    for _ in range(size if vanishing is None else 2 * size):
        net.place()

    def step(state: int, characters: CharSet, to: int) -> None:
        net.step(state, characters, to)
        if vanishing is not None:
            near = meet(characters, vanishing.after)
            net.step(state, near, size + to)
            net.step(size + state, near, size + to)
            net.step(size + state, meet(characters, FOREIGN), size + to)
            net.step(size + state, without(meet(characters, ASCII), vanishing.after), to)

    for state, row in enumerate(automaton.moves):
        for characters, image in images:
            if image is None:
                for group, to in enumerate(row):
                    step(state, meet(characters, sets[group]), to)
            else:
                for to in _targets(automaton, state, image, onward):
                    step(state, characters, to)
        if vanishing is not None:
            net.step(size + state, vanishing.characters, size + state)
    accepting = automaton.accepting()
    return net.automaton(0, [*accepting, *(() if vanishing is None else (size + state for state in accepting))])


def _targets(automaton: Automaton, state: int, image: frozenset[str] | str, onward: Sequence[set[int]]) -> set[int]:
    if image == ANY_TEXT:
        return onward[state]
    if image == FOREIGN_TEXT:
        sets = automaton.alphabet.sets()
        foreign = [group for group, characters in enumerate(sets) if meet(characters, FOREIGN)]
        beyond = {automaton.moves[before][group] for before in onward[state] for group in foreign}
        return {after for each in beyond for after in onward[each]}
    return {automaton.run(text, state) for text in image}


def _onward(automaton: Automaton, characters: CharSet) -> list[set[int]]:
    """The states that some text of these characters leads to, from each state."""
    sets = automaton.alphabet.sets()
    usable = [group for group, each in enumerate(sets) if meet(each, characters)]
    found = []
    for state in range(len(automaton.moves)):
        seen, waiting = {state}, [state]
        while waiting:
            row = automaton.moves[waiting.pop()]
            for group in usable:
                if row[group] not in seen:
                    seen.add(row[group])
                    waiting.append(row[group])
        found.append(seen)
    return found


def translated(automaton: Automaton, mapping: Iterable[tuple[str, str]]) -> Automaton:
    """The texts that lie in the language once each character of `mapping` is replaced by its text.

    Raises:
        TooLargeError: there are too many states.
    """
    pairs = tuple(mapping)
    images: list[tuple[CharSet, Image]] = [(chars(old), frozenset((new,))) for old, new in pairs]
    images.append((without(ALL, chars("".join(old for old, _ in pairs))), None))
    return substituted(automaton, images)


def unless_foreign(automaton: Automaton, *, generous: bool) -> Automaton:
    """The language's texts that are all ASCII and, if `generous`, every text that is not.

    Raises:
        TooLargeError: there are too many states.
    """
    sets = automaton.alphabet.sets()
    net = Network()
    for _ in automaton.moves:
        net.place()
    foreign = net.place()
    for state, row in enumerate(automaton.moves):
        for group, to in enumerate(row):
            net.step(state, meet(sets[group], ASCII), to)
        if generous:
            net.step(state, FOREIGN, foreign)
    net.step(foreign, ALL, foreign)
    return net.automaton(0, [*automaton.accepting(), foreign])
