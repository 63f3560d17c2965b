"""What may keep values out of a column and is not decided by reading: triggers, rules, exclusions, some partitions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.catalog.objects import Constraint, Trigger
from checks.catalog.snapshot import Snapshot
from checks.observation.guards.partition_bounds import closed_partitions
from checks.sql.names import shown

_REFUSES = re.compile(r"\bRAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)|\bRETURN\s+NULL\b|\bassert\b", re.IGNORECASE)
"""How a trigger function keeps a row out."""


def other_guards(table: str, column: str, found: Snapshot) -> Iterator[str]:
    """What may keep a value out of `column` (its bare name) besides what reading decides on, in words."""
    for name, item in found.of(table, "constraint"):
        if item.type == "exclusion" and _excludes(item, column):
            yield f"the exclusion constraint {name} compares it with stored rows"
        elif item.type == "foreign key" and item.enforced and item.references == table and column in item.columns \
                and item.referenced_columns != item.columns:
            yield f"the foreign key {name} compares it with stored rows"
    for name, trigger in found.of(table, "trigger"):
        if trigger.enabled != "disabled" and "insert" in trigger.events and _refuses(trigger, column, found):
            yield f"the trigger {name} may refuse it"
    yield from swallowing_rules(table, found)
    bounds = closed_partitions(table, column, found)
    if bounds is not None:
        yield bounds


def swallowing_rules(table: str, found: Snapshot) -> Iterator[str]:
    """Rules that do something else in place of an INSERT, in words."""
    for name, rule in found.of(table, "rule"):
        if rule.enabled != "disabled" and rule.instead and rule.event == "insert":
            yield f"the rule {name} may swallow it"


def _excludes(item: Constraint, column: str) -> bool:
    """Whether the exclusion looks at the column otherwise than for rows that hold the very same value."""
    name = re.escape(shown(column))
    text = re.sub(rf"(?<![\w.\"]){name} WITH =(?![<>=~!@#%^&|?*/+-])", "", item.expression or "")
    return re.search(rf"(?<![\w.\"]){name}(?![\w\"])", text) is not None


def _refuses(trigger: Trigger, column: str, found: Snapshot) -> bool:
    bodies = [item.body for key, item in found.functions.items() if key.path.startswith(trigger.function + "(")]
    name = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)", re.IGNORECASE)
    return any(_REFUSES.search(body) and name.search(body) for body in bodies)
