"""Expected objects against found objects -> Differences. Pure; compares meaning, not spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import (
    AROUND,
    Access,
    Column,
    Constraint,
    Domain,
    Index,
    Object,
    Other,
    Policy,
    Table,
    Trigger,
    facts,
)
from checks.catalog.snapshot import Snapshot
from checks.sql import meaning
from checks.sql.meaning import Different, Same

_NULL = re.compile(r"\(*NULL\)*(?:::[\w\s.\"\[\](),]+)?\Z")
_QUERY = re.compile(r"\(\s*SELECT\b")
EXPRESSIONS = {
    Column: ("default",), Constraint: ("expression",), Index: ("predicate",), Policy: ("using", "check"),
    Domain: ("default",),
}
"""Fields that hold deparsed SQL expressions."""
_NOT_COMPARED = {Index: ("backs_constraint", "expressions", "folding"), Constraint: ("inherited",), Column: ("folding",)}
"""Fields that follow from others."""
_TYPES = ("enum", "domain", "type", "table")
_NOT_STATED = frozenset({("extension", "version")})
"""(kind, attribute) that is compared only where a migration states it."""


@dataclass(frozen=True)
class Difference:
    """One object, or one field of it, that is not as expected."""

    key: Key
    what: Literal["missing", "extra", "changed"]
    field: str = ""
    """The field that changed, as the object names it; empty unless `changed`."""
    expected: str = ""
    found: str = ""
    sure: bool = True
    """False when two spellings could not be told to mean the same, nor to differ."""
    witness: str = ""
    note: str = ""
    """Why an unsure one could not be settled."""

    @property
    def told(self) -> str:
        """The field in words."""
        return "privileges on columns" if self.field == "partly" else self.field.replace("_", " ")

    @property
    def object(self) -> str:
        """What it is about: `column active_positions.side`."""
        return f"{self.key.kind} {self.key.path}"

    def line(self) -> str:
        """One line with both sides."""
        name = self.object
        if self.what != "changed":
            more = f" ({self.expected or self.found})" if self.expected or self.found else ""
            return f"{self.what} {name}{more}"
        return f"changed {name}: {self.told} expected {self.expected}, found {self.found}"


class _Change(NamedTuple):
    """That two values differ in meaning, and how that is known."""

    sure: bool = True
    witness: str = ""


@dataclass(frozen=True)
class Sides:
    """Both sides of a comparison, and what the expressions in them are about."""

    expected: Mapping[Key, Object]
    found: Snapshot
    same_major: bool = True
    """Whether both were deparsed by one PostgreSQL major; else views may be spelled apart."""

    def types(self, table: str) -> dict[str, str]:
        """Column name -> type, as found; names unquoted."""
        return column_types(self.found, table)

    def not_null(self, table: str) -> frozenset[str]:
        """Columns that cannot hold NULL on either side; names unquoted."""
        found = {name for name, column in self.found.of(table, "column") if column.not_null}
        expected = {name: self.expected.get(Key.column(table, name)) for name in found}
        return frozenset(unquoted(name) for name, item in expected.items()
                         if isinstance(item, Column) and item.not_null)


def column_types(found: Snapshot, table: str) -> dict[str, str]:
    """Column name, unquoted -> type as `meaning` wants it: a domain's base, an own collation appended."""
    types = {}
    for name, column in found.of(table, "column"):
        kind, domain = column.type, found.objects.get(column.user_type) if column.user_type else None
        while isinstance(domain, Domain):
            kind, domain = domain.base, found.objects.get(domain.base_domain) if domain.base_domain else None
        types[unquoted(name)] = kind + (f' COLLATE "{column.collation}"' if column.collation else "")
    return types


def unquoted(shown_name: str) -> str:
    """A shown identifier as the catalogue holds it."""
    if shown_name.startswith('"') and shown_name.endswith('"') and len(shown_name) > 1:
        return shown_name[1:-1].replace('""', '"')
    return shown_name


def difference(key: Key, sides: Sides) -> Iterator[Difference]:
    """Every difference of the object `key`."""
    expected, found = sides.expected.get(key), sides.found.objects.get(key)
    if key.kind in AROUND:
        return
    if isinstance(expected, Access):
        yield from _lost_privileges(key, expected, found)
        return
    if expected is None:
        if found is not None:
            yield Difference(key, "extra", found=brief(found))
        return
    if found is None:
        yield Difference(key, "missing", expected=brief(expected))
        return
    for name in dict.fromkeys((*facts(expected), *facts(found))):
        change = field_change(key, name, expected, found, sides)
        if change is not None:
            yield change


def _lost_privileges(key: Key, expected: Access, found: Object | None) -> Iterator[Difference]:
    """That a role cannot do what it should; that it can do more is for a claim about the role to say."""
    has = found if isinstance(found, Access) else Access()
    if not set(expected.privileges) <= set(has.privileges):
        yield Difference(key, "changed", "privileges", in_word(expected.privileges), in_word(has.privileges))
    lost = [(word, columns) for word, columns in expected.partly
            if word not in has.privileges and not {*columns} <= has.columns(word)]
    if lost:
        yield Difference(key, "changed", "partly", _on_columns(expected), _on_columns(has))


def _on_columns(item: Access) -> str:
    return ", ".join(f"{word} on {' and '.join(columns)}" for word, columns in item.partly) or "nothing"


