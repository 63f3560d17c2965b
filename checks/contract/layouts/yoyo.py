"""yoyo: `0001.orders.sql` beside `0001.orders.rollback.sql`; `-- depends: 0000.base` orders, `-- transactional: false`.

Source: yoyo-migrations 9, migrations.py: directives stand in the comments that begin a file; among migrations that depend
on nothing unapplied the name decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

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
        for other in sorted(needs - set(found)):
            raise source.error(source.folder / found[version].file, f"depends on {other}, which is not there")
    done: list[str] = []
    while len(done) < len(found):
        free = next((version for version in found if version not in done and depends[version] <= set(done)), None)
        if free is None:
            ring = ", ".join(version for version in found if version not in done)
            raise source.error(source.folder / found[ring.partition(", ")[0]].file, f"depends on itself, through {ring}")
        done.append(free)
        yield found[free]


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
