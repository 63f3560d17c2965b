"""`[access]`: what roles can do, as a human declares it. Parsing only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from checks.contract.toml_table import TomlTable

PRIVILEGES = ("select", "insert", "update", "delete", "truncate")
"""Privileges on tables that can be declared."""
Tables = tuple[str, ...] | Literal["*"]
"""Tables as written, or all of them."""


@dataclass(frozen=True)
class AccessSpec:
    """One role of `[access]`: what it can do, and nothing else."""

    role: str
    select: Tables = ()
    insert: Tables = ()
    update: Tables = ()
    delete: Tables = ()
    truncate: Tables = ()
    owner: bool = False
    """Whether it may own tables."""
    bypassrls: bool = False
    """Whether it may bypass row security."""

    def tables(self, privilege: str) -> Tables:
        """On which tables it has one of `PRIVILEGES`."""
        found: Tables = getattr(self, privilege)
        return found


def read_access(table: TomlTable | None) -> tuple[AccessSpec, ...]:
    """The roles of `[access]`.

    Raises:
        UsageError: with the key path and the remedy.
    """
    if table is None:
        return ()
    return tuple(_role(table, role) for role in table.left())


def _role(table: TomlTable, role: str) -> AccessSpec:
    entry = table.table(role)
    if entry is None:
        raise table.error(role, "must be a table, such as { select = \"*\", insert = [\"orders\"] }")
    select, insert, update, delete, truncate = (_tables(entry, privilege) for privilege in PRIVILEGES)
    spec = AccessSpec(role, select, insert, update, delete, truncate, entry.take("owner", bool, False),
                      entry.take("bypassrls", bool, False))
    entry.finish()
    return spec


def _tables(entry: TomlTable, privilege: str) -> Tables:
    value = entry.take(privilege, object, [])
    if value == "*":
        return "*"
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise entry.error(privilege, "must be a list of tables, or \"*\" for all of them")
    return tuple(value)
