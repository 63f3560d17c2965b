"""dbmate, goose and sql-migrate: up and down in one file, told apart by comments; what goes up is kept.

Sources: dbmate README ("Creating Migrations", "Migration Options"); goose README and its parser (`-- +goose NO TRANSACTION`,
`ENVSUB`); sql-migrate README ("Writing migrations", `notransaction`) and migrate.go (the order).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.contract.layouts.source import Source, in_order, only, sections, titled
from checks.contract.migration import Migration


@dataclass(frozen=True)
class Marked:
    """One tool's way to mark them."""

    FORM: str
    """As a file is called, and what stands in it."""
    marker: re.Pattern[str]
    """Begins a section; its group `way` is up or down in any case, and `outside` is there when it wants no transaction."""
    outside: re.Pattern[str] | None
    """Anywhere in the file: no transaction is wanted."""
    version: Callable[[str], str | None]
    """A file's name -> its version; None: it is no migration."""
    order: Callable[[str, str], tuple[object, ...]]
    """(name, version) -> its sort key."""
    code: str = ""
    """Files that are migrations in code, by their ending."""

    def read(self, source: Source) -> Iterator[Migration]:
        """What goes up in each file.

        Raises:
            UsageError: a file has no such section, or is code.
        """
        for path in source.files(f"*{self.code}") if self.code else ():
            if self.version(path.with_suffix(".sql").name) is not None and not path.name.endswith("_test.go"):
                raise source.error(path, "is code, which only its tool can run; give [migrations] build, the command that "
                                         "brings an empty database to the head, instead of tool")
        found = []
        for path in source.files():
            version = self.version(path.name)
            if version is None:
                continue
            text = source.read(path)
            ups = [(match, first, last) for match, first, last in sections(text, self.marker)
                   if match is not None and match["way"].casefold() == "up"]
            if not ups:
                raise source.error(path, f"has no section to apply; it must look like {self.FORM}")
            outside = any(match["outside"] for match, _, _ in ups) or (
                self.outside is not None and any(map(self.outside.match, text.splitlines())))
            found.append((self.order(path.name, version), Migration(
                version, path.name, only(text, [(first, last) for _, first, last in ups]), whole=not outside,
                title=titled(version, path.name))))
        yield from in_order(found)

    def recognises(self, source: Source) -> bool:
        """Whether the folder may be one of these."""
        return any(self.marker.search(line) for path in source.files()[:20]
                   for line in path.read_bytes().decode(errors="replace").splitlines() if "--" in line)


def _digits(name: str) -> str | None:
    match = re.match(r"(\d+)", name)
    return match[1] if match else None


def _goose_number(name: str) -> str | None:
    match = re.match(r"0*(\d+)_", name)
    return match[1] if match else None


def _as_it_is(name: str) -> str:
    return name


def _number_then_name(name: str, version: str) -> tuple[object, ...]:
    number = re.match(r"\d+", name)
    return (0, int(number[0]), name) if number else (1, 0, name)


DBMATE = Marked("20260101000000_name.sql with `-- migrate:up`",
                re.compile(r"\s*--\s*migrate:(?P<way>up|down)\b(?P<outside>.*\btransaction:false\b)?"), None,
                _digits, lambda name, version: (name,))
GOOSE = Marked("00001_name.sql with `-- +goose Up`",
               re.compile(r"\s*--\s*\+goose\s+(?P<way>up|down)\b(?P<outside>(?!))?", re.IGNORECASE),
               re.compile(r"\s*--\s*\+goose\s+NO\s+TRANSACTION\b", re.IGNORECASE),
               _goose_number, lambda name, version: (int(version),), ".go")
SQL_MIGRATE = Marked("1_name.sql with `-- +migrate Up`",
                     re.compile(r"\s*--\s*\+migrate\s+(?P<way>up|down)\b(?P<outside>.*\bnotransaction\b)?", re.IGNORECASE),
                     None, _as_it_is, _number_then_name)
