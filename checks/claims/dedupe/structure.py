"""Dedupe claims that the Snapshot alone decides: the dedupe table and every effect key have an arbiter. Pure.

`ON CONFLICT (key)` needs a unique, valid, immediate index over exactly those columns, without predicate, expression
or a collation that takes distinct keys for equal (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checks.catalog.arbiters import arbiter, defects, late_twin, near_arbiters
from checks.catalog.inheritance import descendants
from checks.catalog.key import Key
from checks.catalog.objects import Column, Table
from checks.catalog.snapshot import Snapshot
from checks.claims.causes import about_all_of
from checks.claims.dedupe.arbiter import lost_arbiter
from checks.claims.dedupe.statements import statement_claims
from checks.claims.dedupe.stored import stored_claims
from checks.claims.user_code import changed_code, trigger_harm
from checks.contract.dedupe import Dedupe
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.observation.observe import Observation
from checks.sql.names import near_miss, shown
from checks.sql.written import rewritten, written
from checks.values import Case, Subject, Verdict


def judge_dedupe(expectation: Expectation, seen: Observation) -> tuple[Case, ...]:
    """A case for each `[dedupe.NAME]`: structure, statements and stored rows."""
    return tuple(Case("dedupe", spec.name, (
        *_structure(spec, expectation, seen.snapshot), *statement_claims(spec, expectation, seen.snapshot),
        *stored_claims(spec, seen))) for spec in expectation.contract.dedupe)


def _structure(spec: Dedupe, expectation: Expectation, found: Snapshot) -> Iterator[Verdict]:
    table = expectation.contract.relation(spec.table)
    yield plain_table(spec.name, table, expectation, found)
    yield event_key(spec.name, table, ", ".join(spec.key), spec.key, expectation, found)
    for effect in spec.effects:
        home = expectation.contract.relation(effect.table)
        yield effect_key(spec.name, home, ", ".join(effect.key), effect.key, expectation, found)


@claim("dedupe:{dedupe}.table",
       breaks="the dedupe table is gone, replaced, unlogged, or a trigger, rule, policy or heir hides rows")
def plain_table(dedupe: str, table: str, expectation: Expectation, found: Snapshot) -> Finding:
    """{table} is a logged plain table that no trigger, rule or policy shadows"""
    item = found.relation(table)
    if item is None:
        return Finding("broken", f"There is no table {table}.{near_miss(table, found.tables)}", f"no table {table}",
                       "Apply the migration that makes it.", about=(about_all_of(Key.table(table)),))
    shadows = tuple(_shadows(table, item, found))
    head = expectation.head.relation(table)
    made = {shadow.what for shadow in _shadows(table, head, expectation.head)} if head is not None and shadows else set()
    wrong = [shadow.what for shadow in shadows if shadow.what not in made or shadow.function and any(
        changed_code(shadow.function, expectation.functions, found.functions))]
    if wrong:
        return Finding("broken", "; ".join(wrong) + ".", wrong[0],
                       f"Take it off {table}, so that what is stored is what was sent.")
    return Finding("held", note="; ".join(shadow.what for shadow in shadows))


class _Shadow(NamedTuple):
    """Something because of which what is stored is not what was sent."""

    what: str
    function: str = ""
    """Of a trigger."""


def _shadows(table: str, item: Table, found: Snapshot) -> Iterator[_Shadow]:
    if item.kind not in ("table", "partitioned table"):
        yield _Shadow(f"it is a {item.kind}")
    if item.persistence != "logged":
        yield _Shadow(f"it is {item.persistence}, so a crash empties it and every old event counts as new")
    for home, heir in ((table, item), *descendants(table, found)):
        for name, trigger in found.of(home, "trigger"):
            harm = trigger_harm(trigger, home, found)
            if harm:
                yield _Shadow(f"the trigger {name} ({trigger.function}) of {home} {harm}", trigger.function)
        if home == table:
            continue
        if heir.partition_bound is None:
            yield _Shadow(f"{home} inherits from it, and its key never sees the rows of {home}")
        elif heir.kind not in ("table", "partitioned table") or heir.persistence != "logged":
            yield _Shadow(f"its partition {home} is {heir.persistence}, a {heir.kind}")
    for name, rule in found.of(table, "rule"):
        if rule.enabled != "disabled" and rule.event != "select":
            yield _Shadow(f"the rule {name} rewrites {rule.event} on it")
    if item.row_security:
        yield _Shadow("row security hides some of its rows from some roles, so they look new")


@claim("dedupe:{dedupe}.key",
       breaks="its unique index is gone, partial, invalid, deferrable or over other columns; or the key may be NULL")
def event_key(dedupe: str, table: str, listed: str, key: Sequence[str], expectation: Expectation, found: Snapshot,
              ) -> Finding:
    """({listed}) of {table} has a unique index that ON CONFLICT can use, and is never NULL"""
    return _arbiter(table, key, expectation, found, strict=True)


@claim("dedupe:{dedupe}.{table}",
       breaks="the effect's unique index is gone, partial, invalid, deferrable or over other columns")
def effect_key(dedupe: str, table: str, listed: str, key: Sequence[str], expectation: Expectation, found: Snapshot,
               ) -> Finding:
    """({listed}) of {table} has a unique index that ON CONFLICT can use"""
    return _arbiter(table, key, expectation, found, strict=False)


def _arbiter(table: str, key: Sequence[str], expectation: Expectation, found: Snapshot, *, strict: bool) -> Finding:
    """Whether `key` of `table` has an arbiter; `strict`: and cannot be NULL."""
    listed = ", ".join(key)
    columns = dict(found.of(table, "column"))
    absent = [name for name in key if shown(name) not in columns]
    if not columns or absent:
        what = f"There is no table {table}."
        if columns:
            what = f"{table} has no column {absent[0]}.{near_miss(absent[0], columns)}"
        return Finding("broken", what, what, "Apply the migration that makes it.", about=(
            about_all_of(Key.column(table, shown(absent[0])) if columns else Key.table(table)),))
    index = arbiter(table, tuple(key), found)
    if index is None:
        told = "; ".join(near_arbiters(table, tuple(key), found)) or "no index is over just these columns"
        return Finding("broken", f"No arbiter for ON CONFLICT ({listed}): {told}.", told,
                       _remedy(table, tuple(key), found),
                       about=lost_arbiter(table, key, expectation))
    nullable = [name for name in key if not _never_null(columns[shown(name)])]
    distinct = index.made_as.nulls_not_distinct
    if nullable and strict and not distinct:
        return Finding("broken", f"{', '.join(nullable)} may be NULL, and NULLs repeat: "
                       "an event without a key is never a duplicate.", f"{nullable[0]} = NULL twice",
                       f"Once no row has NULL there: ALTER TABLE {rewritten(table)} "
                       f"ALTER COLUMN {written(nullable[0])} SET NOT NULL;",
                       about=(Subject(str(Key.column(table, shown(nullable[0]))), "not_null"),))
    own = [name for name in index.made_as.opclasses if "." in name]
    made = arbiter(table, tuple(key), expectation.head)
    if own and (made is None or made.made_as.opclasses != index.made_as.opclasses):
        what = f"{index.name} is of the operator class {own[0]}, which decides by code of its own what is equal"
        return Finding("unverified", f"{what}, and no migration makes it so.", what,
                       f"Make the index of the type's own operator class, or of {own[0]} by a migration.")
    note = f"; {', '.join(nullable)} may be NULL, and such rows repeat" if nullable and not distinct else ""
    return Finding("held", f"{index.name}{note}")


def _remedy(table: str, key: tuple[str, ...], found: Snapshot) -> str:
    """What gives `key` an arbiter; a deferrable constraint must go, whatever else is there."""
    late = late_twin(table, key, found)
    if not late:
        return f"Add a migration that makes a unique index over just ({', '.join(key)}) of {table}."
    name, columns = written(Key("index", "", late).bare), ", ".join(map(written, key))
    again = "" if any(index.unique and not defects(index) and set(index.keys) == set(key)
                      for _, index in found.of(table, "index")) else f", ADD CONSTRAINT {name} UNIQUE ({columns})"
    return f"Every ON CONFLICT over its columns fails while it is there: ALTER TABLE {rewritten(table)} DROP CONSTRAINT " \
           f"{name}{again};"


def _never_null(column: object) -> bool:
    return isinstance(column, Column) and column.not_null
