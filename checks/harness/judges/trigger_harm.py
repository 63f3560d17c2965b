"""What a trigger may do to the rows that are written. Pure; it reads the trigger's events and its function's body."""

from __future__ import annotations

import re

from checks.harness.snapshot import Snapshot, Trigger
from checks.harness.sqltext import split_path


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
