"""node-pg-migrate in SQL: `1700000000000_orders.sql` with `-- Up Migration` and `-- Down Migration`, by number.

Source: node-pg-migrate 9, sqlMigration.js and utils/fileNameUtils.js: the ledger keeps the name without its ending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source, in_order, only, sections
from checks.contract.migration import Migration

FORM = "1700000000000_name.sql"
_MARKER = re.compile(r"\s*--[\s-]*(?P<way>up|down)\s+migration", re.IGNORECASE)
_CODE = re.compile(r"\d+[_-].*\.(js|cjs|mjs|ts|cts|mts)")


def read(source: Source) -> Iterator[Migration]:
    """What goes up in each file.

    Raises:
        UsageError: a migration is code.
    """
    code = [path for path in source.files("*") if _CODE.fullmatch(path.name)]
    if code:
        raise source.error(code[0], "is code, which only its tool can run; give [migrations] build = "
                                    '["npx", "node-pg-migrate", "up"] instead of tool')
    found = []
    for path in source.files():
        text, kept = source.read(path), []
        for match, first, last in sections(text, _MARKER):
            if match is None or match["way"].casefold() == "up":
                kept.append((first, last))
        number = re.match(r"\d+", path.name)
        found.append(((int(number[0]) if number else 0, path.name), Migration(path.stem, path.name, only(text, kept))))
    yield from in_order(found)


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_MARKER.search(line) for path in source.files()[:20]
               for line in path.read_bytes().decode(errors="replace").splitlines() if "--" in line)
