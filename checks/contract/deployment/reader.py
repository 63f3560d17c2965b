"""`[service.NAME]`, `[function.NAME]`, `[logs.NAME]`, `[freshness.NAME]` and `[rollback]` -> a DeploymentSpec."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TypeVar

from checks.contract.deployment.sections import (
    HOUR,
    PROCESSED,
    Count,
    DeploymentSpec,
    FreshnessSpec,
    FunctionSpec,
    LogsSpec,
    ServiceSpec,
)
from checks.contract.deployment.times import duration_of
from checks.contract.toml_table import TomlTable
from checks.sql.names import nearest

S = TypeVar("S")


def read_deployment(top: TomlTable) -> DeploymentSpec:
    """The sections of a contract.

    Raises:
        UsageError: with the key path and the remedy.
    """
    rollback = top.table("rollback")
    released = None
    if rollback is not None:
        released = rollback.text("released")
        rollback.finish()
    return DeploymentSpec(_each(top, "service", _service), _each(top, "function", _function), _each(top, "logs", _logs),
                          _each(top, "freshness", _freshness), released)


def _each(top: TomlTable, kind: str, read: Callable[[str, TomlTable], S]) -> dict[str, S]:
    return {name: read(name, table) for name, table in top.named_tables(kind).items()}


def named_in(table: TomlTable, known: DeploymentSpec) -> tuple[str, ...]:
    """A target's `deployment`: which of the sections are claimed of it.

    Raises:
        UsageError: one is not known.
    """
    names, there = table.texts("deployment", ()), tuple(known.names)
    for name in names:
        if name not in there:
            raise table.error("deployment", f"names {name!r}, which is no section.{nearest(name, there)} "
                                            f"Known: {', '.join(there)}")
    return tuple(dict.fromkeys(names))


def _duration(table: TomlTable, key: str, default: dt.timedelta | None) -> dt.timedelta:
    text = table.take(key, str)
    if text is None and default is not None:
        return default
    found = duration_of(text or "")
    if not found:
        raise table.error(key, "must be a length of time such as \"90s\", \"10m\", \"26h\" or \"7d\"")
    return found


def _service(name: str, table: TomlTable) -> ServiceSpec:
    least, after = table.take("min_running", int, 1), table.take("deployed_after", dt.datetime)
    if least < 1:
        raise table.error("min_running", "must be at least 1: a service that runs nothing is not deployed")
    if after is not None and after.tzinfo is None:
        raise table.error("deployed_after", "needs its offset from UTC, such as 2026-02-02T10:00:00Z")
    found = ServiceSpec(name, table.text("service", name), table.text("cluster", "default"), least, table.take("image", str),
                        table.take("task_definition", str), after, _duration(table, "window", HOUR))
    table.finish()
    return found


def _function(name: str, table: TomlTable) -> FunctionSpec:
    found = FunctionSpec(name, table.text("function", name), table.take("qualifier", str), table.take("bundle", str),
                         table.take("migrations", bool, False))
    table.finish()
    return found


def _logs(name: str, table: TomlTable) -> LogsSpec:
    count = table.table("count")
    found = LogsSpec(name, table.text("group"), _duration(table, "window", HOUR), _patterns(table, "must_match"),
                     _patterns(table, "must_not_match"), Count() if count is None else _count(count))
    table.finish()
    return found


def _count(table: TomlTable) -> Count:
    pattern = table.text("pattern", PROCESSED)
    _compiled(table, "pattern", pattern)
    found = Count(pattern, table.take("at_most", int), table.take("at_least", int))
    table.finish()
    return found


def _patterns(table: TomlTable, key: str) -> tuple[str, ...]:
    found = table.texts(key, ())
    for pattern in found:
        _compiled(table, key, pattern)
    return tuple(dict.fromkeys(found))


def _compiled(table: TomlTable, key: str, pattern: str) -> None:
    try:
        matches_nothing = re.compile(pattern).search("") is not None
    except re.error as error:
        raise table.error(key, f"{pattern!r} is no regular expression: {error}") from None
    if matches_nothing:
        raise table.error(key, f"{pattern!r} matches an empty line, and so every line")


def _freshness(name: str, table: TomlTable) -> FreshnessSpec:
    found = FreshnessSpec(name, _duration(table, "every", None), table.take("table", str), table.take("column", str),
                          table.take("evidence", str))
    if (found.table is None) == (found.evidence is None):
        raise table.error("table", "or evidence is needed, and only one of them: rows of a table with the column of their "
                                   "time, or a pattern for evidence files")
    if (found.table is None) != (found.column is None):
        raise table.error("column", "goes with table: the column with the time a row was written")
    table.finish()
    return found
