"""What reading proves of an enum's CHECKs, and what the server adds: witnesses confirmed, open answers closed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checks.contract.contract import EnumSpec
from checks.kinds import Finding
from checks.observation.enum_plan import EnumPlan
from checks.observation.observe import EnumSeen
from checks.observation.questions import Refusal
from checks.sql.names import literal, shown
from checks.sql.values_accepted.answers import ColumnRow, Storability
from checks.sql.written import one_line, written
from checks.values import Evidence


class Decided(NamedTuple):
    """What the CHECKs come to."""

    finding: Finding
    allowed_go_in: bool | None = None
    """Whether every declared value can be stored; None: that could not be told."""


def decided(seen: EnumSeen) -> Decided:
    """What the CHECKs let in of the declared values, of all others, and of NULL."""
    plan, found = seen.plan, seen.plan.decision
    refused = {value: each for value, each in found.allowed.items() if each.answer == "no"}
    if refused:
        return Decided(_refused(plan, refused), allowed_go_in=False)
    tied = plan.guards.tied_to(plan.spec.column)
    unsettled = {value: each for value, each in found.allowed.items() if each.answer == "undecided"
                 and any(part.constraint in tied or not part.constraint for part in each.parts)
                 and not any(seen.accepts(row) for row in each.rows)}
    others = _others(seen, found.others)
    if others is not None and others.word == "broken":
        return Decided(others, None if unsettled else True)
    null = _null(seen, found.null)
    if null is not None and null.word == "broken":
        return Decided(null, None if unsettled else True)
    for value, each in unsettled.items():
        return Decided(_open(f"whether the allowed value {value!r} is accepted", each, seen))
    if others is not None:
        return Decided(others, allowed_go_in=True)
    if null is not None:
        return Decided(null, allowed_go_in=True)
    names = ", ".join(sorted(found.others.by)) or found.others.why
    told = len(plan.spec.values)
    return Decided(Finding("held", f"{told} allowed value{'s' if told != 1 else ''} accepted, every other one rejected by "
                           f"{names}"), allowed_go_in=True)


def _refused(plan: EnumPlan, refused: Mapping[str, Storability]) -> Finding:
    value, each = next(iter(refused.items()))
    if not each.by:
        return Finding("broken", f"{value!r} does not fit: {each.why}.", repr(value),
                       f"Widen {plan.spec.shown}, or correct the contract.", "catalog")
    return Finding("broken", f"The allowed value {value!r} is rejected by {_listed(each.by)}.", repr(value),
                   "Drop the constraint and add it with every allowed value.")


def _others(seen: EnumSeen, others: Storability) -> Finding | None:
    """What is wrong or open about all other values, if anything."""
    if others.answer == "no":
        return None
    if others.answer == "yes":
        witness = others.rows[0]
        answer = seen.accepts(witness)
        if answer is False:
            return Finding("unverified", f"By reading, {_told(seen.plan, witness)} is accepted; the server says that it is "
                           "not.", "", "Report this CHECK to postdeploy-checks, and try the value on a scratch copy.")
        return _let_in(seen.plan, witness, "evaluated" if answer else "proven")
    unread = seen.plan.guards.unread(seen.plan.spec.column)
    row = next((each for each in others.rows if seen.accepts(each)), None)
    if row is not None and unread is None:
        return _let_in(seen.plan, row, "evaluated")
    if row is not None and unread is not None:
        return Finding("unverified", f"{row.value!r} is accepted by what could be evaluated, unless {unread[0]} rejects it, "
                       f"which {unread[1]} and was not evaluated.", "",
                       "Try a wrong value on a scratch copy, or write the CHECK without that code.")
    return _open("that every other value is rejected", others, seen)


def besides(plan: EnumPlan) -> Finding:
    """That other values are kept out, if at all, by what reading does not decide."""
    return Finding("unverified", f"It could not be told that every other value is rejected: {'; '.join(plan.besides)}.", "",
                   f"Write what {plan.spec.shown} may hold as a CHECK, or try a wrong value on a scratch copy.", "catalog")


def _let_in(plan: EnumPlan, row: ColumnRow, evidence: Evidence) -> Finding:
    if plan.besides:
        return besides(plan)
    names = _listed(sorted(plan.guards.about(plan.spec.column)))
    if plan.through is not None:
        part = "a partition of" if plan.partitioned else "which inherits from"
        names = f"{plan.through}, {part} {shown(plan.spec.schema, plan.spec.table)}"
    others = _told_others(row)
    return Finding("broken", f"{row.value!r} is accepted by {names}{' when ' + others if others else ''}.",
                   f"{_told(plan, row)} is accepted",
                   f"Keep every other value out, by a migration: {membership_ddl(plan.spec)}", evidence)


def membership_ddl(spec: EnumSpec) -> str:
    """The statement that lets in just the declared values from now on."""
    return one_line(f"ALTER TABLE {written(spec.schema, spec.table)} ADD CHECK ({written(spec.column)} IN ("
                    f"{', '.join(map(literal, spec.values))})) NOT VALID;")


def _told(plan: EnumPlan, row: ColumnRow) -> str:
    others = _told_others(row)
    return f"{plan.spec.column} = {row.value!r}" + (f", {others}" if others else "")


def _told_others(row: ColumnRow) -> str:
    """The other values that the CHECKs tie to this one, the session's included."""
    return ", ".join(f"{name} {'is' if value is None and name in row.session else '='} "
                     f"{'NULL' if value is None else repr(value)}"
                     for name, value in (*row.others.items(), *row.session.items()))


def _open(what: str, each: Storability, seen: EnumSeen) -> Finding:
    """Something that neither reading nor the server settled."""
    unread = seen.plan.guards.unread(seen.plan.spec.column)
    if unread is not None:
        name, why = unread
        return Finding("unverified", f"It could not be told {what}: {name} {why}, so it was not evaluated.", "",
                       "Try a wrong value on a scratch copy, or write the CHECK without that code.", "catalog")
    parts = "; ".join(f"{part.text} ({part.constraint})" if part.constraint else part.text for part in each.parts[:3])
    refusal = f" {seen.refusal.told()}." if isinstance(seen.refusal, Refusal) else ""
    return Finding("unverified", f"It could not be told {what}; what is not settled: {parts or 'the CHECKs together'}."
                   f"{refusal}", "", "Write that part as a plain list of values, or look at it by hand.", "catalog")


def _null(seen: EnumSeen, null: Storability) -> Finding | None:
    """What is wrong or open about NULL, if anything; nothing where the contract does not speak of it."""
    spec = seen.plan.spec
    if spec.null is None:
        return None
    if null.answer == "undecided" and not any(seen.accepts(row) for row in null.rows):
        return _open(f"whether NULL is {spec.null}", null, seen)
    if spec.null == "rejected" and null.answer != "no" and seen.plan.besides:
        return besides(seen.plan)
    return null_wrong(spec, null.answer == "no", _listed(null.by) or null.why)


def null_wrong(column: EnumSpec, rejected: bool, by: str) -> Finding | None:
    """What is wrong about NULL, if anything."""
    alter = f"ALTER TABLE {written(column.schema, column.table)} ALTER COLUMN {written(column.column)}"
    if column.null == "rejected" and not rejected:
        return Finding("broken", "NULL is accepted, and the contract says rejected.", "NULL is accepted",
                       f"Once no row has NULL there: {alter} SET NOT NULL;")
    if column.null == "accepted" and rejected:
        return Finding("broken", f"NULL is rejected by {by}, and the contract says accepted.",
                       "NULL is rejected", "Let NULL in where it is rejected, or change the contract.")
    return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
