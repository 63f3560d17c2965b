"""Sets of characters as sorted code-point ranges, and the classes of PostgreSQL's regular expressions (pure).

What a character class holds beyond ASCII, and which letters are each other's case variants, depends on the locale
(manual 9.7.3.6; src/backend/regex/regc_pg_locale.c), so these sets come as bounds: what is in them in every locale,
and what may be in them in some.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

CharSet = tuple[tuple[int, int], ...]
"""Ranges of code points, both ends included, sorted, apart from each other."""
LAST = 0x10FFFF
NONE: CharSet = ()
ALL: CharSet = ((1, 0xD7FF), (0xE000, LAST))
"""Every character that PostgreSQL text can hold: neither NUL nor surrogates."""
ASCII: CharSet = ((1, 0x7F),)
FOREIGN: CharSet = ((0x80, 0xD7FF), (0xE000, LAST))
"""Every character beyond ASCII."""
UPPERS: CharSet = ((0x41, 0x5A),)
LOWERS: CharSet = ((0x61, 0x7A),)


def chars(text: str) -> CharSet:
    """The set of the characters of `text`."""
    return union(*(((ord(each), ord(each)),) for each in text))


def union(*sets: CharSet) -> CharSet:
    """Every character in any of the sets."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(each for one in sets for each in one):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def meet(left: CharSet, right: CharSet) -> CharSet:
    """Every character in both sets."""
    found = []
    for low, high in left:
        for other_low, other_high in right:
            if max(low, other_low) <= min(high, other_high):
                found.append((max(low, other_low), min(high, other_high)))
    return tuple(sorted(found))


@lru_cache(maxsize=4096)
def without(left: CharSet, right: CharSet) -> CharSet:
    """Every character of `left` that is not in `right`."""
    gaps, at = [], 0
    for low, high in right:
        if low > at:
            gaps.append((at, low - 1))
        at = high + 1
    if at <= LAST:
        gaps.append((at, LAST))
    return meet(left, tuple(gaps))


@dataclass(frozen=True, slots=True)
class Bounds:
    """A set of characters that depends on the locale: it holds `surely`, and nothing beyond `maybe`."""

    surely: CharSet
    maybe: CharSet

    @property
    def complement(self) -> Bounds:
        """Every other character."""
        return Bounds(without(ALL, self.maybe), without(ALL, self.surely))

    def joined(self, other: Bounds) -> Bounds:
        """What either holds."""
        return Bounds(union(self.surely, other.surely), union(self.maybe, other.maybe))


def exactly(characters: CharSet) -> Bounds:
    """A set that no locale changes."""
    return Bounds(characters, characters)


_ALNUM = union(UPPERS, LOWERS, chars("0123456789"))
_SIGNS = "$+<=>^`|~"
"""ASCII that ICU calls symbols and the C library punctuation."""
_PUNCT = chars("!\"#%&'()*,-./:;?@[\\]_{}")
_WITHIN_ASCII: dict[str, tuple[CharSet, CharSet]] = {
    "alpha": (union(UPPERS, LOWERS), NONE), "lower": (LOWERS, NONE), "upper": (UPPERS, NONE),
    "digit": (chars("0123456789"), NONE), "alnum": (_ALNUM, NONE), "word": (union(_ALNUM, chars("_")), NONE),
    "xdigit": (chars("0123456789abcdefABCDEF"), NONE), "blank": (chars(" \t"), NONE), "ascii": (ASCII, NONE),
    "space": (chars(" \t\n\r\f\v"), ((0x1C, 0x1F),)), "cntrl": (((1, 0x1F), (0x7F, 0x7F)), NONE),
    "graph": (((0x21, 0x7E),), NONE), "print": (((0x20, 0x7E),), chars("\t")), "punct": (_PUNCT, chars(_SIGNS))}


def named(name: str, *, plain: bool) -> Bounds | None:
    """The class `[:name:]`, without what ASCII it may hold in some locales; None if there is no such class.

    `plain`: the collation is known to be C or POSIX, where a class holds ASCII only.
    """
    if name not in _WITHIN_ASCII:
        return None
    surely, maybe = _WITHIN_ASCII[name]
    if name == "ascii":
        return exactly(ASCII)
    if plain:
        return exactly(union(surely, chars(_SIGNS)) if name == "punct" else surely)
    return Bounds(surely, union(surely, maybe, FOREIGN))


def caseless(characters: CharSet, *, plain: bool) -> Bounds:
    """The characters and their case variants, as `~*` takes them: `i` has another partner in Turkish locales."""
    foreign = meet(characters, FOREIGN)
    letters = meet(characters, union(UPPERS, LOWERS))
    swapped = tuple((low ^ 0x20, high ^ 0x20) for low, high in meet(letters, UPPERS) + meet(letters, LOWERS))
    both = union(meet(characters, ASCII), swapped)
    if plain:
        return exactly(union(both, foreign))
    dotless = without(chars("iI"), meet(characters, ASCII))
    maybe = both
    if meet(characters, chars("iI")):
        maybe = union(maybe, chars("iI\u0130\u0131"))
    if foreign:
        maybe = ALL
    return Bounds(without(both, dotless), maybe)
