"""What of a migration the code before it cannot live with, by the migration's own effects. Pure.

Sources: PostgreSQL manual, ALTER TABLE (Notes: which forms rewrite or scan the table), CREATE INDEX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from checks.catalog.key import Key
from checks.catalog.objects import (
    Access,
    Column,
    Constraint,
    Domain,
    EnumType,
    Function,
    Index,
    Object,
    Table,
    functions,
    table_of,
)
from checks.expectation.derived import Derived, MigrationStep

_LENGTH = re.compile(r"(character varying|bit varying|varbit)(?:\((\d+)\))?")
_DIGITS = re.compile(r"numeric(?:\((\d+),(\d+)\))?")
_VOLATILE = re.compile(r"\b(nextval|random|gen_random_uuid|uuidv[47]|uuid_generate_v\w+|clock_timestamp|timeofday|"
                       r"gen_random_bytes|random_normal|txid_current|pg_current_xact_id)\(")
"""Functions that give each stored row a value of its own, so that a new column with such a default rewrites the table."""
_LOST = {"enum": "type", "domain": "type", **{kind: kind for kind in (
    "table", "column", "function", "aggregate", "operator", "type", "sequence", "schema", "extension")}}
"""Kinds of objects that code may name, in words."""


def against_old_code(derived: Derived) -> dict[str, tuple[str, ...]]:
    """Version of each migration -> what in it is not backward compatible, in words; empty: nothing is."""
    objects: dict[Key, Object] = {}
    found = {}
    for step in derived.steps:
        found[step.version] = tuple(dict.fromkeys(_told(objects, step)))
        objects.update(step.sets)
        for key in step.drops:
            objects.pop(key, None)
    return found


def _told(before: Mapping[Key, Object], step: MigrationStep) -> Iterator[str]:
    yield from _drops(before, step)
    volatile = {key.bare for key, item in {**functions(before), **functions(step.sets)}.items()
                if item.volatility == "volatile"}
    for key, item in step.sets.items():
        was = before.get(key)
        table = table_of(key, item)
        if was is None:
            if table is not None and Key.table(table) in before and Key.table(table) not in step.drops:
                yield from _added(key, item, before, volatile)
        elif type(was) is type(item):
            yield from _changed(key, was, item)
        else:
            yield f"makes another kind of object of {key.path}"


def _drops(before: Mapping[Key, Object], step: MigrationStep) -> Iterator[str]:
    for key in step.drops:
        item = before.get(key)
        if item is None:
            continue
        table = table_of(key, item)
        if key.kind != "table" and table is not None and Key.table(table) in step.drops:
            continue  # told of the table
        renamed = next((new.path for new, made in step.sets.items() if new not in before and new.kind == key.kind
                        and _same(key, item, new, made, step)), None)
        if key.kind in _LOST or isinstance(item, Table):
            word = item.kind if isinstance(item, Table) else _LOST[key.kind]
            yield f"renames {word} {key.path} to {renamed}" if renamed else f"drops {word} {key.path}"
        elif isinstance(item, Index) and item.unique and not _has(step.sets.values(), item):
            yield f"drops the unique index {key.path}, which ON CONFLICT of the code before may need"


def _same(key: Key, item: Object, new: Key, made: Object, step: MigrationStep) -> bool:
    """Whether `made` is what was dropped, under another name."""
    if isinstance(item, Table):
        return (isinstance(made, Table) and item.kind == made.kind
                and _columns_of(step.drops, key) == _columns_of(step.sets, new))
    if isinstance(item, Column):
        return item == made and new.relation == key.relation
    return item == made


def _has(objects: Iterable[Object], item: Index) -> bool:
    """Whether one of `objects` is a unique index over the same."""
    return any(isinstance(each, Index) and each.unique and (each.table, each.keys, each.predicate) == (
        item.table, item.keys, item.predicate) for each in objects)


def _columns_of(keys: tuple[Key, ...] | Mapping[Key, Object], table: Key) -> set[str]:
    return {each.bare for each in keys if each.kind == "column" and each.relation == table.relation}


def _added(key: Key, item: Object, before: Mapping[Key, Object], volatile: set[str]) -> Iterator[str]:
    """What is wrong with an object that is new on a table which was there."""
    if isinstance(item, Column):
        if item.not_null and item.default is None and not item.identity and not item.generated:
            yield f"adds {key.path} NOT NULL without a default: an INSERT of the code before fails"
        calls = set(re.findall(r"([\w\"]+)\(", item.default or ""))
        if item.generated.startswith("s") or item.identity or (item.default and (
                _VOLATILE.search(item.default) or calls & volatile)):
            yield f"adds {key.path} with a value for each stored row, which rewrites the table under a lock"
    elif isinstance(item, Constraint) and item.enforced and not item.inherited:
        if item.type in ("check", "foreign key") and item.validated:
            yield f"adds {key.path} validated over stored rows: write NOT VALID, and VALIDATE it later"
        elif item.type == "exclusion":
            yield f"adds {key.path}, an exclusion over stored rows"
    elif isinstance(item, Index) and item.unique and (
            item.expressions or any(Key.column(item.table, column) in before for column in item.keys)) and not _has(
                before.values(), item):
        yield f"adds the unique index {key.path} over stored rows, which the code before does not know"


def _changed(key: Key, was: Object, item: Object) -> Iterator[str]:
    """What is wrong with another definition of what was there."""
    if isinstance(was, Column) and isinstance(item, Column):
        yield from _column(key, was, item)
    elif isinstance(was, Constraint) and isinstance(item, Constraint):
        if item.enforced and item.type in ("check", "foreign key") and item.validated and (
                was.expression != item.expression or was.references != item.references or not was.enforced):
            yield f"makes {key.path} anew, validated over stored rows: write NOT VALID, and VALIDATE it later"
    elif isinstance(was, Index) and isinstance(item, Index):
        if (was.unique, was.keys, was.predicate) != (item.unique, item.keys, item.predicate) and (was.unique or item.unique):
            yield f"changes what the unique index {key.path} is over"
    elif isinstance(was, Table) and isinstance(item, Table):
        yield from _table(key, was, item)
    elif isinstance(was, EnumType) and isinstance(item, EnumType):
        gone = [label for label in was.labels if label not in item.labels]
        if gone:
            yield f"takes {', '.join(map(repr, gone))} from the type {key.path}"
    elif isinstance(was, Domain) and isinstance(item, Domain):
        if was.base != item.base or (item.not_null and not was.not_null) or set(item.checks) - set(was.checks):
            yield f"narrows the domain {key.path}"
    elif isinstance(was, Function) and isinstance(item, Function):
        if was.returns != item.returns or was.kind != item.kind:
            yield f"changes what the function {key.path} returns"
    elif isinstance(was, Access) and isinstance(item, Access):
        gone = [each for each in was.privileges if each not in item.privileges]
        gone += [f"{word} on {', '.join(sorted(lost))}" for word, columns in was.partly
                 if word not in item.privileges and (lost := {*columns} - item.columns(word))]
        if gone:
            yield f"takes {', '.join(gone)} from {key.path}"


def _column(key: Key, was: Column, item: Column) -> Iterator[str]:
    if was.type != item.type:
        if _narrower(was.type, item.type):
            yield f"narrows {key.path} from {was.type} to {item.type}"
        elif not _wider(was.type, item.type):
            yield f"changes {key.path} from {was.type} to {item.type}, which rewrites the table under a lock"
    if item.not_null and not was.not_null:
        yield f"makes {key.path} NOT NULL" + ("" if item.default else " without a default") + (
            ": a NULL of the code before is refused")
    elif item.not_null and was.default is not None and item.default is None and not item.identity:
        yield f"takes the default of {key.path}, which is NOT NULL: an INSERT of the code before fails"
    if item.generated and not was.generated or item.identity.startswith("a") and not was.identity.startswith("a"):
        yield f"makes {key.path} a value that no INSERT may give"
    elif was.identity and not item.identity and item.default is None:
        yield f"takes the identity of {key.path}: an INSERT of the code before fails"


def _wider(was: str, now: str) -> bool:
    """Whether every value of the one type is one of the other, stored alike, so that nothing is rewritten."""
    old, new = _LENGTH.fullmatch(was), _LENGTH.fullmatch(now)
    if old and (now == "text" and old[1] == "character varying"
                or new and old[1] == new[1] and (new[2] is None or old[2] is not None and int(new[2]) >= int(old[2]))):
        return True
    if was == "text" and now == "character varying":
        return True
    before, after = _DIGITS.fullmatch(was), _DIGITS.fullmatch(now)
    return bool(before and after and (after[1] is None or before[1] is not None and before[2] == after[2]
                                      and int(after[1]) >= int(before[1])))


def _narrower(was: str, now: str) -> bool:
    return _wider(now, was) and not _wider(was, now) or (was, now) in (
        ("bigint", "integer"), ("bigint", "smallint"), ("integer", "smallint"), ("double precision", "real"))


def _table(key: Key, was: Table, item: Table) -> Iterator[str]:
    if was.kind != item.kind:
        yield f"makes a {item.kind} of the {was.kind} {key.path}"
    if was.persistence != item.persistence or was.access_method != item.access_method:
        yield f"rewrites {key.path} under a lock"
    if item.row_security and not was.row_security:
        yield f"hides rows of {key.path} by row security"
