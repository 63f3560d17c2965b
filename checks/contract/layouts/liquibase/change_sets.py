"""The change sets of a formatted SQL changelog: what each line of it is to Liquibase. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

HEAD = re.compile(r"\s*--\s*liquibase\s*formatted.*", re.IGNORECASE | re.ASCII)
"""A changelog's first line that is not empty."""
_CHANGE_SET = re.compile(r"\s*--\s*changeset\s+(?P<author>\"[^\"]+\"|[^:]+):\s*(?P<id>\"[^\"]+\"|\S+)(?P<more>.*)",
                         re.IGNORECASE | re.ASCII)
_IGNORED = re.compile(r"--\s*ignoreLines:(?P<many>\w+)", re.IGNORECASE | re.ASCII)
_BACK = re.compile(r"\s*/\*\s*liquibase\s*rollback\s*", re.IGNORECASE | re.ASCII)
_BACK_END = re.compile(r".*\*/\s*", re.ASCII)
_VALID = re.compile(r"--\s*validCheckSum:? .*", re.IGNORECASE | re.ASCII)
_PROPERTY = re.compile(r"\s*--\s*property\s+.*:.*\s+.*:.*", re.IGNORECASE | re.ASCII)
_NO_SQL = re.compile(r"--\s*comment:? .*|\s*--\s*rollback .*|\s*--\s*preconditions.*|\s*--\s*precondition-[a-z0-9-]+( .*)?",
                     re.IGNORECASE | re.ASCII)
_ENDS = re.compile(r"\r\n|\r|\n")
"""As Java's BufferedReader has them."""
_PATTERNS: Mapping[str, str] = {"dbms": r"[^,][\w!,]+", "logicalFilePath": r"\S*", "endDelimiter": r"\S*"}
"""What an attribute's value may be, where it is more than a word."""
_WORD = r"\w+"


@dataclass(frozen=True)
class ChangeSet:
    """One change set."""

    author: str
    id: str
    attributes: str
    """What its line says after its name."""
    file: str | None
    """The path by which the ledger knows its file; None: where it stands."""
    sql: str
    """The lines of the file that are its SQL, where they stand there, and what Liquibase makes of them empty."""
    marks: frozenset[str]
    """What it uses besides: `ignoreLines`, `property`, `validCheckSum`, `rollback` (in a comment of several lines)."""
    last: bool
    """Whether it is the last of its file."""

    def said(self, name: str) -> str | None:
        """The attribute `name`, in lower case where it is a word; None: not said."""
        return _attribute(self.attributes, name)

    def runs_on(self, database: str) -> bool:
        """Whether it is for `database`, and not to be ignored."""
        names = (self.said("dbms") or database).casefold().split(",")
        wanted = database in names or "all" in names or (
            all(name.startswith("!") for name in names) and f"!{database}" not in names)
        return wanted and self.said("ignore") != "true"


def change_sets(text: str) -> Iterator[ChangeSet]:
    """The change sets of a changelog, in its order."""
    lines = _ENDS.split(text.removeprefix("\ufeff"))
    elsewhere: str | None = None
    found: list[tuple[re.Match[str], list[int], set[str]]] = []
    number = -1
    while (number := number + 1) < len(lines):
        line = lines[number]
        if HEAD.fullmatch(line):
            elsewhere = _attribute(line, "logicalFilePath") or elsewhere
        ignored, match = _IGNORED.fullmatch(line), _CHANGE_SET.fullmatch(line)
        if ignored is not None:
            number = _after(lines, number, ignored["many"])
            if found:
                found[-1][2].add("ignoreLines")
        elif match is not None:
            found.append((match, [], set()))
        elif not found or _NO_SQL.fullmatch(line):
            continue
        elif _PROPERTY.fullmatch(line):
            found[-1][2].add("property")
        elif _VALID.fullmatch(line):
            found[-1][2].add("validCheckSum")
        elif _BACK.fullmatch(line):
            found[-1][2].add("rollback")
            number = next((at for at in range(number + 1, len(lines)) if _BACK_END.fullmatch(lines[at])), len(lines))
        else:
            found[-1][1].append(number)
    for each, (match, inside, marks) in enumerate(found):
        while inside and not lines[inside[-1]].strip():
            inside.pop()
        sql = "".join("\n" * (at - before - 1) + lines[at] + "\n" for before, at in pairwise((-1, *inside)))
        yield ChangeSet(match["author"].strip('"'), match["id"].strip('"'), match["more"],
                        _attribute(match["more"], "logicalFilePath") or elsewhere, sql, frozenset(marks),
                        each == len(found) - 1)


def _after(lines: Sequence[str], number: int, many: str) -> int:
    """The last line that an `ignoreLines` in line `number` takes out."""
    if many.isdigit():
        return number + int(many)
    return next((at for at in range(number + 1, len(lines))
                 if (end := _IGNORED.fullmatch(lines[at])) and end["many"] == "end"), len(lines))


def _attribute(text: str, name: str) -> str | None:
    form = _PATTERNS.get(name, _WORD)
    value = re.search(rf".*(?<!\w){name}:(?P<value>{form})", text, re.IGNORECASE | re.ASCII)
    if value is None:
        return None
    return value["value"] if name in _PATTERNS else value["value"].casefold()
