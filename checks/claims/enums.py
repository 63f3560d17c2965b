"""Enum claims: each allowed value is accepted, everything else is rejected by the constraint. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from checks.catalog.difference import column_types
from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Domain
from checks.catalog.snapshot import Snapshot
from checks.claims.enum_attempts import attempted
from checks.claims.enum_values import evaluated, null_wrong
from checks.claims.user_code import changed_code
from checks.contract.contract import EnumSpec
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.observation.enum_plan import EnumPlan, Lookup
from checks.observation.lookup_rows import LookupAnswer
from checks.observation.observe import EnumSeen, Observation
from checks.observation.questions import told_why
from checks.sql import meaning
from checks.sql.names import ident, nearest, shown
from checks.values import Case


def judge_enums(expectation: Expectation, seen: Observation) -> tuple[Case, ...]:
    """A case for each declared column."""
    return tuple(Case("enums", spec.shown, (accepted_values(spec, seen.enums[spec], expectation, seen.snapshot),))
                 for spec in expectation.contract.enums)


@claim("enums:{column.shown}", evidence=("evaluated", "attempted", "catalog"),
       breaks="a value beside the declared ones can be stored, or a declared one cannot")
def accepted_values(column: EnumSpec, seen: EnumSeen, expectation: Expectation, found: Snapshot) -> Finding:
    """{column.shown} accepts exactly {column.listed}"""
    plan = seen.plan
    if plan.column is None:
        return _no_column(column, found)
    table = shown(column.schema, column.table)
    item = found.relation(table)
    if item is not None and item.kind not in ("table", "partitioned table"):
        return Finding("broken", f"{table} is a {item.kind}, which enforces no constraint of its own.",
                       f"{table} is a {item.kind}", "Find out who replaced the table, or declare the enum on the table "
                       "behind it.", "catalog")
    if plan.labels is not None:
        return _native(plan, plan.labels)
    short = [value for value in column.values if value not in plan.allowed_that_fit]
    if short:
        return Finding("broken", f"{short[0]!r} does not fit into {plan.type}.", repr(short[0]),
                       f"Widen {column.shown}.", "catalog")
    if not plan.wrong:
        return Finding("unverified", f"No values to try for the type {plan.type}; text, varchar, char, whole numbers, "
                       "enums and domains over them can be judged.", "", "Look at the constraint by hand.", "catalog")
    return attempted(plan, seen.attempts, _by_any(seen, expectation, found))


def _no_column(column: EnumSpec, found: Snapshot) -> Finding:
    table = shown(column.schema, column.table)
    if found.relation(table) is None:
        return Finding("broken", f"There is no table {table}.{nearest(table, found.tables)}", f"no table {table}",
                       "Apply the migrations.", "catalog")
    names = [name for name, _ in found.of(table, "column")]
    return Finding("broken", f"{table} has no column {column.column}.{nearest(column.column, names)}",
                   f"no column {column.shown}", "Apply the migrations.", "catalog")


def _native(plan: EnumPlan, labels: Sequence[str]) -> Finding:
    extra = [label for label in labels if label not in plan.spec.values]
    missing = [value for value in plan.spec.values if value not in labels]
    if extra or missing:
        told = "; ".join([*(f"the type has {label!r} too" for label in extra),
                          *(f"the type lacks {value!r}" for value in missing)])
        return Finding("broken", f"{told}.", repr((extra or missing)[0]),
                       f"Change the type {plan.type}, or the contract.", "catalog")
    return null_wrong(plan.spec, plan.not_null, "NOT NULL") or Finding(
        "held", f"native enum {plan.type}", evidence="catalog")


def _by_any(seen: EnumSeen, expectation: Expectation, found: Snapshot) -> Finding:
    """What the foreign key and the CHECKs come to together: one of them has to hold the enum."""
    plan = seen.plan
    if not (plan.sole or plan.mixed):
        return _by_lookup(seen, plan.lookup, found) if plan.lookup else _unguarded(plan, expectation, found)
    checks = evaluated(seen, found)
    checked = checks.finding
    if plan.lookup is None:
        return checked
    looked_up = _by_lookup(seen, plan.lookup, found)
    if looked_up.word == "held" and not checks.refuses_allowed:
        return looked_up
    return checked if checked.word == "held" or checks.refuses_allowed else looked_up


def _unguarded(plan: EnumPlan, expectation: Expectation, found: Snapshot) -> Finding:
    column = plan.spec
    table = shown(column.schema, column.table)
    if plan.unsafe:
        return _by_body(plan, expectation, found)
    if plan.idle:
        name = plan.idle[0].own
        return Finding("broken", f"{name} is NOT ENFORCED: it rejects nothing.", "'banana' is accepted",
                       f"ALTER TABLE {table} ALTER CONSTRAINT {name} ENFORCED;", "catalog")
    return Finding("broken", "No CHECK, domain, enum type or foreign key restricts it: 'banana' is accepted.",
                   "'banana' is accepted", "Apply the migration that adds the constraint, or add: "
                   f"ALTER TABLE {table} ADD CHECK ({column.column} IN ("
                   f"{', '.join(map(repr, column.values))})) NOT VALID;", "catalog")


def _by_body(plan: EnumPlan, expectation: Expectation, found: Snapshot) -> Finding:
    """A CHECK that calls the user's code is never run; it is judged by its text and the code's body."""
    unsafe = plan.unsafe[0]
    name = unsafe.constraint.own
    changed = list(changed_code(_text(unsafe.constraint, found), expectation.functions, found.functions))
    if _same_check(unsafe.constraint, plan, expectation, found) and not changed:
        return Finding("held", f"{name} {unsafe.why}; it and that code are what the migrations made. Not evaluated.",
                       evidence="catalog")
    return Finding("unverified", f"{name} {unsafe.why}, so it was not evaluated, and it is not what the migrations made.",
                   "", "Try a wrong value on a scratch copy, or write the CHECK without that code.", "catalog")


def _text(key: Key, found: Snapshot) -> str:
    item = found.objects.get(key)
    if isinstance(item, Constraint):
        return item.expression or ""
    return " ".join(text for other in found.objects.values() if isinstance(other, Domain) for _, text, _ in other.checks)


def _same_check(key: Key, plan: EnumPlan, expectation: Expectation, found: Snapshot) -> bool:
    """Whether the CHECK that is there means what the expected one does."""
    expected, item = expectation.objects.get(key), found.objects.get(key)
    if isinstance(expected, Constraint) and isinstance(item, Constraint):
        types = column_types(found, key.relation)
        one, other = (meaning.canonical(each.expression or "", types) for each in (expected, item))
        return one == other
    domain = plan.column.user_type if plan.column else None
    return domain is not None and isinstance(expectation.objects.get(domain), Domain) \
        and expectation.objects[domain] == found.objects.get(domain)


def _by_lookup(seen: EnumSeen, lookup: Lookup, found: Snapshot) -> Finding:
    plan, name, reference = seen.plan, lookup.key.own, lookup.reference.references or ""
    if reference not in found.readable:
        role = ident(found.identity["role"])
        return Finding("unverified", f"{name} refers to {reference}, which role {role} may not read.",
                       "", f"GRANT SELECT ON {reference} TO {role};")
    answer = seen.lookup.answer if seen.lookup else None
    if not isinstance(answer, LookupAnswer):
        return Finding("unverified", f"The values of {reference} could not be compared: {told_why(answer)}.", "",
                       "Run again.")
    missing = [value for value in plan.spec.values if value not in answer.present]
    if answer.others or missing:
        told = "; ".join([*([f"{reference} holds {answer.others} values that the contract does not allow"]
                            if answer.others else []), *(f"{reference} lacks {value!r}" for value in missing)])
        return Finding("broken", f"{told}.", f"{answer.others} more" if answer.others else repr(missing[0]),
                       f"Mend the rows of {reference}, or the contract.")
    return null_wrong(plan.spec, plan.not_null, "NOT NULL") or Finding(
        "held", f"foreign key {name} to {reference}, which holds just these values")
