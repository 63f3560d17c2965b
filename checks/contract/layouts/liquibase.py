"""Liquibase formatted SQL: change sets in `.sql` files that begin with `--liquibase formatted sql`, file by file.

Source: Liquibase documentation, "SQL changelog format". The ledger's row is told by the file's name, id and author:
`orders.sql::1::alice`. Files apply in the order of their paths, as includeAll has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.source import Source, only, sections
from checks.contract.migration import Migration

FORM = "name.sql that begins with `--liquibase formatted sql`"
_HEAD = re.compile(r"\s*--\s*liquibase\s+formatted\s+sql", re.IGNORECASE)
_CHANGE_SET = re.compile(r"\s*--\s*changeset\s+(?P<author>[^\s:]+|\"[^\"]+\"):(?P<id>\"[^\"]+\"|\S+)(?P<attributes>.*)",
                         re.IGNORECASE)
_NOT_SQL = re.compile(r"\s*--\s*(rollback|precondition)", re.IGNORECASE)


def read(source: Source) -> Iterator[Migration]:
    """Every change set for PostgreSQL.

    Raises:
        UsageError: two change sets have one name.
    """
    for path in source.files("**/*.sql"):
        text = source.read(path)
        if not any(map(_HEAD.match, text.splitlines()[:5])):
            continue
        lines = text.splitlines()
        for match, first, last in sections(text, _CHANGE_SET):
            if match is None or not _for_postgresql(match["attributes"]):
                continue
            version = f"{path.name}::{match['id'].strip(chr(34))}::{match['author'].strip(chr(34))}"
            body = only(text, [(number, number + 1) for number in range(first, last) if not _NOT_SQL.match(lines[number])])
            yield Migration(version, source.name(path), body, whole=not re.search(
                r"\brunInTransaction:\s*false\b", match["attributes"], re.IGNORECASE),
                title=version if source.name(path) == path.name else f"{version} ({source.name(path)})")


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_HEAD.match(line) for path in source.files("**/*.sql")[:20]
               for line in path.read_bytes().decode(errors="replace").splitlines()[:5])


def _for_postgresql(attributes: str) -> bool:
    said = re.search(r"\bdbms:\s*\"?(?P<names>!?[\w,!]+)", attributes, re.IGNORECASE)
    if said is None:
        return True
    names = said["names"].casefold().split(",")
    return "postgresql" in names or any(name.startswith("!") and name != "!postgresql" for name in names)
