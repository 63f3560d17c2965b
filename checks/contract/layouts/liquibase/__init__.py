"""Liquibase's formatted SQL: `--liquibase formatted sql`, a `--changeset author:id` a migration; with a plain master
changelog in the order of its includes, else the files in the order of their paths.

Sources: Liquibase documentation, "SQL changelogs" and "dbms"; AbstractFormattedChangeLogParser (what a line is). The ledger
knows a change set by (id, author, filename); the filename's folders depend on where Liquibase was started, so only its name
counts. XML, YAML and JSON change sets are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.contract.layouts.liquibase.change_sets import HEAD, ChangeSet, change_sets
from checks.contract.layouts.liquibase.checksums import checksums
from checks.contract.layouts.liquibase.master import included
from checks.contract.layouts.source import Source, text_of
from checks.contract.migration import Migration

FORM = "name.sql that begins with `--liquibase formatted sql`"


def read(source: Source) -> Iterator[Migration]:
    """Every change set for PostgreSQL.

    Raises:
        UsageError: two change sets have one name.
    """
    there = [path for path in source.files("**/*.sql") if _formatted(source.read(path))]
    for path in included(source.folder, there) or there:
        raw, text, name = text_of(path), source.read(path), source.name(path)
        for found in change_sets(text):
            if not found.runs_on("postgresql"):
                continue
            version = f"{(found.file or path.name).rpartition('/')[2]}::{found.id}::{found.author}"
            yield Migration(version, name, _delimited(found.sql, found),
                            whole=found.said("runInTransaction") != "false",
                            checksums=checksums(found) if text == raw else (),
                            title=version if found.file is None and name == path.name else f"{version} ({name})")


def recognises(source: Source) -> bool:
    """Whether the folder may be one of these."""
    return any(_formatted(path.read_bytes().decode(errors="replace")) for path in source.files("**/*.sql")[:20])


def _formatted(text: str) -> bool:
    first = next((line for line in text.removeprefix("\ufeff").splitlines() if line.strip()), "")
    return HEAD.fullmatch(first) is not None


def _delimited(sql: str, found: ChangeSet) -> str:
    """`sql` with what Liquibase splits it at, where that is no semicolon, made one; its lines stay where they are."""
    if found.said("splitStatements") == "false":
        return sql
    delimiter = found.said("endDelimiter") or "^(?:/|go)"
    forms = ["^/" if delimiter == "/" else delimiter, re.escape(delimiter)]  # it is an expression to Liquibase, or just text
    try:
        pattern = re.compile(rf"(?:{forms[0]})[ \t]*$", re.IGNORECASE | re.MULTILINE)
    except re.error:
        pattern = None
    if pattern is None or pattern.search("x"):
        pattern = re.compile(rf"{forms[1]}[ \t]*$", re.IGNORECASE | re.MULTILINE)
    return pattern.sub(lambda match: "\n" * match[0].count("\n") + ";", sql)
