"""contract.toml -> the declared half of the contract. Parsing only; nothing is contacted and no secret is read."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from checks.contract.accept import Accept
from checks.contract.access import AccessSpec
from checks.contract.dedupe import Dedupe
from checks.contract.deployment.sections import DeploymentSpec
from checks.contract.ledger import LedgerSpec
from checks.contract.replay import ReplaySpec
from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.contract.way.spec import NO_DETOUR, USUAL_TIMEOUTS, Timeouts, WaySpec
from checks.sql.names import shown, split_path
from checks.values import LeftOut

Isolation = Literal["namespaces", "environment"]
"""What keeps a script under audit from the world: walls of the kernel's, or an environment that leads nowhere."""


@dataclass(frozen=True)
class MigrationsSpec:
    """Which migrations there are: files of a tool, or a command that applies them."""

    folder: Path | None
    """Where the files are; beside `build` only their names are read, and None when it says nothing of them."""
    tool: str = "plain"
    """Whose files they are: one of `layouts.LAYOUTS`, with `build` any tool that keeps a ledger."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Name -> what stands for it in the files."""
    build: tuple[str, ...] = ()
    """The command that brings an empty database to the head; empty: the files are applied."""
    step: tuple[str, ...] = ()
    """The command that applies one version, `{version}`, to a database that has those before it."""
    versions: tuple[str, ...] | Path = ()
    """The command that lists the versions in order, or the folder whose files they are."""

    @property
    def in_one(self) -> bool:
        """Whether all are applied at once, so that what each one did is not known."""
        return bool(self.build) and not self.step


@dataclass(frozen=True)
class EnumSpec:
    """A column and the values it may hold, as a human declared them."""

    schema: str
    table: str
    column: str
    values: tuple[str, ...]
    null: str | None = None
    """`accepted`, `rejected`, or None: nothing is claimed about NULL."""

    @property
    def shown(self) -> str:
        """The column as claim ids write it."""
        return shown(self.schema, self.table, self.column)

    @property
    def listed(self) -> str:
        """The values, and what is said of NULL, as the claim's sentence says it."""
        return ", ".join(self.values) + (f", and NULL is {self.null}" if self.null else "")


@dataclass(frozen=True)
class DriftIgnore:
    """A difference that somebody accepted."""

    pattern: str
    reason: str
    until: dt.date | None = None

    def covers(self, key: str, today: dt.date) -> bool:
        """Whether this entry accepts differences of the object `key` (`table:tmp_x`) on `today` (UTC)."""
        return (self.until is None or today <= self.until) and fnmatch.fnmatchcase(key, self.pattern)


def is_pattern(schema: str) -> bool:
    """Whether one of `schemas` stands for every schema whose name is like it."""
    return "*" in schema or "?" in schema


SERVERS = ("given", "embedded", "container")
"""Ways to come by a database; each is a file of checks/target/servers."""
ROUTES = ("direct", "lambda")
"""Ways that SQL travels; each is a file of checks/target/routes."""
LOCAL_QUERY, LOCAL_MIGRATION = "db-query", "db-migration"
"""What the functions of a server of ours are called where the contract does not name them."""


@dataclass(frozen=True)
class TargetSpec:
    """One `[target.NAME]` as written; `dsn` is a reference such as `env:NAME`, or a URL."""

    name: str
    server: str = "given"
    """One of `SERVERS`."""
    route: str = "direct"
    """One of `ROUTES`."""
    dsn: str = field(default="", repr=False)
    writes: str = "never"
    through: str | None = None
    region: str | None = None
    profile: str | None = None
    qualifier: str | None = None
    query_function: str | None = None
    migration_function: str | None = None
    functions: str = "fixtures/lambdas"
    """Folder of the Lambda sources that an embedded or container target deploys locally."""
    image: str = "postgres:16"
    bundle: str | None = None
    """The built zip that the migration function should be running."""
    event_triggers: str = ""
    """`off`: ask at start-up that event triggers ON login do not run; a superuser's right on PostgreSQL 17 and later."""
    error_probes: bool | None = None
    """Whether failing questions may be asked; None: only of servers we started ourselves."""
    command: tuple[str, ...] = ()
    """What the container runs instead of its image's own command."""
    way: WaySpec = NO_DETOUR
    timeouts: Timeouts = USUAL_TIMEOUTS
    reply: ReplyShape = REFERENCE
    query_reply: ReplyShape = REFERENCE
    fleet: str = ""
    """The `[fleet.NAME]` that listed it."""
    deployment: tuple[str, ...] = ()
    """What is claimed of services, functions, logs, freshness and the way back: `service.trade-stream`, …, `rollback`."""


