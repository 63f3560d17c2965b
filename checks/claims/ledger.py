"""Ledger claims: each migration's row is there exactly once, and so is what the migration did. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from checks.claims.ledger_table import Rows, read_rows, table_claims
from checks.expectation.derived import MigrationEffect
from checks.expectation.settled import Settled
from checks.kinds import Finding, claim
from checks.sql.names import nearest
from checks.telling import quoted
from checks.values import Case


def judge_ledger(settled: Settled) -> tuple[Case, ...]:
    """A case for each expected migration and one for the ledger itself."""
    expectation, seen = settled.expectation, settled.seen
    spec = expectation.contract.ledger
    if spec is None or expectation.derived is None:
        return ()
    rows = read_rows(spec, seen)
    cases = [Case("ledger", each.version, (migration(each.version, rows, settled),)) for each in expectation.migrations]
    return (*cases, Case("ledger", spec.shown, tuple(table_claims(spec, expectation, rows, seen.snapshot))))


@claim("ledger:{version}", breaks="its row is lost, doubled or misspelled, or what the migration did is not there")
def migration(version: str, rows: Rows, settled: Settled) -> Finding:
    """{version} is recorded exactly once, and what it did is there"""
    effects = settled.expectation.effects[version]
    total = sum(effect.facts for effect in effects)
    missing, unsure = missing_effects(effects, settled)
    if rows.why_not:
        return _without_rows(version, rows, missing, total)
    count = len(rows.times.get(version, ()))
    near = near_miss(version, rows.times)
    if missing and count == 0:
        return Finding("broken", f"Not applied: no row, and {_listed(total, missing)}.{near}", missing[0],
                       f"Apply it: python -m checks apply --target …  ({version})")
    if missing:
        return Finding("broken", f"Row without DDL: the ledger says applied, but {_listed(total, missing)}.", missing[0],
                       "Do not believe the row. Delete it and apply the migration again, or restore what was lost.")
    if count == 0:
        return Finding("broken", f"DDL without row: what it did is there ({total} effects), but the ledger has "
                       f"no row for it.{near}", near.strip() or f"no row {version}",
                       "Find out who ran it by hand; then record it, or apply it again (it is idempotent).")
    if count > 1:
        return Finding("broken", f"Recorded {count} times.", f"{count} rows",
                       "Delete the extra rows and make the version column unique.")
    if unsure:
        return Finding("unverified", f"Its row is there, but it could not be told whether {'; '.join(unsure[:3])}.", "",
                       "Compare the two by hand; if they mean the same, write the migration as the database has it.")
    return Finding("held", f"row and {total} effects" if effects else
                   "It changes nothing that a catalogue shows; only its row was looked at.")


def _without_rows(version: str, rows: Rows, missing: Sequence[str], total: int) -> Finding:
    """What the effects alone say, where the ledger's rows could not be read."""
    if missing:
        return Finding("broken", f"{_listed(total, missing)}. Its row: {rows.why_not}.", missing[0],
                       f"Apply {version}. {rows.remedy}")
    return Finding("broken" if rows.absent else "unverified", f"What it did is there ({total} effects), but "
                   f"{rows.why_not}.", f"no row {version}" if rows.absent else "", rows.remedy)


def _listed(total: int, missing: Sequence[str]) -> str:
    more = f"; and {len(missing) - 6} more" if len(missing) > 6 else ""
    return f"{len(missing)} of {total} effects missing: {'; '.join(missing[:6])}{more}"


def missing_effects(effects: Sequence[MigrationEffect], settled: Settled) -> tuple[list[str], list[str]]:
    """(effects that are not there, effects that could not be judged), in words; an object that is gone is told once."""
    missing: dict[str, None] = {}
    unsure: dict[str, None] = {}
    for effect in effects:
        name = f"{effect.key.kind} {effect.key.path}"
        for change in settled.of(effect.key):
            if change.what == "missing":
                missing[f"{name} is missing"] = None
            elif change.field in effect.fields:
                told = f"{name} has {change.told} {change.found}, not {change.expected}"
                (missing if change.sure else unsure)[told] = None
    return list(missing), list(unsure)


def near_miss(version: str, versions: Mapping[str, object]) -> str:
    """` The ledger has 'x', which is …` when something like `version` is there, else an empty string."""
    def folded(text: str) -> str:
        return re.sub(r"\.sql$", "", text.strip().casefold())

    for other in versions:
        if other != version and folded(other) == folded(version):
            return f" The ledger has {quoted(other)}, which is not exactly this name."
    close = nearest(version, versions)
    return f" The ledger has no {version!r}.{close}" if close else ""
