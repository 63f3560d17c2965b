"""The migrations replayed on a scratch database, and what each one changed there, as the target's own reader sees it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from checks.catalog.decode import decode
from checks.catalog.key import Key
from checks.catalog.objects import Object, table_of
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract, MigrationsSpec
from checks.contract.ledgers.ddl import recording
from checks.contract.ledgers.rows import recorded
from checks.contract.listing import file_of, files_in, from_lines
from checks.contract.migration import Migration
from checks.contract.way.spec import Timeouts
from checks.expectation.derived import Derived, MigrationStep, statements
from checks.expectation.extension_versions import stated_versions, without_version
from checks.expectation.ledger_changes import Times, ledger_changes
from checks.expectation.lock import derived_from
from checks.expectation.planned_insert import plan_insert
from checks.expectation.stand_in import refuse_elsewhere, standing_for_many, working_there
from checks.observation.ledger_rows import LedgerAnswer, ledger_question
from checks.sql.names import literal
from checks.target.build import run_command
from checks.target.migrate import FRESH, apply_files, prepare
from checks.target.routes.direct import connect_ours, execute
from checks.target.routes.pinned import begin
from checks.target.servers import ScratchServer
from checks.target.session import Row
from checks.target.target import Secret
from checks.values import Rejected, Say, UsageError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_BEGIN = begin(Timeouts(statement_ms=0, idle_ms=0))
"""On a server of ours nobody else waits, and 5,000 tables take longer to read than a given target allows."""
LOOK = "postdeploy_look"
"""What the reading of the catalogue is prepared as on a scratch connection."""
FEWEST_PLANNED_FOR = 100
"""Objects: below that a plan made for fewer is good enough."""


@dataclass
class ScratchDatabase:
    """An empty database on which migrations are replayed, and what was seen of it."""

    contract: Contract
    connection: Connection
    url: str
    seen: Snapshot | None = None
    """The last look."""
    steps: list[MigrationStep] = field(default_factory=list)
    stated: set[str] = field(default_factory=set)
    """Extensions whose version a migration states."""
    rows: Times = field(default_factory=dict)
    """The ledger's rows at the last look."""
    planned_for: int = 0
    """How many objects there were when the look was planned last; 0: it never was."""

    def run(self, sql: str) -> list[Row]:
        """Sends one string."""
        return execute(self.connection, sql)

    def look(self) -> Snapshot:
        """Reads the catalogue, without what the ledger's tool keeps for itself."""
        with standing_for_many(self.run, self.contract) as example:
            (document,), = self._asked()
        self.seen = decode(document)
        if example is not None:
            self.seen = replace(self.seen, objects=working_there(self.seen.objects, example, self.contract.pattern or ""))
        return replace(self.seen, objects={key: item for key, item in self.seen.objects.items()
                                           if not _ledgers_own(self.contract, key, item)})

    def _asked(self) -> list[Row]:
        """The document, read as a target is read; its plan is kept, which costs as much, until there is twice as much."""
        there = len(self.seen.objects) if self.seen is not None else 0
        try:
            self.run(_BEGIN)
            if self.planned_for and there < 2 * self.planned_for:
                with suppress(Rejected):
                    return self.run(f"EXECUTE {LOOK}")
                self.run(f"ROLLBACK; {_BEGIN}")  # a migration said DEALLOCATE ALL
            ledger = self.contract.ledger
            question = snapshot_select(self.contract.read_schemas, ledger.table if ledger else None, roles=None)
            known, = self.run(f"SELECT name FROM pg_prepared_statements WHERE name = {literal(LOOK)}") or ("",)
            self.run(f"{f'DEALLOCATE {LOOK}; ' if known else ''}PREPARE {LOOK} AS {question}")
            self.planned_for = max(there, FEWEST_PLANNED_FOR)
            return self.run(f"EXECUTE {LOOK}")
        finally:
            self.run("ROLLBACK")

    def note(self, version: str, file: str, before: Mapping[Key, Object], sql: str = "") -> Mapping[Key, Object]:
        """Keeps what `sql` changed since `before` as the step of `version`; returns what is there now."""
        if self.connection.info.transaction_status != 0:
            raise UsageError(f"{file} does not replay: it begins a transaction and does not end it. Write COMMIT.")
        self.run(FRESH)
        notices = tuple(_telling(self.connection.notices))
        self.stated |= set(stated_versions(sql))
        after = {key: item if key.own in self.stated else without_version(key, item)
                 for key, item in self.look().objects.items()}
        self.steps.append(MigrationStep(version, file, {key: item for key, item in after.items() if before.get(key) != item},
                                        tuple(key for key in before if key not in after), notices))
        del self.connection.notices[:]
        return after

    def note_ledger(self, migration: Migration, known: tuple[Migration, ...]) -> None:
        """Records a migration that does not record itself, and keeps what it did to the rows of others."""
        contract = self.contract
        if contract.ledger is None or self.seen is None or self.seen.relation(contract.ledger.shown) is None:
            return
        with suppress(Rejected), standing_for_many(self.run, contract):  # one that wants more than a version is its tool's
            self.run(recording(contract.ledger, migration))
        rows = self.ledger_rows(known)
        self.steps[-1] = replace(self.steps[-1], ledger=ledger_changes(migration.version, self.rows, rows))
        self.rows = rows

    def ledger_rows(self, known: tuple[Migration, ...]) -> Times:
        """The times of the ledger's rows by version; nothing where there is no ledger."""
        contract = self.contract
        question = ledger_question(contract, self.seen) if self.seen is not None else None
        if contract.ledger is None or question is None:
            return {}
        with standing_for_many(self.run, contract):
            (value,), = self.run(question.select())
        answer = question.read(value)
        return recorded(contract.ledger, answer.rows if isinstance(answer, LedgerAnswer) else (), known).times


