"""The reference Lambdas: where their sources are, and how they are deployed to a local endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from checks.contract.ledger import LedgerSpec
from checks.lambdas.package import pack

if TYPE_CHECKING:
    from checks.lambdas.local.endpoint import LocalAws

_QUERY, _MIGRATION = "db_query", "db_migration"
"""The folders of their sources."""


def sources(folders: Iterable[Path]) -> Path | None:
    """The first of `folders` that holds both."""
    return next((folder for folder in folders if (folder / _QUERY).is_dir() and (folder / _MIGRATION).is_dir()), None)


def deploy_query(aws: LocalAws, name: str, folder: Path, dsn: str, *, publish: bool = False) -> None:
    """The query function, with the database that `dsn` leads to.

    Args:
        aws: the endpoint.
        name: what the function is called there.
        folder: see `sources`.
        dsn: of a role that can only SELECT.
        publish: whether version 1 is made of it.
    """
    aws.deploy(name, pack(folder / _QUERY), environment={"DATABASE_URL": dsn}, publish=publish)


def deploy_migration(aws: LocalAws, name: str, folder: Path, dsn: str, bundle: bytes, ledger: LedgerSpec | None, *,
                     publish: bool = False) -> None:
    """The migration function, with `bundle` (see `package.bundle`) as its migrations; other arguments as above."""
    names = {"LEDGER_TABLE": f"{ledger.schema}.{ledger.table}", "LEDGER_VERSION": ledger.version} if ledger else {}
    aws.deploy(name, pack(folder / _MIGRATION, {"migrations_bundle.py": bundle}),
               environment={"DATABASE_URL": dsn, **names}, publish=publish)
