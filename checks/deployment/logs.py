"""What CloudWatch Logs tells of a group: whether it is there, and how many of its lines match what. No line is kept.

Source: Amazon CloudWatch Logs API reference, FilterLogEvents: "a page may be empty and still have a nextToken".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.contract.deployment.sections import LogsSpec
from checks.deployment.aws import NotThere, looked, pages
from checks.values import Unverified

MOST_LINES = 2_000_000
"""Reading stops there: what was not read is told, and not held."""
FAULTS: Mapping[str, tuple[str, ...]] = {
    "constraint violations": (
        r"violates (?:check|unique|foreign key|not-null|exclusion) constraint", r"no partition of relation .* found for row",
        r"\b(?:Check|Unique|ForeignKey|NotNull|Exclusion)Violation(?:Error)?\b"),
    "unhandled errors": (
        r"Traceback \(most recent call last\)", r"\b[Uu]nhandled(?:PromiseRejection| (?:exception|error|promise rejection))",
        r"Task timed out after [\d.]+ seconds", r"\bRuntime\.(?:ExitError|ImportModuleError|UnhandledPromiseRejection)\b",
        r"\bpanic: ", r"\bOutOfMemoryError\b|\bMemoryError\b"),
    "swallowed errors": (
        r"there is no unique or exclusion constraint matching the ON CONFLICT", r"current transaction is aborted",
        r"(?i:\b(?:ignor|swallow)(?:ed|ing)\b.{0,40}\b(?:error|exception)\b)",
        r"(?:^|[\s\[|])(?:ERROR|CRITICAL|FATAL)(?:$|[\s\]:|])",
        r'"(?:level|severity|levelname)"\s*:\s*"(?i:error|critical|fatal)"'),
}
"""What no log may hold, by what it tells of; each a regular expression."""
_NEW_LINE = re.compile(r"[\r\n]+")


@dataclass(frozen=True)
class Tally:
    """How many lines match something."""

    lines: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    """UTC."""

    @property
    def told(self) -> str:
        """`3 lines, from 10:00:01 to 10:04:12 UTC`."""
        if self.first is None or self.last is None:
            return "no line"
        many = f"{self.lines:,} line{'' if self.lines == 1 else 's'}"
        if self.lines == 1:
            return f"{many}, at {self.first:%Y-%m-%d %H:%M:%S} UTC"
        return f"{many}, from {self.first:%Y-%m-%d %H:%M:%S} to {self.last:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class LogsSeen:
    """What was read of one group."""

    near: tuple[str, ...] = ()
    """Where the group is not there: groups with a name like it."""
    there: bool = True
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """UTC: the time that was read."""
    all: Tally = Tally()
    patterns: Mapping[str, Tally] = field(default_factory=dict)
    """Of the contract's own patterns, and of FAULTS by its names."""
    whole: bool = True
    """Whether every line was read."""


def see_logs(client: Any, spec: LogsSpec, since: dt.datetime, until: dt.datetime) -> LogsSeen | Unverified:
    """Counts the lines of a group between two times, UTC, every page of them.

    Args:
        client: a client of CloudWatch Logs.
        spec: the group, and its patterns.
        since, until: which lines.
    """
    return looked(lambda: _seen(client, spec, since, until))


def _seen(client: Any, spec: LogsSpec, since: dt.datetime, until: dt.datetime) -> LogsSeen:
    wanted = {pattern: (pattern,) for pattern in (*spec.must_match, *spec.must_not_match, spec.count.pattern)}
    tests = {name: re.compile("|".join(f"(?:{each})" for each in patterns))
             for name, patterns in {**FAULTS, **wanted}.items()}
    counts: dict[str, Tally] = dict.fromkeys(tests, Tally())
    total, whole = Tally(), True
    try:
        for page in pages(client, "filter_log_events", "logs:FilterLogEvents", logGroupName=spec.group,
                          startTime=_millis(since), endTime=_millis(until)):
            for event in page.get("events", ()):
                at = dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC)
                total = _more(total, at)
                for name, test in tests.items():
                    if any(test.search(line) for line in _NEW_LINE.split(event["message"])):
                        counts[name] = _more(counts[name], at)
            if total.lines >= MOST_LINES:
                whole = False
                break
    except NotThere:
        return LogsSeen(_like(client, spec.group), there=False)
    return LogsSeen((), True, since, until, total, counts, whole)


def _more(tally: Tally, at: dt.datetime) -> Tally:
    return Tally(tally.lines + 1, min(tally.first or at, at), max(tally.last or at, at))


def _millis(time: dt.datetime) -> int:
    return int(time.timestamp() * 1000)


def _like(client: Any, group: str) -> tuple[str, ...]:
    """Groups whose names hold the last part of `group`; nothing where AWS does not let us ask."""
    last = group.rpartition("/")[2]
    names = looked(lambda: tuple(str(each["logGroupName"]) for page in pages(
        client, "describe_log_groups", "logs:DescribeLogGroups", logGroupNamePrefix=group[:group.rfind("/") + 1] or last[:3])
        for each in page.get("logGroups", ())))
    if isinstance(names, Unverified):
        return ()
    return tuple(name for name in names if last in name or name.rpartition("/")[2] in group)[:5] or names[:5]
