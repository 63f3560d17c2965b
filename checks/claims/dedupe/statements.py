"""Dedupe claims about the application's statements: the target has the arbiter that each one needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.catalog.arbiters import arbiter, near_arbiters
from checks.catalog.key import Key
from checks.catalog.objects import Column, Index
from checks.catalog.snapshot import Snapshot
from checks.claims.causes import about_all_of
from checks.claims.dedupe.arbiter import lost_arbiter
from checks.contract.dedupe import Dedupe
from checks.expectation.expectation import Expectation
from checks.expectation.planned_insert import PlannedInsert
from checks.kinds import Finding, claim
from checks.values import Verdict


def statement_claims(spec: Dedupe, expectation: Expectation, found: Snapshot) -> Iterator[Verdict]:
    """The claim about each listed statement."""
    if expectation.derived is None:
        return
    for number, text in enumerate(spec.statements, 1):
        plan = expectation.derived.inserts.get(text)
        if plan is None:
            continue
        if plan.sqlstate:
            yield unplannable(spec.name, number, plan)
        elif plan.resolution and not plan.arbiters:
            yield without_target(spec.name, number, plan, found)
        else:
            yield statement(spec.name, number, plan, expectation, found)


@claim("dedupe:{dedupe}.statement{number}", breaks="what the migrations make cannot run the statement")
def unplannable(dedupe: str, number: int, plan: PlannedInsert) -> Finding:
    """statement {number} of {dedupe} has its arbiter"""
    if plan.sqlstate == "42P10":
        return Finding("broken", "The migrations make no unique index over the columns that its ON CONFLICT names: "
                       f"{plan.message} (42P10). Every INSERT fails.", plan.message,
                       "Add a migration with CREATE UNIQUE INDEX over exactly those columns.")
    return Finding("broken", f"It cannot be planned on what the migrations make: {plan.message} (SQLSTATE "
                   f"{plan.sqlstate}).", plan.message, "Correct it in the contract.")


@claim("dedupe:{dedupe}.statement{number}", breaks="the index that its ON CONFLICT names is gone or cannot be used")
def statement(dedupe: str, number: int, plan: PlannedInsert, expectation: Expectation, found: Snapshot) -> Finding:
    """the INSERT into {plan.table} has the arbiter that its ON CONFLICT needs"""
    if not plan.resolution:
        return Finding("broken", "It has no ON CONFLICT: a second delivery fails or doubles.", "no ON CONFLICT",
                       "Add ON CONFLICT (key) DO NOTHING or DO UPDATE.")
    if found.relation(plan.table) is None:
        return Finding("broken", f"There is no table {plan.table}.", f"no table {plan.table}",
                       "Apply the migration that makes it.", about=(about_all_of(Key.table(plan.table)),))
    for name in plan.arbiters:
        expected = _index(expectation, plan.table, name)
        if expected is None or arbiter(plan.table, expected.keys, found) is not None:
            continue
        columns = ", ".join(expected.keys)
        told = "; ".join(near_arbiters(plan.table, expected.keys, found)) or "no index is over just these columns"
        return Finding("broken", f"No arbiter for ON CONFLICT ({columns}): {told}. The INSERT fails with 42P10 (55000 "
                       "when the index is deferrable).", told,
                       f"Bring back {name} as the migrations make it.",
                       about=lost_arbiter(plan.table, expected.keys, expectation))
    return Finding("held", ", ".join(plan.arbiters))


def _index(expectation: Expectation, table: str, name: str) -> Index | None:
    """The index that the scratch server took, as the migrations make it."""
    return next((item for own, item in expectation.head.of(table, "index")
                 if isinstance(item, Index) and Key("index", "", own).bare == name), None)


@claim("dedupe:{dedupe}.statement{number}", breaks="another unique index makes DO NOTHING lose rows, or there is none")
def without_target(dedupe: str, number: int, plan: PlannedInsert, found: Snapshot) -> Finding:
    """ON CONFLICT DO NOTHING on {plan.table} can swallow one kind of conflict only"""
    names = [name for name, index in found.of(plan.table, "index") if isinstance(index, Index) and index.unique
             and not _generated(plan.table, index, found)]
    if len(names) > 1:
        return Finding("broken", f"It names no key, and {plan.table} has {len(names)} unique indexes "
                       f"({', '.join(names)}): a conflict on any of them loses the row silently.", ", ".join(names),
                       "Name the key: ON CONFLICT (key) DO NOTHING.")
    if not names:
        return Finding("broken", f"{plan.table} has no unique index: nothing is ever a conflict.", "no unique index",
                       f"CREATE UNIQUE INDEX ON {plan.table} (…);")
    return Finding("held", names[0])


def _generated(table: str, index: Index, found: Snapshot) -> bool:
    """Whether the index is over a key that the server makes up, which never conflicts."""
    columns = [found.objects.get(Key.column(table, name)) for name in index.keys]
    return all(isinstance(column, Column) and (column.identity or "nextval(" in (column.default or "")
                                               or "gen_random_uuid(" in (column.default or "")) for column in columns)
