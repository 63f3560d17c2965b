"""plain: every `*.sql` file of the folder, in the order of the names; `-- atlas:txmode none` in a head is obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source
from checks.contract.migration import Migration

FORM = "FILE.sql"
_OUTSIDE = re.compile(r"--\s*atlas:txmode\s+none\b")


def read(source: Source) -> Iterator[Migration]:
    """Every file."""
    for path in source.files():
        text = source.read(path)
        yield Migration(path.stem, path.name, text, whole=_OUTSIDE.search(text[:2000]) is None)


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return bool(source.files())

