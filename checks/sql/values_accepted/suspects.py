"""Values that a careless CHECK takes for allowed ones, most telling first: what to try before giving up (pure)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

_WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
"""ASCII to its full-width forms, which NFKC turns back."""
_ODD_BLANKS = ("\t", "\n", "\u00a0", "\r\n", "\u3000")


def texts(allowed: Iterable[str], literals: Iterable[str]) -> Iterator[str]:
    """Texts to try, each once; infinitely many are not made."""
    yield from dict.fromkeys(_texts([*allowed], [*literals]))


def _texts(allowed: list[str], literals: list[str]) -> Iterator[str]:
    yield from literals
    yield "banana"
    yield ""
    for value in (*allowed, *literals):
        yield from (value.upper(), value.lower(), value.title(), value.capitalize(), value.swapcase(), f" {value}",
                    f"{value} ", f" {value} ")
    for value in allowed:
        yield from (f"{value}{blank}" for blank in _ODD_BLANKS)
        yield from (f"{blank}{value}" for blank in _ODD_BLANKS)
        yield from (value.translate(_WIDE), f"{value}s", f"x{value}", f"{value}x", value[:-1], value[1:], value[:1],
                    value * 2, value[::-1], f"{value}\nx", f"x\n{value}", f"'{value}'")
    for value, mark in itertools.product(allowed, literals):
        if len(mark) <= 3:
            yield from (mark + value, value + mark, value[:1] + mark + value[1:])
    for text in literals:
        yield from re.findall(r"\w+", text)
        yield from (text[:1], text[1:], text[:-1], f"{text}x", f"x{text}", text.replace("%", ""), text.replace("_", "x"))
    for one, other in itertools.permutations(allowed[:4], 2):
        yield from (f"{one},{other}", one + other, f"{one} {other}")
    yield from (" ", "a", "A", "1", "0", "é", "x" * 20, "ﬁ", "\u212a")
