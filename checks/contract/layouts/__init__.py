"""How a tool lays out its migration files, a file each (those that mark up and down by comments share one)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from checks.contract.layouts import (
    diesel,
    flyway,
    golang_migrate,
    liquibase,
    marked,
    node_pg_migrate,
    plain,
    prisma,
    sqlx,
    yoyo,
)
from checks.contract.layouts.source import Source
from checks.contract.migration import Migration


class Layout(Protocol):
    """One tool's way."""

    @property
    def FORM(self) -> str:  # noqa: N802
        """How its files are called, for messages."""

    def read(self, source: Source) -> Iterable[Migration]:
        """The migrations, in the order in which the tool applies them.

        Raises:
            UsageError: with the file.
        """

    def recognises(self, source: Source) -> bool:
        """Whether the folder may be one of these."""


LAYOUTS: Mapping[str, Layout] = {
    "plain": plain, "flyway": flyway, "golang-migrate": golang_migrate, "dbmate": marked.DBMATE, "goose": marked.GOOSE,
    "sql-migrate": marked.SQL_MIGRATE, "diesel": diesel, "sqlx": sqlx, "prisma": prisma,
    "node-pg-migrate": node_pg_migrate, "liquibase": liquibase, "yoyo": yoyo,
}
"""`[migrations] tool` -> its layout."""
