"""Ledger claims: each migration's row is there exactly once, and so is what the migration did. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from checks.claims.ledger_table import Rows, read_rows, table_claims
from checks.contract.migration import Migration
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
    rows = read_rows(spec, seen, expectation.known)
    cases = [Case("ledger", each.version, (migration(each, rows, settled),)) for each in expectation.migrations]
    return (*cases, Case("ledger", spec.shown, tuple(table_claims(spec, expectation, rows, seen.snapshot))))


@claim("ledger:{migration.version}",
       breaks="its row is lost, doubled, misspelled, marked as failed or of another file, or what it did is not there")
def migration(migration: Migration, rows: Rows, settled: Settled) -> Finding:
    """{migration.shown} is recorded exactly once, and what it did is there"""
    version = migration.version
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
    if version in rows.failed:
        return Finding("broken", f"Failed: the ledger itself says so ({rows.failed[version]})"
                       + (f", and {_listed(total, missing)}." if missing else f"; what it did is there ({total} effects)."),
                       rows.failed[version],
                       "Find out how far it came and mend that; then apply it again, or have its tool mark it as done.")
    if missing:
        return Finding("broken", f"Row without DDL: the ledger says applied, but {_listed(total, missing)}.", missing[0],
                       "Do not believe the row. Delete it and apply the migration again, or restore what was lost.")
    if count == 0 and settled.expectation.in_one:
        return Finding("broken", f"The ledger has no row for it.{near}", near.strip() or f"no row {version}",
                       "Look under drift whether what it makes is there; then apply it, or have its tool record it.")
    if count == 0:
        return Finding("broken", f"DDL without row: what it did is there ({total} effects), but the ledger has "
                       f"no row for it.{near}", near.strip() or f"no row {version}",
                       "Find out who ran it by hand; then record it, or apply it again (it is idempotent).")
    if count > 1:
        return Finding("broken", f"Recorded {count} times.", f"{count} rows",
                       "Delete the extra rows and make the version column unique.")
    kept, here = rows.checksums.get(version), migration.checksum
    if kept is not None and here is not None and kept != here:
        return Finding("broken", f"The file here is not the one that was applied: the ledger keeps the checksum {kept}, and "
                       f"{migration.file} has {here}.", f"checksum {kept}",
                       "Bring back the file as it was applied, and put what is new into a migration of its own.")
    if unsure:
        return Finding("unverified", f"Its row is there, but it could not be told whether {'; '.join(unsure[:3])}.", "",
                       "Compare the two by hand; if they mean the same, write the migration as the database has it.")
    if settled.expectation.in_one:
        return Finding("held", "Its row is there; what all of them made is looked at together, since one command does.")
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
