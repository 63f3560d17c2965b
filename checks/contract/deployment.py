"""What a deploy is beside migrations: services, functions, logs, freshness and the way back, as the contract names them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from checks.contract.toml_table import TomlTable
from checks.sql.names import nearest
from checks.values import UsageError

ROLLBACK = "rollback"
"""What a target's `deployment` calls the way back."""
PROCESSED = "Event already processed"
"""What is counted in logs where the contract names nothing else."""
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HOUR = dt.timedelta(hours=1)
S = TypeVar("S")


@dataclass(frozen=True)
class ServiceSpec:
    """One `[service.NAME]`: a service on ECS."""

    name: str
    service: str
    cluster: str = "default"
    min_running: int = 1
    image: str | None = None
    """An image as the task definition names it, or a digest, `sha256:…`."""
    task_definition: str | None = None
    """`family`, `family:revision`, or an ARN; None: whatever the service names."""
    deployed_after: dt.datetime | None = None
    """UTC; running tasks started later. `--since` takes its place."""
    window: dt.timedelta = _HOUR
    """How far back stopped tasks are looked at; ECS itself remembers them for about an hour."""


@dataclass(frozen=True)
class FunctionSpec:
    """One `[function.NAME]`: a function whose deployed code is looked at."""

    name: str
    function: str
    """Name or ARN."""
    qualifier: str | None = None
    bundle: str | None = None
    """The built zip that it should be running."""
    migrations: bool = False
    """Whether its code holds the migrations."""


@dataclass(frozen=True)
class Count:
    """A figure that is read from logs, with what it may be."""

    pattern: str = PROCESSED
    at_most: int | None = None
    at_least: int | None = None

    @property
    def allowed(self) -> str:
        """`at most 100`; empty: anything."""
        return " and ".join(f"at {word} {number:,}" for word, number in (("least", self.at_least), ("most", self.at_most))
                            if number is not None)


@dataclass(frozen=True)
class LogsSpec:
    """One `[logs.NAME]`: a group of CloudWatch Logs. Patterns are regular expressions."""

    name: str
    group: str
    window: dt.timedelta = _HOUR
    """How far back lines are read, where no `--since` says when the deploy was."""
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    count: Count = Count()


@dataclass(frozen=True)
class FreshnessSpec:
    """One `[freshness.NAME]`: what must be renewed every so often, rows of a table or evidence files."""

    name: str
    every: dt.timedelta
    table: str | None = None
    """As written in the contract: `table`, or `schema.table`."""
    column: str | None = None
    evidence: str | None = None
    """A pattern for files, relative to the contract's folder: `evidence/*.json`."""


@dataclass(frozen=True)
class DeploymentSpec:
    """All of it, by name."""

    services: Mapping[str, ServiceSpec] = field(default_factory=dict)
    functions: Mapping[str, FunctionSpec] = field(default_factory=dict)
    logs: Mapping[str, LogsSpec] = field(default_factory=dict)
    freshness: Mapping[str, FreshnessSpec] = field(default_factory=dict)
    released: str | None = None
    """The last migration of the release before this one, where no `--since` says when this one began."""

    @property
    def names(self) -> Iterator[str]:
        """What a target's `deployment` may name."""
        for kind, specs in (("service", self.services), ("function", self.functions), ("logs", self.logs),
                            ("freshness", self.freshness)):
            yield from (f"{kind}.{name}" for name in specs)
        yield ROLLBACK


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


def duration_of(text: str) -> dt.timedelta | None:
    """What `90s`, `10m`, `26h` or `7d` means; None: nothing."""
    found = _DURATION.fullmatch(text.strip())
    try:
        return None if found is None else dt.timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        return None


def shown_duration(length: dt.timedelta) -> str:
    """`26h`."""
    seconds = int(length.total_seconds())
    sizes = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    size, unit = next(each for each in sizes if seconds % each[0] == 0)
    return f"{seconds // size}{unit}"


def began(text: str, folder: Path, now: dt.datetime) -> dt.datetime:
    """When a deploy began, by `--since`: a time with its offset from UTC, or a file that the deploy wrote it to.

    Args:
        text: what was typed.
        folder: where a relative path starts.
        now: this machine's clock, UTC.

    Raises:
        UsageError: it is neither, or in the future.
    """
    found, said = _time(text), text
    if found is None and (folder / text).is_file():
        with (folder / text).open(encoding="utf-8", errors="replace") as file:
            said = file.readline(100).strip()
        found = _time(said)
    if found is None:
        raise UsageError(f"--since {text}: neither a time with its offset from UTC, such as 2026-02-02T10:00Z, nor a file "
                         "whose first line is one (date -u +%FT%TZ).")
    if found > now + dt.timedelta(minutes=1):
        raise UsageError(f"--since {said} is in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} by this machine's clock.")
    return found


def _time(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(dt.UTC) if found.tzinfo else None


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
                        table.take("task_definition", str), after, _duration(table, "window", _HOUR))
    table.finish()
    return found


def _function(name: str, table: TomlTable) -> FunctionSpec:
    found = FunctionSpec(name, table.text("function", name), table.take("qualifier", str), table.take("bundle", str),
                         table.take("migrations", bool, False))
    table.finish()
    return found


def _logs(name: str, table: TomlTable) -> LogsSpec:
    count = table.table("count")
    found = LogsSpec(name, table.text("group"), _duration(table, "window", _HOUR), _patterns(table, "must_match"),
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
