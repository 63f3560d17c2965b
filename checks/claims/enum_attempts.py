"""What real INSERTs add to what was found of one enum. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from checks.kinds import Finding
from checks.observation.enum_plan import EnumPlan
from checks.observation.evaluate import TEXT_TYPES, base_type
from checks.observation.insert_attempts import Attempt
from checks.sql.names import shown


def attempted(plan: EnumPlan, attempts: Sequence[Attempt], finding: Finding) -> Finding:
    """Lifts the evidence where real INSERTs, with their control, said the same; contradicts it where not."""
    if len(attempts) != len(plan.tried):
        return finding
    results = dict(zip(plan.tried, attempts, strict=True))
    controls = [results[value] for value in plan.spec.values]
    if not all(control.accepted and control.rows == 1 and control.same for control in controls):
        return finding
    for value in plan.wrong:
        if results[value].accepted:
            how = "" if results[value].same else " (something rewrote or swallowed the row)"
            before = f"{finding.detail} " if finding.word == "broken" else ""
            return Finding("broken", f"{before}INSERT of {value!r} was accepted{how}.", f"{value!r} was inserted",
                           finding.next_step or "Look for a trigger or rule on the table.", "attempted")
    if not all(_by_its_constraint(plan, results[value]) for value in plan.wrong):
        return finding
    if finding.word == "held" or (finding.word == "unverified" and not plan.mixed):
        return Finding("held", f"{len(controls)} allowed values inserted, {len(plan.wrong)} others refused, "
                       f"each by its constraint ({finding.detail})", evidence="attempted")
    return finding


def _by_its_constraint(plan: EnumPlan, result: Attempt) -> bool:
    """Whether the refusal is that of a constraint which holds the enum, and not of something else about the row."""
    if plan.lookup:
        return result.sqlstate in ("23503", "23514")
    if base_type(plan.type) not in TEXT_TYPES and result.sqlstate in ("22P02", "22003"):
        return True
    names = {guard.constraint.own for guard in (*plan.sole, *plan.mixed)} | {key.own for key, _ in plan.unsafe}
    return result.sqlstate == "23514" and shown(result.constraint) in names
