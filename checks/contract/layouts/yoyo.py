"""yoyo: `0001.orders.sql` beside `0001.orders.rollback.sql`; `-- depends: 0000.base` orders, `-- transactional: false`.

Source: yoyo-migrations 9, migrations.py: directives stand in the comments that begin a file; among migrations that depend
on nothing unapplied the name decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from checks.contract.layouts.source import Source
from checks.contract.migration import Migration

FORM = "0001.name.sql, with `-- depends: …`"
_DIRECTIVE = re.compile(r"\s*--\s*(?P<name>transactional|depends)\s*:\s*(?P<value>.*)")


def read(source: Source) -> Iterator[Migration]:
    """The files that apply, those first that others depend on.

    Raises:
        UsageError: a migration is code, depends on one that is not there, or in a ring.
    """
    code = [path for path in source.files("*.py") if not path.name.startswith("_")]
    if code:
        raise source.error(code[0], "is code, which only its tool can run; give [migrations] build = "
                                    '["yoyo", "apply", "--batch", "--database", "{url}"] instead of tool')
    found: dict[str, Migration] = {}
    depends: dict[str, set[str]] = {}
    for path in source.files():
        if path.name.endswith(".rollback.sql") or path.name.startswith("post-apply"):
            continue
        text = source.read(path)
        said = _directives(text)
        depends[path.stem] = set(said.get("depends", "").split())
        found[path.stem] = Migration(path.stem, path.name, text,
                                     whole=said.get("transactional", "true").strip().lower() != "false")
    for version, needs in depends.items():
        for other in sorted(needs - found.keys()):
            raise source.error(source.folder / found[version].file, f"depends on {other}, which is not there")
    wanted_by: dict[str, list[str]] = {version: [] for version in found}
    for version, needs in depends.items():
        for other in needs:
            wanted_by[other].append(version)
    free = [version for version in found if not depends[version]]  # sorted, and so a heap
    while free:
        version = heappop(free)
        yield found.pop(version)
        for other in wanted_by[version]:
            depends[other].discard(version)
            if not depends[other]:
                heappush(free, other)
    if found:
        first, *_ = found
        raise source.error(source.folder / found[first].file, f"depends on itself, through {', '.join(found)}")


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return bool(source.files("*.rollback.sql")) or any("depends" in _directives(path.read_bytes().decode(errors="replace"))
                                                       for path in source.files()[:20])


def _directives(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _DIRECTIVE.fullmatch(line)
        if match is not None:
            found[match["name"]] = f"{found.get(match['name'], '')} {match['value']}".strip()
        elif line.strip() and not line.lstrip().startswith("--"):
            break
    return found