def replay(migrations: tuple[Migration, ...], contract: Contract, server: ScratchServer,
           step: Say = lambda line: None) -> Derived:
    """Replays the migrations on a fresh database, dropped afterwards, and reads the catalogue after each.

    Raises:
        UsageError: a file does not replay (file, line, statement and the server's words), or a command fails.
    """
    with _scratch_database(contract, server) as database:
        restore = prepare(database.run, contract, migrations)
        database.note("", "prelude", {})
        first, = database.steps
        if not first.sets:
            database.steps.clear()
        spec = contract.migrations
        if spec is not None and spec.build:
            _by_commands(database, spec, migrations, first.sets, step)
        else:
            _by_files(database, migrations, first.sets, step, restore)
        if contract.pattern is not None:
            refuse_elsewhere(contract, database.look().objects)
            database.run(restore)
        inserts = {text: plan_insert(database.run, text) for text in statements(contract)}
        major = database.look().identity["server_version_num"] // 10_000
    return Derived(derived_from(migrations, contract), major, tuple(database.steps), inserts)


@contextmanager
def _scratch_database(contract: Contract, server: ScratchServer) -> Iterator[ScratchDatabase]:
    name = f"postdeploy_replay_{os.getpid()}_{secrets.token_hex(3)}"
    url = server.create_database(name)
    connection = connect_ours(Secret(url))
    try:
        yield ScratchDatabase(contract, connection, url)
    finally:
        connection.close()
        server.drop_database(name)


def _by_files(database: ScratchDatabase, migrations: tuple[Migration, ...], before: Mapping[Key, Object], step: Say,
              restore: str) -> None:
    told = 0

    def begun(migration: Migration) -> None:
        nonlocal told
        told += 1
        step(f"replaying {told} of {len(migrations)}: {migration.file}")

    def applied(migration: Migration) -> None:
        nonlocal before
        before = database.note(migration.version, migration.file, before, migration.sql)
        database.note_ledger(migration, migrations)

    apply_files(database.run, migrations, applied, begun, restore)


def _by_commands(database: ScratchDatabase, spec: MigrationsSpec, known: tuple[Migration, ...], before: Mapping[Key, Object],
                 step: Say) -> None:
    """Lets the project's own commands apply what there is."""
    contract, start = database.contract, before
    if spec.step:
        named = {migration.version: migration.file for migration in known} or dict.fromkeys(_listed(database, spec), "")
        for number, (version, file) in enumerate(named.items(), 1):
            step(f"replaying {number} of {len(named)}: {version}")
            run_command(spec.step, "step", contract, database.url, version)
            before = database.note(version, file or _file(spec, version), before)
    else:
        step(f"replaying: {' '.join(spec.build)}")
        run_command(spec.build, "build", contract, database.url)
        before = database.note("", "build", before)
        database.steps += [MigrationStep(version, _file(spec, version), {}, ()) for version in _recorded(database, known)]
    if before == start and not any(each.version for each in database.steps):
        raise UsageError(f"{contract.file.name}: migrations.build (`{' '.join(spec.build)}`) left nothing on the scratch "
                         "database. It is told where that is by DATABASE_URL and PGHOST, PGPORT, PGUSER, PGDATABASE; if it "
                         "takes its address from elsewhere, it has written there. Let it obey one of them, or write {url} "
                         "into the command.")


def _listed(database: ScratchDatabase, spec: MigrationsSpec) -> tuple[str, ...]:
    """The versions that the command of `versions` lists."""
    if isinstance(spec.versions, Path) or not spec.versions:
        return ()
    tool = database.contract.ledger.tool if database.contract.ledger else spec.tool
    found = from_lines(run_command(spec.versions, "versions", database.contract, database.url), tool)
    if not found:
        raise UsageError(f"{database.contract.file.name}: migrations.versions (`{' '.join(spec.versions)}`) lists nothing.")
    return found


def _recorded(database: ScratchDatabase, known: tuple[Migration, ...]) -> tuple[str, ...]:
    """The versions that the ledger of the scratch database holds, in order."""
    times = database.ledger_rows(known)
    order = {migration.version: number for number, migration in enumerate(known)}
    return tuple(sorted(times, key=lambda version: (
        order.get(version, len(order)), min((at for at in times[version] if at is not None), default=0.0)))) or tuple(order)


def _file(spec: MigrationsSpec, version: str) -> str:
    return file_of(version, files_in(spec.folder)) if spec.folder is not None and spec.folder.is_dir() else ""


def _ledgers_own(contract: Contract, key: Key, item: Object) -> bool:
    """Whether an object is the ledger's, as a tool keeps it for itself, or just stands in the ledger's schema."""
    if contract.ledger is None:
        return False
    return contract.ledger.owns(table_of(key, item) or "") or contract.outside(table_of(key, item) or key.path)


def _telling(notices: list[str]) -> Iterator[str]:
    for notice in notices:
        text = notice.partition(":")[2].strip().splitlines()[0]
        if "will be truncated" in text or "already exists, skipping" in text or (
                text.startswith("relation") and "does not exist, skipping" in text):
            yield text
