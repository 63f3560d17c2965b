"""plain: every `*.sql` file of the folder, in the order of the names; `-- atlas:txmode none` in a head is obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source
from checks.contract.migration import Migration

FORM = "FILE.sql"
_OUTSIDE = re.compile(r"--\s*atlas:txmode\s+none\b")


_WAY = re.compile(r"(?<![A-Za-z])(?:up|down)(?![A-Za-z])", re.IGNORECASE)


def read(source: Source) -> Iterator[Migration]:
    """Every file, but for one that undoes another: `001_down__users.sql` beside `001_up__users.sql`."""
    files = source.files()
    ups = {_beginning(path.name, "up") for path in files} - {None}
    for path in files:
        if _beginning(path.name, "down") in ups:
            continue
        text = source.read(path)
        yield Migration(path.stem, path.name, text, whole=_OUTSIDE.search(text[:2000]) is None)


def _beginning(name: str, way: str) -> str | None:
    """What stands in `name` before the word `way`, if that is there."""
    match = _WAY.search(name)
    return name[:match.start()] if match is not None and match[0].casefold() == way else None


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return bool(source.files())

