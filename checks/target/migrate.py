"""Sends migrations to a database as their tool would, and records them in the ledger where the files do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from checks.contract.contract import Contract
from checks.contract.layouts.source import text_of
from checks.contract.ledger import LedgerSpec
from checks.contract.ledgers.ddl import creating, recording
from checks.contract.migration import Migration
from checks.sql.names import ident
from checks.sql.script import psql_only, statements
from checks.target.build import run_command
from checks.target.extensions import refuse_lacking
from checks.target.remedies import NotReplayed, remedies
from checks.target.routes.direct import connect_ours, execute
from checks.target.session import Row
from checks.target.target import Secret
from checks.values import Rejected, Unverified, UsageError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from checks.sql.script import FileStatement

Run = Callable[[str], Any]
"""Sends one string to a database."""
OUTSIDE_ONLY = ("25001", "55P04")
"""SQLSTATEs of what PostgreSQL refuses inside a transaction: CONCURRENTLY and the like, and the use of a new enum value."""
_PASSING = ("40", "53", "55P03", "57")
"""How the SQLSTATEs begin of what another time may go through."""
FRESH = "RESET ALL"
"""What makes a session's settings those of a new one."""
MOST_TOLD = 20
"""Of the migrations that do not replay, so many are told in full."""


def bring_up(dsn: Secret, contract: Contract, migrations: Iterable[Migration]) -> None:
    """Brings an empty scratch database to where `migrations` lead, with the ledger that their tool keeps.

    Raises:
        UsageError: files do not replay, a command fails, or what was applied cannot be recorded.
    """
    with closing(connect_ours(dsn)) as connection:
        _bring_up(connection, dsn.reveal(), contract, tuple(migrations))


def _bring_up(connection: Connection, url: str, contract: Contract, every: tuple[Migration, ...]) -> None:
    restore = prepare(lambda sql: execute(connection, sql), contract, every)
    spec = contract.migrations
    if spec is not None and spec.build:
        for migration in every if spec.step else every[:1]:
            run_command(spec.step or spec.build, "step" if spec.step else "build", contract, url, migration.version)
        return
    made = creating(contract.ledger) if contract.ledger is not None else None
    if made is not None:
        execute(connection, made)
    migrate(connection, every, contract.ledger, restore)


def migrate(connection: Connection, migrations: Iterable[Migration], ledger: LedgerSpec | None,
            restore: str = FRESH) -> None:
    """Applies files in their order on a scratch server, and records those that do not record themselves.

    `restore` is sent before each, so that none finds the settings that another left.

    Raises:
        UsageError: files do not replay, or cannot be recorded.
    """
    def run(sql: str) -> list[Row]:
        return execute(connection, sql)

    apply_files(run, migrations, lambda migration: record(run, ledger, migration), restore=restore)


def prepare(run: Run, contract: Contract, migrations: Iterable[Migration]) -> str:
    """Does to an empty database what must be done before the first of `migrations`.

    Returns:
        What gives a session the settings that each of them finds: those that the prelude sets.

    Raises:
        UsageError: the prelude does not run, or the server lacks an extension.
    """
    prelude = tuple(Migration("", file.relative_to(contract.root).as_posix(), text_of(file))
                    for file in contract.replay.prelude)
    refuse_lacking(run, (*prelude, *migrations), contract.file.name)
    apply_files(run, prelude)
    said = [each.text for file in prelude for each in statements(file.sql)
            if each.words[:1] == ("SET",) and not {"LOCAL", "TRANSACTION", "CONSTRAINTS"} & set(each.words)]
    spec, pattern = contract.migrations, contract.pattern
    if pattern is not None:  # a schema that stands for all those like it, where names without a schema lead
        path = ", ".join(ident(schema) for schema in dict.fromkeys((pattern, *contract.schemas, "public")))
        run("; ".join(f"CREATE SCHEMA IF NOT EXISTS {ident(schema)}" for schema in contract.schemas if schema != "public"))
        said.insert(0, f"SET search_path = {path}")
        if spec is not None and spec.build:
            (database, *_), *_ = run("SELECT current_database()")
            run(f"ALTER DATABASE {ident(database)} SET search_path = {path}")
    elif spec is not None and spec.tool == "flyway" and not spec.build:  # which makes its schemas, and prefers the first
        run("; ".join(f"CREATE SCHEMA IF NOT EXISTS {ident(schema)}" for schema in contract.schemas))
        if contract.schemas[0] != "public":
            said.insert(0, f'SET search_path = {ident(contract.schemas[0])}, "$user", public')
    return "; ".join([FRESH, *said])


def _nothing(migration: Migration) -> None:
    """Nobody wants to know."""


