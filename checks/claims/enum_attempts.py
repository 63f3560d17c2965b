"""What was found of one enum, and what real INSERTs add to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checks.catalog.objects import parent_name
from checks.observation.enum_plan import EnumPlan
from checks.observation.evaluate import TEXT_TYPES, base_type
from checks.observation.insert_attempts import Attempt
from checks.sql.names import shown
from checks.values import Evidence, VerdictWord


@dataclass(frozen=True)
class Finding:
    """What was found of one enum."""

    word: VerdictWord
    detail: str
    witness: str = ""
    next_step: str = ""
    evidence: Evidence = "evaluated"


def attempted(plan: EnumPlan, rows: Sequence[Any] | None, finding: Finding) -> Finding:
    """Lifts the evidence where real INSERTs, with their control, said the same; contradicts it where not."""
    if not rows or len(rows) != len(plan.tried):
        return finding
    results = dict(zip(plan.tried, map(Attempt.read, rows), strict=True))
    controls = [results[value] for value in plan.spec.values]
    if not all(control.accepted and control.rows == 1 and control.same for control in controls):
        return finding
    for value in plan.wrong:
        if results[value].accepted:
            how = "" if results[value].same else " (something rewrote or swallowed the row)"
            before = f"{finding.detail} " if finding.word == "broken" else ""
            return Finding("broken", f"{before}INSERT of {value!r} was accepted{how}.", f"{value!r} was inserted",
                           finding.next_step or "Look for a trigger or rule on the table.", "attempted")
    wrong_reason = [v for v in plan.wrong if not _by_its_constraint(plan, results[v])]
    if wrong_reason:
        return finding
    if finding.word == "held" or (finding.word == "unverified" and not plan.mixed):
        return Finding("held", f"{len(controls)} allowed values inserted, {len(plan.wrong)} others refused, "
                       f"each by its constraint ({finding.detail})", evidence="attempted")
    return finding


def _by_its_constraint(plan: EnumPlan, result: Attempt) -> bool:
    names = {name_of(guard.constraint) for guard in (*plan.sole, *plan.mixed)}
    names |= {name_of(key) for key, _ in plan.unsafe}
    if plan.lookup:
        return result.sqlstate in ("23503", "23514")
    if base_type(plan.type) not in TEXT_TYPES and result.sqlstate in ("22P02", "22003"):
        return True
    return result.sqlstate == "23514" and shown(result.constraint) in names


def name_of(key: str) -> str:
    """`constraint:active_positions.chk_side` -> `chk_side`."""
    path = key.partition(":")[2]
    return path[len(parent_name(path)) + 1:]
