"""The user's own code on which something judged rests: functions that a CHECK calls, triggers. Pure: read, never run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from checks.catalog.key import Key
from checks.catalog.objects import Function, Trigger
from checks.catalog.snapshot import Snapshot


def changed_code(text: str, expected: Mapping[Key, Function], found: Mapping[Key, Function]) -> Iterator[str]:
    """Each function that `text` calls, directly or through others, and that is not what the migrations made.

    Args:
        text: a CHECK, or the body of a function.
        expected: the derived functions.
        found: those of the catalogue as it is.
    """
    waiting, seen = [text], set[Key]()
    while waiting:
        words = waiting.pop()
        for key, function in expected.items():
            name = key.bare
            if key in seen or name not in words or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words):
                continue
            seen.add(key)
            if function != found.get(key):
                yield key.path
            waiting.append(function.body)


def trigger_harm(trigger: Trigger, table: str, found: Snapshot) -> str:
    """What an enabled trigger may do to rows that are written, in words, or an empty string."""
    if trigger.enabled == "disabled" or not {"insert", "update"} & set(trigger.events):
        return ""
    if trigger.instead or (trigger.before and trigger.row):
        return "can rewrite or swallow rows before they are stored"
    bodies = " ".join(item.body for key, item in found.functions.items() if key.path.startswith(trigger.function + "("))
    writes = re.search(r"\b(delete|update|truncate)\b", bodies, re.I)
    own = re.search(rf"\b({re.escape(Key.table(table).bare)}|tg_table_name|tg_relid)\b", bodies, re.I)
    return f"can {writes[1].lower()} rows after they are stored" if writes and own else ""
