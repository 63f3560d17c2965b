"""Prisma: a folder a migration, `20260101000000_orders/migration.sql`, beside migration_lock.toml.

Source: Prisma documentation, "About migration histories"; the checksum is SHA-256 of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from checks.contract.layouts.source import Source
from checks.contract.migration import Migration

FORM = "20260101000000_name/migration.sql"


def read(source: Source) -> Iterator[Migration]:
    """The folders, in the order of their names."""
    for path in source.files("*/migration.sql"):
        yield Migration(path.parent.name, source.name(path), source.read(path),
                        checksums=(hashlib.sha256(path.read_bytes()).hexdigest(),))


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return bool(source.files("*/migration.sql"))
