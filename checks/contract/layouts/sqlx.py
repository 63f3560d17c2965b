"""sqlx: `20260101000000_orders.sql`, or `….up.sql` beside `….down.sql`, by number; `-- no-transaction` may begin a file.

Source: sqlx-core, migrate/source.rs and migrate/migration.rs: the checksum is SHA-384 of the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source, in_order, text_of, titled
from checks.contract.migration import Migration

FORM = "1_name.sql or 1_name.up.sql"
_NAME = re.compile(r"(?P<version>\d+)_(?P<title>.*?)(?P<way>\.up|\.down)?\.sql")


def read(source: Source) -> Iterator[Migration]:
    """The files that go up."""
    found = []
    for path in source.files():
        match = _NAME.fullmatch(path.name)
        if match is None or match["way"] == ".down":
            continue
        version, raw = str(int(match["version"])), text_of(path)
        found.append(((int(version),), Migration(
            version, path.name, source.read(path), whole=not raw.startswith("-- no-transaction"),
            checksums=(hashlib.sha384(path.read_bytes()).hexdigest(),), title=titled(version, path.name))))
    yield from in_order(found)


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_NAME.fullmatch(path.name) for path in source.files())