def apply_files(run: Run, migrations: Iterable[Migration], applied: Callable[[Migration], None] = _nothing,
                begun: Callable[[Migration], None] = _nothing, restore: str = FRESH) -> None:
    """Sends each file to a scratch server; one that does not replay is passed over, so that all of them can be told.

    Args:
        run: sends one string to the database.
        migrations: in their order.
        applied: called after each file that was applied, as long as none failed.
        begun: called before each file.
        restore: sent before each file.

    Raises:
        UsageError: some do not replay.
    """
    failed: list[str] = []
    remedies: dict[str, None] = {}
    count = 0
    for migration in migrations:
        count += 1
        begun(migration)
        try:
            run(restore)
            apply_file(run, migration)
        except UsageError as error:
            failed.append(str(error))
            remedies.update(dict.fromkeys(getattr(error, "remedies", ())))
        else:
            if not failed:
                applied(migration)
    if len(failed) == 1:
        raise UsageError("\n  ".join([*failed, *remedies]))
    if failed:
        head = (f"{len(failed)} of {count} migrations do not replay; later ones may only lack what an earlier one was to "
                "make:")
        more = [f"… and {len(failed) - MOST_TOLD} more."] if len(failed) > MOST_TOLD else []
        raise UsageError("\n  ".join([head, *failed[:MOST_TOLD], *more, *remedies]))


def apply_file(run: Run, migration: Migration) -> None:
    """Sends one file on a scratch server; a role it grants to but nobody made is made.

    Raises:
        UsageError: it does not replay.
    """
    foreign = psql_only(migration.sql)
    if foreign is not None:
        raise UsageError(f"{migration.file} does not replay: line {foreign.line}, `{foreign.text[:80]}` is for psql, not "
                         "for the server. Write it in SQL.")
    for _ in range(20):
        try:
            send(run, migration)
            return
        except Rejected as refusal:
            run("ROLLBACK")
            role = re.fullmatch(r'role "(.+)" does not exist', refusal.message)
            if not role or refusal.sqlstate != "42704":
                placed = _placed(run, migration, refusal)
                raise NotReplayed(f"{migration.file} does not replay: {told(placed)}", remedies(placed)) from None
        run('CREATE ROLE "{}"'.format(role.group(1).replace('"', '""')))
    raise UsageError(f"{migration.file} does not replay: it names more than 20 roles that nobody makes.")


def send(run: Run, migration: Migration) -> None:
    """Sends one migration as its tool would: whole, or statement by statement where it wants or needs no transaction.

    Raises:
        Rejected: the server refused it; sent whole, it kept nothing of it.
    """
    found = statements(migration.sql)
    if migration.whole and found:
        try:
            run(migration.sql)
            return
        except Rejected as refusal:
            if refusal.sqlstate not in OUTSIDE_ONLY or any(each.controls_transaction for each in found):
                raise
    for statement in found:
        run(statement.in_place)


def _placed(run: Run, migration: Migration, refusal: Rejected) -> Rejected:
    """The refusal with its place in the file, looked for statement by statement where the server gave none."""
    found = statements(migration.sql)
    if refusal.position is not None or any(each.controls_transaction for each in found):
        return refusal
    if not migration.whole or len(found) == 1:
        return _at(refusal, next((each for each in found if each.in_place == refusal.statement or len(found) == 1), None))
    run("BEGIN")
    try:
        for statement in found:
            try:
                run(statement.in_place)
            except Rejected as again:
                return _at(again, statement) if again.sqlstate == refusal.sqlstate else refusal
    finally:
        run("ROLLBACK")
    return refusal


def _at(refusal: Rejected, statement: FileStatement | None) -> Rejected:
    """The refusal as one of `statement`."""
    if refusal.position is not None or statement is None:
        return refusal
    return Rejected(refusal.sqlstate, refusal.message, statement.in_place, refusal.constraint, statement.line)


def record(run: Run, ledger: LedgerSpec | None, migration: Migration) -> None:
    """Writes the ledger row of a file that does not write its own.

    Raises:
        UsageError: there is no such ledger, or a row needs more than a version.
        Unverified: somebody was in the way, or the server is being stopped.
    """
    if ledger is None:
        return
    try:
        run(recording(ledger, migration))
    except Rejected as refusal:
        what = f"{migration.file} was applied, but could not be recorded in {ledger.shown}: {refusal}."
        if refusal.sqlstate.startswith(_PASSING):
            raise Unverified(f"{what} Write the row by hand, or undo the file, then run again.") from None
        raise UsageError(f"{what} Let the first migration make that table, or correct [ledger] in the contract.") from None


def told(refusal: Rejected) -> str:
    """The server's words about a file of ours, with the line and the statement they are about."""
    where = ""
    if refusal.position:
        at = refusal.position - 1
        line = refusal.statement.count("\n", 0, at) + 1
        start = refusal.statement.rfind(";", 0, at) + 1
        statement = " ".join(re.sub(r"--[^\n]*", "", refusal.statement[start:]).split(";")[0].split())
        where = f"line {line}, in `{statement[:120]}`: "
    return f"{where}{refusal}"
