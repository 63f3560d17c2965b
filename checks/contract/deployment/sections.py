"""What a deploy is beside migrations: services, functions, logs, freshness and the way back, as the contract names them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ROLLBACK = "rollback"
"""What a target's `deployment` calls the way back."""
PROCESSED = "Event already processed"
"""What is counted in logs where the contract names nothing else."""
HOUR = dt.timedelta(hours=1)


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
    window: dt.timedelta = HOUR
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
    window: dt.timedelta = HOUR
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
