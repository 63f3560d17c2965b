"""Diesel: a folder a migration, `2026-01-01-000000_orders/up.sql`; `metadata.toml` may say run_in_transaction = false.

Source: diesel_migrations, file_based_migrations.rs: the version is the name up to the first underscore, without dashes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from checks.contract.layouts.source import Source, text_of, titled
from checks.contract.migration import Migration
from checks.values import UsageError

FORM = "2026-01-01-000000_name/up.sql"


def read(source: Source) -> Iterator[Migration]:
    """The folders, in the order of their versions."""
    folders = {path.parent.name.partition("_")[0].replace("-", ""): path for path in source.files("*/up.sql")}
    for version, path in sorted(folders.items()):
        yield Migration(version, source.name(path), source.read(path), whole=_whole(path.with_name("metadata.toml")),
                        title=titled(version, source.name(path)))


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return bool(source.files("*/up.sql"))


def _whole(file: Path) -> bool:
    if not file.is_file():
        return True
    try:
        return tomllib.loads(text_of(file)).get("run_in_transaction") is not False
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None