@dataclass(frozen=True)
class FleetSpec:
    """One `[fleet.NAME]`: targets that are listed anew by each run, called `NAME/DATABASE`. They are only read."""

    spec: TargetSpec
    """What each of them has; with `databases` its `dsn` leads to the database that is asked for the list."""
    databases: str = ""
    """One SELECT of one column: the names of databases beside that of `dsn`."""
    command: tuple[str, ...] = field(default=(), repr=False)
    """Instead: what prints a DSN or NAME=DSN on each line."""
    timeout_ms: int = 60_000
    """After which the command is ended."""


@dataclass(frozen=True)
class Seeds:
    """What a script under audit finds in the account; in a value, `{dsn}` stands for the DSN of the audited database."""

    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """SSM parameter -> value."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets Manager secret -> value."""


NO_SEEDS = Seeds()


@dataclass(frozen=True)
class AuditSpec:
    """One `[audit.NAME]`: a deploy script to be run against a lying Lambda."""

    name: str
    command: tuple[str, ...]
    version: str | None = None
    success_text: tuple[str, ...] = ()
    timeout_s: int = 60
    hang_s: int = 3
    isolation: Isolation = "namespaces"
    seeds: Seeds = NO_SEEDS


@dataclass(frozen=True)
class Contract:
    """The declared contract."""

    file: Path
    default_target: str
    migrations: MigrationsSpec | None
    schemas: tuple[str, ...]
    ledger: LedgerSpec | None
    targets: Mapping[str, TargetSpec]
    enums: tuple[EnumSpec, ...]
    stored_rows: str
    dedupe: tuple[Dedupe, ...]
    audits: tuple[AuditSpec, ...]
    ignores: tuple[DriftIgnore, ...]
    absent: tuple[LeftOut, ...]
    """Areas whose sections are absent."""
    replay: ReplaySpec = field(default_factory=ReplaySpec)
    accepts: tuple[Accept, ...] = ()
    access: tuple[AccessSpec, ...] = ()
    deployment: DeploymentSpec = field(default_factory=DeploymentSpec)
    fleets: Mapping[str, FleetSpec] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder that relative paths start from."""
        return self.file.parent

    @property
    def pattern(self) -> str | None:
        """The one of `schemas` that stands for many, each made by the same migrations: `tenant_*`."""
        return next((schema for schema in self.schemas if is_pattern(schema)), None)

    @property
    def read_schemas(self) -> tuple[str, ...]:
        """The schemas that are read: the application's, and the ledger's."""
        return self.schemas if self.ledger is None else tuple(dict.fromkeys((*self.schemas, self.ledger.schema)))

    def outside(self, path: str) -> bool:
        """Whether what is shown as `path` stands in the ledger's schema, where that is none of the application's."""
        ledger = self.ledger
        if ledger is None or ledger.schema in self.schemas:
            return False
        return path == shown(ledger.schema) or path.startswith(f"{shown(ledger.schema)}.")

    def relation(self, written: str) -> str:
        """A table as the contract writes it (`table` or `schema.table`), as reports show it."""
        path = split_path(written)
        return shown(*(path if len(path) == 2 else (self.schemas[0], *path)))


