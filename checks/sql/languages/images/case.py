"""What lower and upper do to text in any locale, and the languages whose images lie in a language (pure).

ASCII letters have the same partners everywhere but `i` and `I`, whose partners in Turkish and Azeri are dotless or
dotted. Beyond ASCII the few characters that may become pure ASCII are listed; all others become text that holds some
character beyond ASCII. Source: Unicode's UnicodeData.txt and SpecialCasing.txt, ICU's Greek upper case.
"""

from __future__ import annotations

import string
from functools import lru_cache

from checks.sql.languages.automaton import Automaton
from checks.sql.languages.charsets import (
    ALL,
    ASCII,
    FOREIGN,
    LOWERS,
    UPPERS,
    Bounds,
    CharSet,
    chars,
    exactly,
    union,
    without,
)
from checks.sql.languages.images.substitution import FOREIGN_TEXT, Image, Vanishing, substituted
from checks.sql.languages.language import Language, matching
from checks.sql.languages.trees import OneOf, Repeat

_DOT = "\u0307"
_DOTTED = Vanishing(chars(_DOT), chars("I"))
"""The dot above, which lower case drops after a Turkish I."""
_LOWER_ODD = {"I": "i\u0131", "\u212a": "k\u212a", "\u0130": "i\u0130"}
"""Lower case that differs by locale, or is ASCII: character -> the characters it may become."""
_UPPER_ODD = {"i": "I\u0130", "\u0131": "I\u0131", "\u017f": "S\u017f"}
_UPPER_LONG = {"\u00df": "SS", "\ufb00": "FF", "\ufb01": "FI", "\ufb02": "FL", "\ufb03": "FFI", "\ufb04": "FFL",
               "\ufb05": "ST", "\ufb06": "ST"}
_MARKS: CharSet = ((0x300, 0x36F),)
"""Combining marks, which upper case drops in Greek and Lithuanian."""
_LOWER_TABLE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER_TABLE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_MOST_ODD = 6


def lowered(text: str, *, plain: bool) -> frozenset[str] | None:
    """What `lower` may make of ASCII text in some locale; None where that is not known.

    `plain`: in the C collation, where nothing beyond ASCII changes.
    """
    return _images(text, _LOWER_TABLE, "I", _LOWER_ODD["I"], plain)


def uppered(text: str, *, plain: bool) -> frozenset[str] | None:
    """What `upper` may make of ASCII text in some locale; None where that is not known."""
    return _images(text, _UPPER_TABLE, "i", _UPPER_ODD["i"], plain)


def _images(text: str, table: dict[int, int], odd: str, partners: str, plain: bool) -> frozenset[str] | None:
    if plain:
        return frozenset((text.translate(table),))
    if not text.isascii() or text.count(odd) > _MOST_ODD:
        return None
    found = {""}
    for each in text:
        found = {made + image for made in found for image in (partners if each == odd else each.translate(table))}
    return frozenset(found)


@lru_cache(maxsize=1024)
def lowered_within(language: Language, *, plain: bool) -> Language:
    """The texts whose lower case lies in `language`."""
    if plain:
        return _within_plain(language, UPPERS, _LOWER_TABLE)
    # Lithuanian puts a dot above between i or j and an accent.
    maybe = [*_swapped(UPPERS, _LOWER_TABLE), *_odd(_LOWER_ODD), *_odd({"I": [f"i{_DOT}"], "J": [f"j{_DOT}"],
                                                                       "\u0130": [f"i{_DOT}"]})]
    return _within(language, UPPERS, _LOWER_TABLE, "I", maybe, chars("".join(_LOWER_ODD)), _DOTTED)


@lru_cache(maxsize=1024)
def uppered_within(language: Language, *, plain: bool) -> Language:
    """The texts whose upper case lies in `language`."""
    if plain:
        return _within_plain(language, LOWERS, _UPPER_TABLE)
    long = {character: [image, character] for character, image in _UPPER_LONG.items()}
    maybe = [*_swapped(LOWERS, _UPPER_TABLE), *_odd(_UPPER_ODD), *_odd(long), (_MARKS, frozenset(("",)))]
    return _within(language, LOWERS, _UPPER_TABLE, "i", maybe, chars("".join(_UPPER_ODD)), None)


def _swapped(letters: CharSet, table: dict[int, int]) -> list[tuple[CharSet, Image]]:
    codes = [code for low, high in letters for code in range(low, high + 1)]
    return [(((code, code),), frozenset((chr(table[code]),))) for code in codes]


def _odd(images: dict[str, str] | dict[str, list[str]]) -> list[tuple[CharSet, Image]]:
    return [(chars(character), frozenset(image)) for character, image in images.items()]


def _within_plain(language: Language, letters: CharSet, table: dict[int, int]) -> Language:
    images = [*_swapped(letters, table), (without(ALL, letters), None)]
    return language.mapped(lambda automaton: substituted(automaton, images))


def _within(language: Language, letters: CharSet, table: dict[int, int], odd: str, images: list[tuple[CharSet, Image]],
            known: CharSet, vanishing: Vanishing | None) -> Language:
    kept: tuple[CharSet, Image] = (without(ASCII, letters), None)
    sure = [*(each for each in _swapped(letters, table) if each[0] != chars(odd)), kept]
    maybe = [*images, kept, (without(FOREIGN, known), FOREIGN_TEXT)]

    def inner(automaton: Automaton) -> Automaton:
        return substituted(automaton, sure)

    def outer(automaton: Automaton) -> Automaton:
        return substituted(automaton, maybe, vanishing)

    return language.mapped(inner, outer)


@lru_cache(maxsize=4)
def unchanged_by(name: str, *, plain: bool) -> Language:
    """The texts that `lower` or `upper` (`name`) leaves as they are: none with an ASCII letter of the other case."""
    other = UPPERS if name == "lower" else LOWERS
    characters = exactly(without(ALL, other))
    if not plain:
        characters = Bounds(without(ASCII, other), union(characters.maybe))
    return matching(Repeat(OneOf(characters), 0, None), anywhere=False)
