"""What the CHECKs said of each value that was tried, alone and together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import EnumSpec
from checks.kinds import Finding
from checks.observation.enum_plan import EnumPlan, Guard, GuardQuestion
from checks.observation.evaluate import Truths
from checks.observation.observe import EnumSeen
from checks.observation.questions import Asked, Refusal
from checks.sql import meaning
from checks.sql.names import shown

Setting = tuple[str | None, ...]
"""A value for each of the plan's `others`."""
_SPLIT = "Split the CHECK, so that one part speaks of this column alone."


class Evaluated(NamedTuple):
    """What the CHECKs come to."""

    finding: Finding
    refuses_allowed: bool = False
    """Whether they refuse a declared value."""


class _Tried(NamedTuple):
    accepted: Mapping[str | None, list[Setting]]
    """Value -> the settings of the other columns with which every CHECK accepts it."""
    rejected_by: Mapping[str | None, str]
    """Value -> the constraint that rejects it, whatever the other columns hold."""


def evaluated(seen: EnumSeen, found: Snapshot) -> Evaluated:
    """What the answers say of the allowed values, of those that must be refused, and of NULL."""
    plan = seen.plan
    for asked in seen.guards:
        if not isinstance(asked.answer, tuple):
            told = asked.answer.told() if isinstance(asked.answer, Refusal) else (
                "the session's search_path gives built-in names another meaning")
            return Evaluated(Finding("unverified", f"The CHECKs could not be evaluated: {told}.", "",
                                     "Look at the constraint by hand, or at the role's search_path."))
    tried = _tried(plan, seen.guards, found)
    refused = [value for value in plan.spec.values if not tried.accepted[value]]
    if refused:
        return Evaluated(_refused(refused, tried), refuses_allowed=True)
    unsure = []
    for wrong in plan.wrong:
        settings = tried.accepted[wrong]
        if settings:
            return Evaluated(_excused(plan, wrong, settings[0]))
        if wrong not in tried.rejected_by:
            unsure.append(wrong)
    wrong_null = null_wrong(plan.spec, plan.not_null or not tried.accepted[None], "NOT NULL or the CHECK")
    if wrong_null is not None:
        return Evaluated(wrong_null)
    if unsure or plan.cut:
        return Evaluated(Finding("unverified", f"{unsure[0] if unsure else 'banana'!r} was rejected in every row tried, "
                                 "but the CHECK looks at other columns in a way that could not be settled.", "", _SPLIT))
    names = ", ".join(sorted(set(tried.rejected_by.values())))
    return Evaluated(Finding("held", f"{len(plan.spec.values)} allowed values accepted, {len(plan.wrong)} others "
                             f"rejected by {names}"))


def _refused(refused: Sequence[str], tried: _Tried) -> Finding:
    value = next((each for each in refused if each in tried.rejected_by), None)
    if value is None:
        return Finding("unverified", f"The allowed value {refused[0]!r} was refused with every value of the other columns "
                       "that was tried, which proves nothing.", "", _SPLIT)
    return Finding("broken", f"The allowed value {value!r} is rejected by {tried.rejected_by[value]}.", repr(value),
                   "Drop the constraint and add it with every allowed value.")


def _tried(plan: EnumPlan, asked: Sequence[Asked[GuardQuestion]], found: Snapshot) -> _Tried:
    settings = plan.settings
    accepted: dict[str | None, list[Setting]] = {value: list(settings) for value in plan.tried}
    rejected_by: dict[str | None, str] = {}
    for each in asked:
        guards, truths = each.question.guards, each.answer
        if not each.question.mixed:
            for value, row in zip(plan.tried, truths, strict=True):
                if False in row:
                    accepted[value] = []
                    rejected_by.setdefault(value, guards[row.index(False)].constraint.own)
            continue
        types = column_types(found, shown(plan.spec.schema, plan.spec.table))
        for at, value in enumerate(plan.tried):
            rows = truths[at * len(settings):(at + 1) * len(settings)]
            refusing = {setting for setting, row in zip(settings, rows, strict=True) if False in row}
            accepted[value] = [setting for setting in accepted[value] if setting not in refusing]
            name = None if value in rejected_by else _who_rejects(plan, value, guards, rows, types)
            if name is not None:
                rejected_by[value] = name
    return _Tried(accepted, rejected_by)


def _who_rejects(plan: EnumPlan, value: str | None, guards: Sequence[Guard], rows: Truths,
                 types: Mapping[str, str]) -> str | None:
    """The constraint that rejects `value` whatever other columns hold, as reading proves."""
    for at, guard in enumerate(guards):
        if all(row[at] is False for row in rows) and meaning.never_accepts(
                guard.text, plan.spec.column, value, types):
            return guard.constraint.own
    return None


def _excused(plan: EnumPlan, wrong: str, setting: Setting) -> Finding:
    """A value that must be refused is accepted, given these values of other columns."""
    others = ", ".join(f"{name} = {'NULL' if value is None else repr(value)}"
                       for (name, _), value in zip(plan.others, setting, strict=True))
    unsafe = "" if not plan.unsafe else (
        f" (unless {plan.unsafe[0].constraint.own}, which was not evaluated, rejects it)")
    names = sorted({guard.constraint.own for guard in (*plan.sole, *plan.mixed)})
    witness = f"{plan.spec.column} = {wrong!r}" + (f", {others}" if others else "")
    return Finding("unverified" if plan.unsafe else "broken",
                   f"{wrong!r} is accepted by {', '.join(names)}{' when ' + others if others else ''}{unsafe}.",
                   f"{witness} is accepted", "Drop the constraint and add it with exactly the allowed values.")


def null_wrong(column: EnumSpec, rejected: bool, by: str) -> Finding | None:
    """What is wrong about NULL, if anything."""
    table = shown(column.schema, column.table)
    if column.null == "rejected" and not rejected:
        return Finding("broken", "NULL is accepted, and the contract says rejected.", "NULL is accepted",
                       f"ALTER TABLE {table} ALTER COLUMN {column.column} SET NOT NULL;")
    if column.null == "accepted" and rejected:
        return Finding("broken", f"NULL is rejected by {by}, and the contract says accepted.",
                       "NULL is rejected", f"ALTER TABLE {table} ALTER COLUMN {column.column} "
                       "DROP NOT NULL, or change the contract.")
    return None
