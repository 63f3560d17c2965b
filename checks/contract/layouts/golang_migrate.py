"""golang-migrate: `0001_orders.up.sql` and `0001_orders.down.sql`, by number; its ledger keeps the number alone.

Source: golang-migrate, MIGRATIONS.md and source/parse.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source, in_order, titled
from checks.contract.migration import Migration

FORM = "1_name.up.sql"
_NAME = re.compile(r"(?P<version>\d+)_.*\.up\.sql")


def read(source: Source) -> Iterator[Migration]:
    """The up files."""
    yield from in_order(
        ((int(match["version"]),), Migration(version, path.name, source.read(path), title=titled(version, path.name)))
        for path in source.files() if (match := _NAME.fullmatch(path.name)) for version in [str(int(match["version"]))])


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_NAME.fullmatch(path.name) for path in source.files())
