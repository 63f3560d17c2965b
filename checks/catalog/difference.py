"""Expected objects against found objects -> Differences. Pure; compares meaning, not spelling."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.catalog.objects import Column, Constraint, Domain, Index, Object, Policy, Table, parent_name
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.meaning import Different, Same

EXPRESSIONS = {
    Column: ("default",), Constraint: ("expression",), Index: ("predicate",), Policy: ("using", "check"),
    Domain: ("default",),
}
"""Fields that hold deparsed SQL expressions."""
_NOT_COMPARED = {Index: ("backs_constraint", "expressions", "folding"), Constraint: ("inherited",)}
"""Fields that follow from others."""


@dataclass(frozen=True)
class Difference:
    """One object, or one field of it, that is not as expected."""

    key: str
    what: str
    """`missing`, `extra` or `changed`."""
    field: str = ""
    expected: str = ""
    found: str = ""
    sure: bool = True
    """False when two spellings could not be told to mean the same, nor to differ."""
    witness: str = ""
    note: str = ""
    """Why an unsure one could not be settled."""

    def line(self) -> str:
        """One line with both sides."""
        kind, _, name = self.key.partition(":")
        if self.what != "changed":
            more = f" ({self.expected or self.found})" if self.expected or self.found else ""
            return f"{self.what} {kind} {name}{more}"
        return f"changed {kind} {name}: {self.field} expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Sides:
    """Both sides of a comparison, and what the expressions in them are about."""

    expected: Mapping[str, Object]
    found: Snapshot
    same_major: bool = True
    """Whether both were deparsed by one PostgreSQL major; else views may be spelled apart."""

    def types(self, table: str) -> dict[str, str]:
        """Column name -> type, as found; names unquoted."""
        return column_types(self.found, table)

    def not_null(self, table: str) -> frozenset[str]:
        """Columns that cannot hold NULL on either side."""
        found = {name for name, column in self.found.of(table, "column") if column.not_null}
        expected = {key for key, item in self.expected.items()
                    if isinstance(item, Column) and item.not_null and parent_name(key[7:]) == table}
        return frozenset(unquoted(name) for name in found if f"column:{table}.{name}" in expected)


def column_types(found: Snapshot, table: str) -> dict[str, str]:
    """Column name, unquoted -> type as `meaning` wants it: a domain's base, an own collation appended."""
    types = {}
    for name, column in found.of(table, "column"):
        kind, domain = column.type, found.objects.get(column.user_type or "")
        while isinstance(domain, Domain):
            kind, domain = domain.base, found.objects.get(domain.base_domain or "")
        types[unquoted(name)] = kind + (f' COLLATE "{column.collation}"' if column.collation else "")
    return types


def unquoted(shown_name: str) -> str:
    """A shown identifier as the catalogue holds it."""
    if shown_name.startswith('"') and shown_name.endswith('"') and len(shown_name) > 1:
        return shown_name[1:-1].replace('""', '"')
    return shown_name


def difference(key: str, sides: Sides) -> Iterator[Difference]:
    """Every difference of the object `key`."""
    expected, found = sides.expected.get(key), sides.found.objects.get(key)
    if expected is None:
        if found is not None:
            yield Difference(key, "extra", found=brief(found))
        return
    if found is None:
        yield Difference(key, "missing", expected=brief(expected))
        return
    for name in _fields(expected):
        change = field_change(key, name, expected, found, sides)
        if change is not None:
            yield change


def field_change(key: str, name: str, expected: Object, found: Object, sides: Sides) -> Difference | None:
    """How the field `name` of one object differs in meaning, or None."""
    left, right = getattr(expected, name), getattr(found, name)
    if left == right or name in _NOT_COMPARED.get(type(expected), ()):
        return None
    if name == "validated" and right:
        return None  # somebody validated it since: more than was asked
    if name == "row_security" and isinstance(expected, Table) and isinstance(found, Table):
        return Difference(key, "changed", "row security", _word(left), _word(right))
    sure, witness = True, ""
    if name in EXPRESSIONS.get(type(expected), ()) and left is not None and right is not None:
        sure, witness = _expressions(key, name, left, right, sides)
    elif name == "checks":
        sure, witness = _domain_checks(left, right)
    elif name == "keys" and (getattr(expected, "expressions", False) or getattr(found, "expressions", False)):
        sure, witness = tuple(map(meaning.canonical, left)) != tuple(map(meaning.canonical, right)), "same"
        witness = "" if sure else "same"
    elif name in ("view", "definition") and left is not None and right is not None:
        if meaning.loose(left) == meaning.loose(right):
            return None
        sure = sides.same_major
    if witness == "same":
        return None
    return Difference(key, "changed", name.replace("_", " "), _word(left), _word(right), sure, witness)


def _expressions(key: str, name: str, left: str, right: str, sides: Sides) -> tuple[bool, str]:
    table = parent_name(key.partition(":")[2])
    expected = sides.expected.get(key)
    if isinstance(expected, Index):
        table = expected.table
    types = sides.types(table)
    if meaning.canonical(left, types) == meaning.canonical(right, types):
        return True, "same"
    if name == "default" or getattr(expected, "type", "") == "exclusion":
        return True, ""
    verdict = meaning.compare(left, right, types, sides.not_null(table))
    if isinstance(verdict, Same):
        return True, "same"
    if isinstance(verdict, Different):
        return True, told(verdict)
    return False, ""


def told(difference: Different) -> str:
    """A witness as a sentence part: which values one side accepts and the other does not."""
    values = ", ".join(f"{name} = {'NULL' if value is None else repr(value)}"
                       for name, value in difference.witness.items()) or "any row"
    accepts, refuses = ("the contract", "the database") if difference.accepted_by == "left" else (
        "the database", "the contract")
    return f"{values}: {accepts} accepts it, {refuses} does not"


def _domain_checks(left: Collection[tuple[str, str, bool]], right: Collection[tuple[str, str, bool]],
                   ) -> tuple[bool, str]:
    def normal(checks: Collection[tuple[str, str, bool]]) -> dict[str, str]:
        return {name: meaning.canonical(text) for name, text, _ in checks}

    return (True, "same") if normal(left) == normal(right) else (True, "")


def brief(item: Object) -> str:
    """An object in a few words, for a line about it."""
    if isinstance(item, Table):
        return "" if item.kind == "table" else item.kind
    if isinstance(item, Column):
        words = [item.type, "not null" if item.not_null else "", f"default {item.default}" if item.default else ""]
        return " ".join(word for word in words if word)
    if isinstance(item, Constraint):
        return f"{item.type} ({', '.join(item.columns)})" + (f" {item.expression}" if item.expression else "")
    if isinstance(item, Index):
        return f"{'unique ' if item.unique else ''}on {item.table} ({', '.join(item.keys)})"
    return ""


def _fields(item: Object) -> Iterator[str]:
    yield from item._fields


def _word(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    text = " ".join(str(value).split())
    return text if len(text) <= 400 else text[:399] + "…"
