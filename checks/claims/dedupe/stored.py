"""Dedupe claims about rows already stored: doubled keys, lost and unrecorded effects, too short a memory. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.contract.dedupe import Dedupe
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.observation.dedupe_rows import GRACE_MINUTES, MAX_COUNTED
from checks.observation.observe import Observation
from checks.observation.questions import told_why
from checks.values import Figure, LeftOut, Verdict


def stored_claims(spec: Dedupe, seen: Observation) -> Iterator[Verdict]:
    """What the counts of stored rows say."""
    kinds = {"stored": stored_once, "lost": lost, "unrecorded": unrecorded, "retention": retention}
    for asked in seen.dedupe:
        if asked.question.dedupe == spec.name:
            yield kinds[asked.question.part](spec.name, asked.question.object, asked.question.table, asked.answer)


@claim("dedupe:{dedupe}.{object}.stored", evidence=("observed",), breaks="a key is stored twice where no index forbids it")
def stored_once(dedupe: str, object: str, table: str, count: object) -> Finding:
    """no key of {table} is stored twice"""
    return _counted("keys stored twice", count, "keys are stored more than once",
                    "Merge them, then create the unique index.")


@claim("dedupe:{dedupe}.{object}.lost", evidence=("observed",), breaks="an event is recorded, and its effect is not there")
def lost(dedupe: str, object: str, table: str, count: object) -> Finding:
    """each recorded event left its row in {table}"""
    return _counted("events without effect", count, "events are recorded as processed without their effect",
                    "Replay these events after deleting their dedupe rows; then put both writes into one transaction.")


@claim("dedupe:{dedupe}.{object}.unrecorded", evidence=("observed",),
       breaks="an effect is there, and its event is not recorded")
def unrecorded(dedupe: str, object: str, table: str, count: object) -> Finding:
    """each row of {table} comes from a recorded event"""
    return _counted("rows without event", count, "rows have no recorded event: a replay doubles them",
                    "Record these events; then put both writes into one transaction.")


@claim("dedupe:{dedupe}.{object}.retention", evidence=("observed",),
       breaks="dedupe rows are deleted while their events may still be delivered again")
def retention(dedupe: str, object: str, table: str, count: object) -> Finding:
    """events are remembered for as long as they may be delivered again"""
    return _counted("rows of forgotten events", count,
                    "rows come from events that are already forgotten, though they may still be delivered again",
                    "Keep dedupe rows longer than replay_window_h.")


def _counted(figure: str, count: object, told: str, remedy: str) -> Finding:
    if not isinstance(count, int):
        return Finding("unverified", f"They could not be counted: {told_why(count)}.", "",
                       "Count them yourself, or give the dedupe table an index on the time of processing.")
    if count == 0:
        return Finding("held", figures=(Figure(figure, 0),))
    many = f"at least {MAX_COUNTED:,}" if count >= MAX_COUNTED else f"{count:,}"
    return Finding("broken", f"{many} {told}.", f"{many} rows", remedy, figures=(Figure(figure, count),))


def dedupe_left_out(expectation: Expectation, seen: Observation) -> Iterator[LeftOut]:
    """Which stored rows are not looked at, and why."""
    joined = any(asked.question.part == "lost" for asked in seen.dedupe)
    for spec in expectation.contract.dedupe:
        if not spec.stored_within_h:
            yield LeftOut("dedupe", f"stored events and effects of {spec.name} are not joined: no stored_within_h in the "
                          "contract")
        elif spec.effects and not joined:
            yield LeftOut("dedupe", f"stored events and effects of {spec.name} are not joined: the role may not read both "
                          f"tables (GRANT SELECT), or their columns are missing; younger than {GRACE_MINUTES} minutes "
                          "they never are")
