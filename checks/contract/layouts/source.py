"""A folder of migration files, read as every layout needs it: names in order, text, placeholders, the part that goes up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.contract.migration import Migration
from checks.sql.names import ident, literal
from checks.values import UsageError


@dataclass(frozen=True)
class Source:
    """A migrations folder, and what the contract says of it."""

    folder: Path
    contract: str
    """The contract's file, for messages."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Name -> what stands for it."""
    schema: str = "public"
    """The first of the contract's schemas."""
    ledger: str = ""
    """The ledger's table, without its schema."""

    def files(self, pattern: str = "*.sql") -> tuple[Path, ...]:
        """The files that `pattern` (as of Path.glob) finds, in the order of their paths.

        Raises:
            UsageError: one is a link that leads nowhere.
        """
        found = sorted(self.folder.glob(pattern), key=self.name)
        lost = next((path for path in found if not path.exists()), None)
        if lost is not None:
            raise self.error(lost, "it is a link that leads nowhere; mend it, or take it out.")
        return tuple(path for path in found if path.is_file())

    def name(self, path: Path) -> str:
        """`path` from the folder."""
        return path.relative_to(self.folder).as_posix()

    def read(self, path: Path) -> str:
        """The file's text, its placeholders replaced; without the byte order mark that some editors write."""
        return replaced(text_of(path).removeprefix("\ufeff"), self.placeholders)

    def error(self, path: Path, what: str, line: int = 0) -> UsageError:
        """A UsageError about a file."""
        return UsageError(f"{self.name(path)}{f' line {line}' if line else ''}: {what}")


def text_of(path: Path) -> str:
    """The file as text.

    Raises:
        UsageError: it is not UTF-8, holds a zero byte, or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if "\0" in text:  # at which a server would take the statement to end
        raise UsageError(f"{path} line {text[:text.index(chr(0))].count(chr(10)) + 1} holds a zero byte; take it out.")
    return text


def replaced(text: str, placeholders: Mapping[str, str]) -> str:
    """`text` with `${name}`, `{{ name }}` and `{{ .name }}` replaced, and psql's `:name`, `:'name'`, `:"name"` for a name
    that begins with a colon; one with other signs stands for itself."""
    for name, value in placeholders.items():
        word = re.escape(name)
        if re.fullmatch(r":\w+", name):
            said = {"": value, "'": literal(value), '"': ident(value), None: "::"}
            text = re.sub(rf"::|:(['\"]?){word[1:]}\b\1", lambda match, said=said: said[match[1]], text)  # type: ignore[misc]
            continue
        form = rf"\$\{{{word}\}}|\{{\{{-?\s*\.?{word}\s*-?\}}\}}" if re.fullmatch(r"[\w.:-]+", name) else word
        text = re.sub(form, lambda match, value=value: value, text)  # type: ignore[misc]
    return text


def titled(version: str, file: str) -> str:
    """`2 (V2__orders.sql)`, or just the version where the file's name says the same."""
    return version if version in (file, file.rpartition(".")[0], file.partition("/")[0]) else f"{version} ({file})"


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A sort key by which numbers inside names count as numbers."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name))


def sections(text: str, marker: re.Pattern[str]) -> Iterator[tuple[re.Match[str] | None, int, int]]:
    """(the marker's match or None for what stands before the first, first line, line after the last) of each section."""
    lines = text.splitlines()
    found: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines):
        match = marker.match(line)
        if match is not None:
            yield found, start, number
            found, start = match, number + 1
    yield found, start, len(lines)


def only(text: str, kept: Iterable[tuple[int, int]]) -> str:
    """`text` with all lines emptied but those of `kept` (first, after the last): what is left stands where it stood."""
    lines = text.splitlines()
    wanted = {number for first, last in kept for number in range(first, last)}
    while lines and len(lines) - 1 not in wanted:
        lines.pop()
    return "\n".join(line if number in wanted else "" for number, line in enumerate(lines)) + ("\n" if lines else "")


def in_order(found: Iterable[tuple[tuple[object, ...], Migration]]) -> tuple[Migration, ...]:
    """The migrations by their sort keys."""
    return tuple(migration for _, migration in sorted(found, key=lambda each: each[0]))
