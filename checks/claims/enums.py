"""Enum claims: each allowed value is accepted, everything else is rejected by the constraint. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from checks.catalog.constraint_text import replaced
from checks.catalog.key import Key
from checks.catalog.objects import Column, Constraint, Domain, Object
from checks.catalog.snapshot import Snapshot
from checks.claims.enum_attempts import attempted
from checks.claims.enum_values import besides, decided, membership_ddl, null_wrong
from checks.claims.user_code import changed_code
from checks.contract.contract import EnumSpec
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.observation.enum_plan import EnumPlan, plan_enum
from checks.observation.lookup_rows import LookupAnswer
from checks.observation.observe import EnumSeen, Observation
from checks.observation.questions import Unasked, told_why
from checks.sql import meaning
from checks.sql.names import ident, nearest, shown
from checks.sql.written import rewritten
from checks.values import Case

MADE_SO = "The migrations themselves make it so: write one that does not."
"""What is said of an enum that is wrong because the migrations are."""


def judge_enums(expectation: Expectation, seen: Observation) -> tuple[Case, ...]:
    """A case for each declared column."""
    return tuple(Case("enums", spec.shown, (accepted_values(spec, seen.enums[spec], expectation, seen.snapshot),))
                 for spec in expectation.contract.enums)


@claim("enums:{column.shown}", evidence=("proven", "evaluated", "attempted", "catalog", "observed"),
       breaks="a value beside the declared ones can be stored, or a declared one cannot")
def accepted_values(column: EnumSpec, seen: EnumSeen, expectation: Expectation, found: Snapshot) -> Finding:
    """{column.shown} accepts exactly {column.listed}"""
    plan = seen.plan
    if plan.column is None:
        return _no_column(column, found)
    if plan.failure:
        return Finding("unverified", plan.failure, "", "Run again; if it stays, report it with the contract.", "catalog")
    table = shown(column.schema, column.table)
    item = found.relation(table)
    if item is not None and item.kind not in ("table", "partitioned table"):
        return Finding("broken", f"{table} is a {item.kind}, which enforces no constraint of its own.",
                       f"{table} is a {item.kind}", "Find out who replaced the table, or declare the enum on the table "
                       "behind it.", "catalog")
    if plan.labels is not None and not plan.guarded:
        return _native(plan, plan.labels, expectation)
    if not plan.known_type:
        return Finding("unverified", f"Values of the type {plan.type} may be equal in its own way; built-in types, citext, "
                       "enums and domains over them can be judged.", "", "Look at the constraint by hand.", "catalog")
    finding = attempted(seen, _unless_swallowed(plan, _by_any(seen, found)), found, expectation)
    return _by_the_migrations(finding, plan, expectation, found) if finding.word == "broken" else finding


def _no_column(column: EnumSpec, found: Snapshot) -> Finding:
    table = shown(column.schema, column.table)
    if found.relation(table) is None:
        return Finding("broken", f"There is no table {table}.{nearest(table, found.tables)}", f"no table {table}",
                       "Apply the migrations.", "catalog")
    names = [name for name, _ in found.of(table, "column")]
    return Finding("broken", f"{table} has no column {column.column}.{nearest(column.column, names)}",
                   f"no column {column.shown}", "Apply the migrations.", "catalog")


def _native(plan: EnumPlan, labels: Sequence[str], expectation: Expectation) -> Finding:
    extra = [label for label in labels if label not in plan.spec.values]
    missing = [value for value in plan.spec.values if value not in labels]
    if extra or missing:
        told = "; ".join([*(f"the type has {label!r} too" for label in extra),
                          *(f"the type lacks {value!r}" for value in missing)])
        made = plan_enum(plan.spec, expectation.head).labels
        if made is not None and set(made) == set(labels):
            return Finding("broken", f"{told}. {MADE_SO}", repr((extra or missing)[0]),
                           f"Write a migration that changes the type {plan.type}, or correct the contract.", "catalog")
        return Finding("broken", f"{told}.", repr((extra or missing)[0]),
                       f"Make the type {plan.type} what the migrations and the contract say.", "catalog")
    return null_wrong(plan.spec, plan.not_null, "NOT NULL") or Finding(
        "held", f"native enum {plan.type}", evidence="catalog")


def _by_any(seen: EnumSeen, found: Snapshot) -> Finding:
    """What the foreign key and the CHECKs come to together: one of them has to hold the enum."""
    plan = seen.plan
    if not plan.lookups:
        return decided(seen).finding if plan.guarded else _unguarded(plan, found)
    looked_up = _by_lookup(seen, found)
    if not plan.guarded or _lacks(seen):
        return looked_up
    checks = decided(seen)
    if checks.allowed_go_in is not True or checks.finding.word == "held":
        return checks.finding
    return looked_up


def _unless_swallowed(plan: EnumPlan, finding: Finding) -> Finding:
    """Unverified in place of held, where something that reading does not decide may keep the declared values out."""
    if finding.word == "held" and plan.swallowed:
        return Finding("unverified", f"It could not be told that the declared values go in: {'; '.join(plan.swallowed)}.",
                       "", "Look at what it does with a row that is right, on a scratch copy.", "catalog")
    return finding


def _lacks(seen: EnumSeen) -> bool:
    """Whether the lookup table is known to lack a declared value."""
    answer = seen.lookup.answer if seen.lookup else None
    return isinstance(answer, LookupAnswer) and any(value not in answer.present for value in seen.plan.spec.values)


def _unguarded(plan: EnumPlan, found: Snapshot) -> Finding:
    if plan.besides:
        return besides(plan)
    for key in plan.guards.idle:
        item = found.objects[key]
        remedy = replaced(key, item._replace(enforced=True)) if isinstance(item, Constraint) else ""
        return Finding("broken", f"{key.own} is NOT ENFORCED: it rejects nothing.", "'banana' is accepted",
                       f"Once no stored row breaks it: {remedy}", "catalog")
    return Finding("broken", "No CHECK, domain, enum type or foreign key restricts it: 'banana' is accepted.",
                   "'banana' is accepted", "Apply the migration that adds the constraint, or write "
                   f"one: {membership_ddl(plan.spec)}", "catalog")


def _by_the_migrations(finding: Finding, plan: EnumPlan, expectation: Expectation, found: Snapshot) -> Finding:
    """`finding` with a word about the migrations: that they make the column just so, or what of theirs is to come back."""
    if expectation.derived is None:
        return finding
    meant = plan_enum(plan.spec, expectation.head)
    lost = next(_lost(meant, expectation, found), None)
    if lost is not None:
        return replace(finding, next_step=f"Bring back the {lost.kind} {lost.path} as the migrations make it.")
    mine, theirs = ({each.name: meaning.canonical(each.text) for each in guards.checks}
                    for guards in (plan.guards, meant.guards))
    if mine != theirs or not mine or plan.heirs:
        return finding
    return replace(finding, detail=f"{finding.detail} {MADE_SO}")


def _lost(meant: EnumPlan, expectation: Expectation, found: Snapshot) -> Iterator[Key]:
    """What holds the enum as the migrations make it, and is not as they make it."""
    held_by = [*meant.guards.constraints.values(), *(each.key for each in meant.lookups)]
    item: Object | None = meant.column
    while isinstance(item, Column | Domain):
        key = item.user_type if isinstance(item, Column) else item.base_domain
        held_by += [key] if key else []
        item = expectation.objects.get(key) if key else None
    for key in held_by:
        if key.kind in ("constraint", "domain") and expectation.objects.get(key) != found.objects.get(key):
            yield key
    for each in meant.guards.checks:
        yield from (Key("function", "", name) for name in changed_code(each.text, expectation.functions, found.functions))


def _by_lookup(seen: EnumSeen, found: Snapshot) -> Finding:
    plan = seen.plan
    for lookup in plan.lookups:
        if lookup.reference.references not in found.readable:
            role = ident(found.identity["role"])
            return Finding("unverified", f"{lookup.key.own} refers to {lookup.reference.references}, which role {role} may "
                           "not read.", "", f"GRANT SELECT ON {rewritten(str(lookup.reference.references))} TO {role};",
                           "observed")
    if plan.column is not None and (plan.column.folding or any(each.folds for each in plan.lookups)):
        return Finding("unverified", "The foreign key compares in a way of its own, so that other spellings of the values "
                       "may be stored.", "", "Write the values as a CHECK.", "catalog")
    name = ", ".join(each.key.own for each in plan.lookups)
    reference = " and ".join(each.reference.references or "" for each in plan.lookups)
    answer = seen.lookup.answer if seen.lookup else None
    if not isinstance(answer, LookupAnswer):
        return Finding("unverified", f"The values of {reference} could not be compared: {told_why(answer)}.", "",
                       f"Look at the rows of {reference} by hand." if isinstance(answer, Unasked) else "Run again.")
    missing = [value for value in plan.spec.values if value not in answer.present]
    if answer.others and not missing and any(each.tied for each in plan.lookups):
        return Finding("unverified", f"{reference} holds {answer.others} values that the contract does not allow, and it "
                       f"could not be told whether {name} lets them in together with the other columns.", "",
                       f"Look at the rows of {reference} by hand, or write the values as a CHECK.", "observed")
    if answer.others or missing:
        told = "; ".join([*([f"{reference} holds {answer.others} values that the contract does not allow"]
                            if answer.others else []), *(f"{reference} lacks {value!r}" for value in missing)])
        return Finding("broken", f"{told}.", f"{answer.others} more" if answer.others else repr(missing[0]),
                       f"Mend the rows of {reference}, or the contract.", "observed")
    return null_wrong(plan.spec, plan.not_null, "NOT NULL") or Finding(
        "held", f"foreign key {name} to {reference}, which holds just these values", evidence="observed")
