"""Flyway: `V2__orders.sql` by number, wherever it stands below the folder; then `R__views.sql`; `U2__…` is its undo.

Source: Flyway documentation, "Migrations" (naming, ordering, placeholders, script configuration files) and
"Baseline migrations". A checksum is the CRC32 of the lines without their ends.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from checks.contract.layouts.source import Source, in_order, replaced, text_of, titled
from checks.contract.migration import Migration

FORM = "V1__name.sql, R__name.sql"
_VERSIONED = re.compile(r"(?P<kind>[VB])(?P<version>\d+(?:[._]\d+)*)(?:__(?P<title>.*))?\.sql")
_REPEATABLE = re.compile(r"R__(?P<title>.*)\.sql")
_LEFT = re.compile(r"\$\{[\w.:-]+\}")


def read(source: Source) -> Iterator[Migration]:
    """Versioned migrations by their numbers, then repeatable ones by their descriptions.

    Raises:
        UsageError: a placeholder that nothing stands for.
    """
    versioned: list[tuple[tuple[object, ...], Migration]] = []
    baselines: list[tuple[tuple[int, ...], Path]] = []
    for path in source.files("**/*.sql"):
        match = _VERSIONED.fullmatch(path.name)
        if match is None:
            continue
        if match["kind"] == "B":
            baselines.append((_number(match["version"]), path))
        else:
            versioned.append((_number(match["version"]), _migration(source, path, match["version"].replace("_", "."))))
    if baselines and (not versioned or min(key for key, _ in versioned) > max(baselines)[0]):
        key, path = max(baselines)  # the versions that it stands for are gone
        versioned.append((key, _migration(source, path, ".".join(map(str, key)))))
    yield from in_order(versioned)
    for path in sorted(source.files("**/R__*.sql"), key=lambda each: each.stem):
        if _REPEATABLE.fullmatch(path.name):
            yield _migration(source, path, path.name)


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_VERSIONED.fullmatch(path.name) and "__" in path.name for path in source.files("**/*.sql"))


def _number(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in re.split(r"[._]", version)]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _migration(source: Source, path: Path, version: str) -> Migration:
    settings = path.with_name(path.name + ".conf")
    said = {name.strip(): value.strip() for name, _, value in
            (line.partition("=") for line in text_of(settings).splitlines())} if settings.is_file() else {}
    raw = text_of(path)
    text = raw if said.get("placeholderReplacement") == "false" else _filled(source, path, raw)
    checksums = (str(_checksum(raw)),) if path.name[0] != "R" or text == raw else ()
    return Migration(version, source.name(path), text, whole=said.get("executeInTransaction") != "false",
                     checksums=checksums, title=titled(version, source.name(path)))


def _filled(source: Source, path: Path, text: str) -> str:
    own = {"flyway:defaultSchema": source.schema, "flyway:table": source.ledger, "flyway:filename": path.name,
           "flyway:database": "postgres", "flyway:user": "postgres", "flyway:environment": "default"}
    text = replaced(text, {**own, **source.placeholders})
    left = _LEFT.search(text)
    if left is not None:
        name = left[0][2:-1]
        raise source.error(path, f"nothing stands for the placeholder {left[0]}; say it in {source.contract}: [migrations] "
                                 f'placeholders = {{ "{name}" = "…" }}', text.count("\n", 0, left.start()) + 1)
    return text


def _checksum(text: str) -> int:
    content = 0
    for line in text.removeprefix("\ufeff").splitlines():
        content = zlib.crc32(line.encode(), content)
    return content - 2**32 if content >= 2**31 else content
