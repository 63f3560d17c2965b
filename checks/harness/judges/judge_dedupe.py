"""Dedupe claims that the Snapshot alone decides: the dedupe table and every effect key have an arbiter. Pure.

`ON CONFLICT (key)` needs a unique, valid, immediate index over exactly those columns, without predicate, expression
or a collation that takes distinct keys for equal (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.harness.arbiters import arbiter, near_arbiters
from checks.harness.contract import Contract
from checks.harness.dedupe_spec import Dedupe
from checks.harness.families import descendants
from checks.harness.judges.trigger_harm import trigger_harm
from checks.harness.snapshot import Column, Snapshot, Table
from checks.harness.sqltext import ident, nearest, shown
from checks.harness.values import Case, Verdict


def judge_dedupe(contract: Contract, found: Snapshot) -> tuple[Case, ...]:
    """A case for each `[dedupe.NAME]`."""
    return tuple(Case("dedupe", spec.name, tuple(_claims(spec, contract, found))) for spec in contract.dedupe)


def _claims(spec: Dedupe, contract: Contract, found: Snapshot) -> Iterator[Verdict]:
    table = contract.relation(spec.table)
    yield _plain_table(spec.name, table, found)
    yield _key(f"dedupe:{spec.name}.key", table, spec.key, found, strict=True)
    for effect in spec.effects:
        target = contract.relation(effect.table)
        yield _key(f"dedupe:{spec.name}.{target}", target, effect.key, found, strict=False)


def _plain_table(name: str, table: str, found: Snapshot) -> Verdict:
    claim = f"dedupe:{name}.table"
    sentence = f"{table} is a logged plain table that no trigger, rule or policy shadows"
    item = found.objects.get(f"table:{table}")
    if not isinstance(item, Table):
        near = nearest(table, [key[6:] for key in found.objects if key.startswith("table:")])
        return Verdict(claim, sentence, "broken", "catalog", f"There is no table {table}.{near}", f"no table {table}",
                       "Apply the migration that makes it.")
    wrong = []
    if item.kind not in ("table", "partitioned table"):
        wrong.append(f"it is a {item.kind}")
    if item.persistence != "logged":
        wrong.append(f"it is {item.persistence}, so a crash empties it and every old event counts as new")
    for home, heir in ((table, item), *descendants(table, found)):
        harms = [(name_, trigger.function, trigger_harm(trigger, home, found))
                 for name_, trigger in found.of(home, "trigger")]
        wrong += [f"the trigger {name_} ({function}) of {home} {harm}" for name_, function, harm in harms if harm]
        if home == table:
            continue
        if heir.partition_bound is None:
            wrong.append(f"{home} inherits from it, and its key never sees the rows of {home}")
        elif heir.kind not in ("table", "partitioned table") or heir.persistence != "logged":
            wrong.append(f"its partition {home} is {heir.persistence}, a {heir.kind}")
    wrong += [f"the rule {name_} rewrites {rule.event} on it" for name_, rule in found.of(table, "rule")
              if rule.enabled != "disabled" and rule.event != "select"]
    if item.row_security:
        wrong.append("row security hides some of its rows from some roles, so they look new")
    if wrong:
        return Verdict(claim, sentence, "broken", "catalog", "; ".join(wrong) + ".", wrong[0],
                       f"Take it off {table}, so that what is stored is what was sent.")
    return Verdict(claim, sentence, "held", "catalog")


def _key(claim: str, table: str, key: tuple[str, ...], found: Snapshot, *, strict: bool) -> Verdict:
    """The claim that `key` of `table` has an arbiter; `strict`: and cannot be NULL."""
    listed = ", ".join(key)
    sentence = f"({listed}) of {table} has a unique index that ON CONFLICT can use" + (
        ", and is never NULL" if strict else "")
    columns = dict(found.of(table, "column"))
    absent = [name for name in key if shown(name) not in columns]
    if not columns or absent:
        what = f"There is no table {table}."
        if columns:
            what = f"{table} has no column {absent[0]}.{nearest(absent[0], columns)}"
        return Verdict(claim, sentence, "broken", "catalog", what, what, "Apply the migration that makes it.")
    wanted = f"CREATE UNIQUE INDEX ON {table} ({', '.join(map(ident, key))});"
    nullable = [name for name in key if not _never_null(columns[shown(name)])]
    index = arbiter(table, key, found)
    if index is None:
        told = "; ".join(near_arbiters(table, key, found)) or "no index is over just these columns"
        return Verdict(claim, sentence, "broken", "catalog", f"No arbiter for ON CONFLICT ({listed}): {told}.",
                       told, wanted)
    distinct = index[1].nulls_not_distinct
    if nullable and strict and not distinct:
        return Verdict(claim, sentence, "broken", "catalog", f"{', '.join(nullable)} may be NULL, and NULLs repeat: "
                       "an event without a key is never a duplicate.", f"{nullable[0]} = NULL twice",
                       f"ALTER TABLE {table} ALTER COLUMN {ident(nullable[0])} SET NOT NULL;")
    note = f"; {', '.join(nullable)} may be NULL, and such rows repeat" if nullable and not distinct else ""
    return Verdict(claim, sentence, "held", "catalog", f"{index[0]}{note}")


def _never_null(column: object) -> bool:
    return isinstance(column, Column) and column.not_null