def field_change(key: Key, name: str, expected: Object, found: Object, sides: Sides) -> Difference | None:
    """How the field `name` of one object differs in meaning, or None."""
    left, right = facts(expected).get(name), facts(found).get(name)
    if left == right or name in _NOT_COMPARED.get(type(expected), ()):
        return None
    if name == "validated" and right:
        return None  # somebody validated it since: more than was asked
    if left is None and (key.kind, name) in _NOT_STATED:
        return None
    if name == "parent" and isinstance(expected, Index) and isinstance(found, Index) and _moved(expected, found, sides):
        return None  # the table says so already
    if isinstance(expected, Column) and name == "default" and _no_default(expected) == _no_default(found):
        return None
    change = _changed(key, name, expected, found, sides)
    return None if change is None else Difference(
        key, "changed", name, in_word(left), in_word(right) + (
            _nobodys(left or (), right or (), sides) if name == "rests_on" else ""),
        change.sure, change.witness)


def _nobodys(left: Collection[str], right: Collection[str], sides: Sides) -> str:
    """`, of which no migration makes …` for what something rests on now."""
    strange = [name for name in right if name not in left and not any(_named(name, key) for key in sides.expected)]
    return f", of which no migration makes {', '.join(strange)}" if strange else ""


def _named(name: str, key: Key) -> bool:
    """Whether `function public.f(text)`, in the server's own words, is the object `key`: `f(x text)`."""
    kind, _, rest = name.partition(" ")
    if kind != ("type" if key.kind in _TYPES else key.kind):
        return False
    (mine, _, types), (theirs, _, arguments) = (
        each.replace('"', "").removeprefix("public.").removesuffix("[]").partition("(") for each in (rest, key.path))
    one, other = types.rstrip(")").replace(", ", ",").split(","), arguments.rstrip(")").replace(", ", ",").split(",")
    return mine == theirs and len(one) == len(other) and all(
        argument == each or argument.endswith(f" {each}") for each, argument in zip(one, other, strict=True))


def _changed(key: Key, name: str, expected: Object, found: Object, sides: Sides) -> _Change | None:
    """Whether two values that are spelled apart mean something else."""
    left: Any = facts(expected).get(name)
    right: Any = facts(found).get(name)
    if isinstance(expected, Other) and left is not None and right is not None:
        return None if meaning.loose(left) == meaning.loose(right) else _Change()
    if name in EXPRESSIONS.get(type(expected), ()) and left is not None and right is not None:
        return _expression(key, name, expected, left, right, sides)
    if name == "checks" and _same_checks(left, right):
        return None
    if name == "keys" and (getattr(expected, "expressions", False) or getattr(found, "expressions", False)):
        same = tuple(map(meaning.canonical, left)) == tuple(map(meaning.canonical, right))
        return None if same else _Change()
    if name in ("view", "definition") and left is not None and right is not None:
        if meaning.loose(left) == meaning.loose(right):
            return None
        exact = sides.same_major or isinstance(expected, Trigger)  # every major writes the same parentheses into a WHEN
        return _Change(exact or not meaning.same_words(left, right))
    return _Change()


def _expression(key: Key, name: str, expected: Object, left: str, right: str, sides: Sides) -> _Change | None:
    table = expected.table if isinstance(expected, Index) else key.relation
    types = sides.types(table)
    if meaning.canonical(left, types) == meaning.canonical(right, types):
        return None
    if name == "default" or getattr(expected, "type", "") == "exclusion":
        return _Change()
    verdict = meaning.compare(left, right, types, sides.not_null(table))
    if isinstance(verdict, Same):
        return None
    if not isinstance(verdict, Different) and _QUERY.search(f"{left} {right}"):
        return None if meaning.loose(left) == meaning.loose(right) else _Change(
            sides.same_major or not meaning.same_words(left, right))
    return _Change(True, told(verdict)) if isinstance(verdict, Different) else _Change(False)


def _moved(expected: Index, found: Index, sides: Sides) -> bool:
    """Whether the table of an index belongs to another parent now."""
    table, other = sides.expected.get(Key.table(expected.table)), sides.found.relation(found.table)
    return isinstance(table, Table) and other is not None and table.parents != other.parents


def _no_default(item: Object) -> str | None:
    """A column's default; None too where it is a NULL that a column without default holds as well."""
    default: str | None = getattr(item, "default", None)
    of_domain = isinstance(item, Column) and item.user_type is not None and item.user_type.kind == "domain"
    return None if default is not None and not of_domain and _NULL.match(default) else default


def told(difference: Different) -> str:
    """A witness as a sentence part: which values one side accepts and the other does not."""
    values = ", ".join(f"{name} = {'NULL' if value is None else repr(value)}"
                       for name, value in difference.witness.items()) or "any row"
    accepts, refuses = ("the contract", "the database") if difference.accepted_by == "left" else (
        "the database", "the contract")
    return f"{values}: {accepts} accepts it, {refuses} does not"


def _same_checks(left: Collection[tuple[str, str, bool]], right: Collection[tuple[str, str, bool]]) -> bool:
    """Whether two domains have the same CHECKs, by name and normal form, and none on the right is NOT VALID that was."""
    mine, theirs = ({name: meaning.canonical(text) for name, text, _ in checks} for checks in (left, right))
    late = {name for name, _, valid in right if not valid} - {name for name, _, valid in left if not valid}
    return mine == theirs and not late


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
    if isinstance(item, Trigger) and item.of_parent:
        return f"{item.enabled} here, and not on the partitioned table"
    return ""


def in_word(value: Any) -> str:
    """A field's value for a line, cut at 400 characters."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and not isinstance(value, Key):
        return "(" + ", ".join(map(str, value)) + ")"
    text = " ".join(str(value).split())
    return text if len(text) <= 400 else text[:399] + "…"
