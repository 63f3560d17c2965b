"""Sends a migration file to a database, and records it in the ledger where the file does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from checks.contract.contract import LedgerSpec
from checks.contract.migrations import Migration
from checks.sql.names import ident, literal
from checks.target.routes.direct import execute
from checks.values import Rejected, UsageError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812


def migrate(connection: Connection, migrations: Iterable[Migration], ledger: LedgerSpec | None) -> None:
    """Applies the files in their order on a scratch server, and records those that do not record themselves.

    Raises:
        UsageError: a file does not replay, or cannot be recorded.
    """
    for migration in migrations:
        apply_file(lambda sql: execute(connection, sql), migration)
        record(lambda sql: execute(connection, sql), ledger, migration)


def apply_file(run: Callable[[str], Any], migration: Migration) -> None:
    """Sends one file whole on a scratch server; a role it grants to but nobody made is made.

    Raises:
        UsageError: it does not replay.
    """
    for _ in range(20):
        try:
            run(migration.sql)
            return
        except Rejected as refusal:
            role = re.fullmatch(r'role "(.+)" does not exist', refusal.message)
            if not role or refusal.sqlstate != "42704":
                raise UsageError(f"{migration.file} does not replay: {told(refusal)}") from None
        run("ROLLBACK")
        run('CREATE ROLE "{}"'.format(role.group(1).replace('"', '""')))
    raise UsageError(f"{migration.file} does not replay: it names more than 20 roles that nobody makes.")


def record(run: Callable[[str], Any], ledger: LedgerSpec | None, migration: Migration) -> None:
    """Writes the ledger row of a file that does not write its own.

    Raises:
        UsageError: there is no such ledger, or a row needs more than a version.
    """
    if ledger is None:
        return
    table, column, version = ident(ledger.schema, ledger.table), ident(ledger.version), literal(migration.version)
    try:
        run(f"INSERT INTO {table} ({column}) SELECT {version} "
            f"WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = {version})")
    except Rejected as refusal:
        raise UsageError(f"{migration.file} was applied, but could not be recorded in {ledger.shown}: {refusal}. Let the "
                         "first migration make that table, or correct [ledger] in the contract.") from None


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
