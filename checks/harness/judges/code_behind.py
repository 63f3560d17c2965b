"""Functions of the user's that a CHECK rests on, by name: the CHECK's text may stay while their bodies change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from checks.harness.snapshot import Function
from checks.harness.sqltext import split_path


@lru_cache(maxsize=4096)
def _bare(key: str) -> str:
    """`function:app."F"(integer)` -> `F`."""
    return split_path(key[9:].partition("(")[0])[-1]


def changed_code(text: str, expected: Mapping[str, Function], found: Mapping[str, Function]) -> Iterator[str]:
    """Each function that `text` calls, directly or through others, and that is not what the migrations made.

    Args:
        text: a CHECK, or the body of a function.
        expected: the derived functions.
        found: those of the catalogue as it is.
    """
    waiting, seen = [text], set[str]()
    while waiting:
        words = waiting.pop()
        for key in expected:
            name = _bare(key)
            if key in seen or name not in words or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words):
                continue
            seen.add(key)
            if expected[key] != found.get(key):
                yield key[9:]
            waiting.append(expected[key].body)
