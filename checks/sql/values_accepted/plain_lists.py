"""The usual enum, decided by the look of its CHECKs: one list of values, beside simple comparisons of other columns (pure).

A shortcut for what `decide` would find out at length; whatever looks otherwise is none of its business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from checks.sql.values_accepted.answers import AcceptedValues, ColumnFacts, ColumnRow, NamedCheck, Storability

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_TEXT = r"'(?:[^'\\]|'')*'::(?:text|character varying)"
_LIST = re.compile(
    rf"\(?(?:\((?P<cast>{_NAME})\)::text|(?P<plain>{_NAME})) = ANY \(+ARRAY\[(?P<items>{_TEXT}(?:, {_TEXT})*)\]"
    r"(?:\)::text\[\])?\)+")
_NUMBERS = re.compile(rf"\(?(?P<name>{_NAME}) = ANY \(ARRAY\[(?P<items>-?\d+(?:, -?\d+)*)\]\)+")
_COMPARED = re.compile(
    rf"\(?(?:\((?P<null>{_NAME}) IS NULL\) OR \()?(?P<name>{_NAME}) (?P<op><|<=|>|>=|<>) "
    r"\(?(?P<number>-?\d{1,4})\)?(?:::(?:numeric|bigint|integer|smallint|double precision))?\)*")
_ITEM = re.compile(_TEXT)
_STEP = {"<": -1, "<=": 0, ">": 1, ">=": 0, "<>": 1}
_SHORT_TEXT = re.compile(r"text|character varying(?:\((\d+)\))?")
_NUMERIC = re.compile(r"smallint|integer|bigint|real|double precision|numeric(?:\((?P<digits>\d+),(?P<places>\d+)\))?")
_WORDS = frozenset({"not", "case", "null", "true", "false", "value", "array", "row", "current_user", "user", "current_date",
                    "session_user", "current_role", "current_schema", "current_catalog", "localtimestamp", "localtime",
                    "current_timestamp", "current_time"})
"""What looks like a column's name and is none."""


class _Shape(NamedTuple):
    """What a CHECK plainly says of one column."""

    column: str
    values: tuple[str, ...]
    """The list, or one value that a comparison lets in."""
    listed: bool
    numeric: bool


def decide_plainly(column: str, allowed: Sequence[str], checks: Sequence[NamedCheck],
                   facts: Mapping[str, ColumnFacts]) -> AcceptedValues | None:
    """What `decide` says, or None where the CHECKs do not look plain enough."""
    if any(each.checks or each.generated or each.labels or each.citext or each.collation == "nondeterministic"
           for each in facts.values()):
        return None
    own: tuple[NamedCheck, _Shape] | None = None
    elsewhere: dict[str, str | None] = {}
    for check in checks:
        shape = _shape(check.text)
        if shape is None or shape.column not in facts or shape.column in elsewhere or not _fits(shape, facts[shape.column]):
            return None
        if shape.column != column:
            elsewhere[shape.column] = shape.values[0]
        elif own is not None or not shape.listed:
            return None
        else:
            own = check, shape
    if own is None:
        return None
    check, shape = own
    kept = {name: value for name, value in elsewhere.items() if facts[name].not_null}
    refused = Storability("no", by=(check.name,))
    extra = [value for value in shape.values if value not in allowed]
    return AcceptedValues(
        {value: Storability("yes", (ColumnRow(value, elsewhere=kept),)) if value in shape.values else refused
         for value in allowed},
        Storability("yes", (ColumnRow(extra[0], elsewhere=kept),)) if extra else refused,
        Storability("no", why="NOT NULL") if facts[column].not_null else Storability(
            "yes", (ColumnRow(None, elsewhere=kept),)))


def listed_values(text: str) -> tuple[str, ...]:
    """The values that a CHECK lists for its column, where it plainly is such a list; else nothing."""
    shape = _shape(text)
    return shape.values if shape is not None and shape.listed else ()


@lru_cache(maxsize=16384)
def _shape(text: str) -> _Shape | None:
    text = text.strip()
    found = _LIST.fullmatch(text)
    if found is not None and _closed(text):
        values = tuple(item.rpartition("'::")[0][1:].replace("''", "'") for item in _ITEM.findall(found["items"]))
        return _named(found["cast"] or found["plain"], values, listed=True, numeric=False)
    found = _NUMBERS.fullmatch(text)
    if found is not None and _closed(text):
        return _named(found["name"], tuple(found["items"].split(", ")), listed=True, numeric=True)
    found = _COMPARED.fullmatch(text)
    if found is not None and _closed(text) and found["null"] in (None, found["name"]):
        value = str(int(found["number"]) + _STEP[found["op"]])
        return _named(found["name"], (value,), listed=False, numeric=True)
    return None


def _closed(text: str) -> bool:
    """Whether the parentheses outside of literals are paired."""
    bare = re.sub(r"'(?:[^']|'')*'", "", text)
    return bare.count("(") == bare.count(")")


def _named(name: str, values: tuple[str, ...], *, listed: bool, numeric: bool) -> _Shape | None:
    if name in _WORDS:
        return None
    bare = name[1:-1].replace('""', '"') if name.startswith('"') else name
    return _Shape(bare, values, listed, numeric)


def _fits(shape: _Shape, facts: ColumnFacts) -> bool:
    """Whether the column's type holds every one of the values just as it is written."""
    if shape.numeric:
        if shape.listed:
            return facts.type in ("smallint", "integer", "bigint") and all(
                str(int(value)) == value and -2**15 <= int(value) < 2**15 for value in shape.values)
        number = _NUMERIC.fullmatch(facts.type)
        return number is not None and int(number["digits"] or 9) - int(number["places"] or 0) >= 5
    kind = _SHORT_TEXT.fullmatch(facts.type)
    return kind is not None and all(len(value) <= int(kind[1] or len(value)) for value in shape.values)
