"""Functions of the user's that a CHECK rests on, by name: the CHECK's text may stay while their bodies change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from checks.catalog.objects import Function, Trigger
from checks.catalog.snapshot import Snapshot
from checks.sql.names import split_path


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


def trigger_harm(trigger: Trigger, table: str, found: Snapshot) -> str:
    """What an enabled trigger may do to rows that are written, in words, or an empty string."""
    if trigger.enabled == "disabled" or not {"insert", "update"} & set(trigger.events):
        return ""
    if trigger.instead or (trigger.before and trigger.row):
        return "can rewrite or swallow rows before they are stored"
    bodies = " ".join(item.body for key, item in found.functions.items() if key[9:].startswith(trigger.function + "("))
    writes = re.search(r"\b(delete|update|truncate)\b", bodies, re.I)
    own = re.search(rf"\b({re.escape(split_path(table)[-1])}|tg_table_name|tg_relid)\b", bodies, re.I)
    return f"can {writes[1].lower()} rows after they are stored" if writes and own else ""
