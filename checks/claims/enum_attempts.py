"""What real INSERTs add to what was found of one enum. Pure."""

from __future__ import annotations

from dataclasses import replace

from checks.catalog.key import Key
from checks.catalog.snapshot import Snapshot
from checks.expectation.expectation import Expectation
from checks.kinds import Finding
from checks.observation.enum_plan import EnumPlan
from checks.observation.insert_attempts import Attempt
from checks.observation.observe import EnumSeen
from checks.sql.names import shown


def attempted(seen: EnumSeen, finding: Finding, found: Snapshot, expectation: Expectation) -> Finding:
    """Lifts the evidence of a proof where real INSERTs said the same; contradicts it where they did not.

    An INSERT that nobody refused is a witness. One of an allowed value that was refused for another reason than the value
    is told; where a trigger or rule that no migration made may be that reason, nothing is proven.
    """
    plan = seen.plan
    controls = [each for each in seen.attempts if each.allowed]
    others = [each for each in seen.attempts if not each.allowed]
    stored = next((each for each in others if each.accepted and each.rows and each.stored != "allowed"), None)
    if stored is not None:
        how = "" if stored.stored == "sent" else " (something rewrote the row)"
        before = f"{finding.detail} " if finding.word == "broken" else ""
        return Finding("broken", f"{before}INSERT of {stored.value!r} was accepted{how}.", f"{stored.value!r} was inserted",
                       finding.next_step or "Look for a trigger or rule on the table.", "attempted")
    if finding.word != "held" or not controls:
        return finding
    refused = next((each for each in controls if not each.accepted), None)
    if refused is not None and _by_its_constraint(plan, refused):
        by = f"by {refused.constraint}" if refused.constraint else f"(SQLSTATE {refused.sqlstate})"
        return Finding("broken", f"INSERT of the allowed value {refused.value!r} was refused {by}.",
                       f"{refused.value!r} was refused", "Drop the constraint and add it with every allowed value.",
                       "attempted")
    odd = next((each for each in controls if not each.rows or each.stored != "sent"), None)
    if refused is not None or odd is not None:
        return _not_tried(finding, refused, odd, _strange_code(plan, found, expectation))
    if not all(_by_its_constraint(plan, each) or each.accepted for each in others):
        return finding
    return Finding("held", f"{len(controls)} allowed values inserted, {len(others)} others refused, "
                   f"each by its constraint ({finding.detail})", evidence="attempted")


def _not_tried(finding: Finding, refused: Attempt | None, odd: Attempt | None, code: str) -> Finding:
    """What is left of a proof where the INSERT of an allowed value did not go in as it was sent."""
    if refused is not None:
        by = f", {refused.constraint}" if refused.constraint else ""
        told = f"that of {refused.value!r} was refused for another reason (SQLSTATE {refused.sqlstate}{by})"
    else:
        told = f"something {'rewrote' if odd and odd.rows else 'swallowed'} that of {odd.value!r}" if odd else ""
    foreign = refused is None or refused.sqlstate[:2] not in ("22", "23")
    if code and foreign:
        return Finding("unverified", f"By reading, {finding.detail}; but no INSERT could be tried: {told}, and {code}.", "",
                       "Look at what it does with a row that is right.", "attempted")
    return replace(finding, detail=f"{finding.detail}; no INSERT could be tried: {told}")


def _strange_code(plan: EnumPlan, found: Snapshot, expectation: Expectation) -> str:
    """A trigger or rule that an INSERT meets and no migration made, in words, or nothing."""
    table = shown(plan.spec.schema, plan.spec.table)
    for kind in ("trigger", "rule"):
        for name, item in found.of(table, kind):
            if item.enabled != "disabled" and expectation.objects.get(Key(kind, table, name)) != item:
                return f"the {kind} {name} is none that the migrations made"
    return ""


def _by_its_constraint(plan: EnumPlan, result: Attempt) -> bool:
    """Whether the refusal is that of a constraint which holds the enum, or of the column's type."""
    if result.sqlstate[:2] == "22":
        return True
    if result.sqlstate == "23503":
        return shown(result.constraint) in {each.key.own for each in plan.lookups}
    names = plan.guards.about(plan.spec.column)
    if result.sqlstate != "23514":
        return False
    if not result.constraint:  # no partition takes the row: the value's fault where partitions hold the enum
        return not result.allowed and any(name not in plan.guards.constraints for name in names)
    return shown(result.constraint) in names
