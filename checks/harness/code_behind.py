"""Functions of the user's that a CHECK rests on, by name: the CHECK's text may stay while their bodies change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checks.harness.snapshot import Function, Object, Snapshot
from checks.harness.sqltext import split_path


def changed_code(text: str, expected: Mapping[str, Object], found: Snapshot) -> Iterator[str]:
    """Each function that `text` calls, directly or through others, and that is not what the migrations made.

    Args:
        text: a CHECK, or the body of a function.
        expected: the derived objects.
        found: the catalogue as it is.
    """
    names = {key: split_path(key[9:].partition("(")[0])[-1] for key, item in expected.items()
             if isinstance(item, Function)}
    waiting, seen = [text], set[str]()
    while waiting:
        words = waiting.pop()
        for key, name in names.items():
            if key in seen or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words):
                continue
            seen.add(key)
            item = expected[key]
            if item != found.objects.get(key):
                yield key[9:]
            waiting.append(item.body if isinstance(item, Function) else "")
