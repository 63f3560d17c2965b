"""What real INSERTs add to what was found of one enum. Pure."""

from __future__ import annotations

from dataclasses import replace

from checks.kinds import Finding
from checks.observation.enum_plan import EnumPlan
from checks.observation.insert_attempts import Attempt
from checks.observation.observe import EnumSeen
from checks.sql.names import shown


def attempted(seen: EnumSeen, finding: Finding) -> Finding:
    """Lifts the evidence of a proof where real INSERTs said the same; contradicts it where they did not.

    An INSERT that nobody refused is a witness. One that was refused for another reason than the value proves nothing, and
    is told.
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
        return Finding("broken", f"INSERT of the allowed value {refused.value!r} was refused by {refused.constraint}.",
                       f"{refused.value!r} was refused", "Drop the constraint and add it with every allowed value.",
                       "attempted")
    if refused is not None:
        by = f", {refused.constraint}" if refused.constraint else ""
        return replace(finding, detail=f"{finding.detail}; no INSERT could be tried: that of {refused.value!r} was refused "
                       f"for another reason (SQLSTATE {refused.sqlstate}{by})")
    odd = next((each for each in controls if not each.rows or each.stored != "sent"), None)
    if odd is not None:
        return replace(finding, detail=f"{finding.detail}; no INSERT could be tried: something "
                       f"{'rewrote' if odd.rows else 'swallowed'} that of {odd.value!r}")
    if not all(_by_its_constraint(plan, each) or each.accepted for each in others):
        return finding
    return Finding("held", f"{len(controls)} allowed values inserted, {len(others)} others refused, "
                   f"each by its constraint ({finding.detail})", evidence="attempted")


def _by_its_constraint(plan: EnumPlan, result: Attempt) -> bool:
    """Whether the refusal is that of a constraint which holds the enum, or of the column's type."""
    if result.sqlstate[:2] == "22":
        return True
    if result.sqlstate == "23503":
        return plan.lookup is not None and shown(result.constraint) == plan.lookup.key.own
    names = plan.guards.about(plan.spec.column)
    if result.sqlstate != "23514":
        return False
    if not result.constraint:  # no partition takes the row: the value's fault where partitions hold the enum
        return not result.allowed and any(name not in plan.guards.constraints for name in names)
    return shown(result.constraint) in names
