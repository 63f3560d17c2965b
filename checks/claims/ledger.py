"""Ledger claims: each migration's row is there exactly once, and so is what the migration did. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from checks.catalog.snapshot import Snapshot
from checks.claims.ledger_table import Rows, read_rows, table_claims
from checks.expectation.derived import Effect
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.observation.observe import Observation
from checks.sql.names import nearest
from checks.values import Case, Verdict, VerdictWord

__all__ = ["Rows", "judge_ledger", "missing_effects", "near_miss", "read_rows"]


def judge_ledger(expectation: Expectation, seen: Observation, found: Snapshot) -> tuple[Case, ...]:
    """A case for each expected migration and one for the ledger itself."""
    spec = expectation.contract.ledger
    if spec is None or expectation.derived is None:
        return ()
    rows = read_rows(spec, seen, found)
    settled = Settled(expectation, found, seen)
    cases = [Case("ledger", migration.version, (_migration(migration.version, rows, settled),))
             for migration in expectation.migrations]
    return (*cases, Case("ledger", spec.shown, tuple(table_claims(spec, expectation, rows, found))))


def _migration(version: str, rows: Rows, settled: Settled) -> Verdict:
    claim, sentence = f"ledger:{version}", f"{version} is recorded exactly once, and what it did is there"
    effects = settled.expectation.effects[version]
    total = sum(effect.facts for effect in effects)
    missing, unsure = missing_effects(effects, settled)

    def verdict(word: VerdictWord, detail: str, witness: str = "", next_step: str = "") -> Verdict:
        return Verdict(claim, sentence, word, "catalog", detail, witness, next_step)

    absent = _listed(len(missing), total, missing)
    if rows.why_not:
        if missing:
            return verdict("broken", f"{absent}. Its row: {rows.why_not}.", missing[0],
                           f"Apply {version}. {rows.remedy}")
        return verdict("broken" if rows.absent else "unverified", f"What it did is there ({total} effects), but "
                       f"{rows.why_not}.", f"no row {version}" if rows.absent else "", rows.remedy)
    count = len(rows.times.get(version, ()))
    near = near_miss(version, rows.times)
    if missing and count == 0:
        return verdict("broken", f"Not applied: no row, and {absent}.{near}", missing[0],
                       f"Apply it: python -m checks apply --target …  ({version})")
    if missing:
        return verdict("broken", f"Row without DDL: the ledger says applied, but {absent}.", missing[0],
                       "Do not believe the row. Delete it and apply the migration again, or restore what was lost.")
    if count == 0:
        return verdict("broken", f"DDL without row: what it did is there ({total} effects), but the ledger has "
                       f"no row for it.{near}", near.strip() or f"no row {version}",
                       "Find out who ran it by hand; then record it, or apply it again (it is idempotent).")
    if count > 1:
        return verdict("broken", f"Recorded {count} times.", f"{count} rows",
                       "Delete the extra rows and make the version column unique.")
    if unsure:
        return verdict("unverified", f"Its row is there, but it could not be told whether {'; '.join(unsure[:3])}.", "",
                       "Compare the two by hand; if they mean the same, write the migration as the database has it.")
    return verdict("held", f"row and {total} effects" if effects else
                   "It changes nothing that a catalogue shows; only its row was looked at.")


def _listed(count: int, total: int, missing: list[str]) -> str:
    more = f"; and {count - 6} more" if count > 6 else ""
    return f"{count} of {total} effects missing: {'; '.join(missing[:6])}{more}"


def missing_effects(effects: tuple[Effect, ...], settled: Settled) -> tuple[list[str], list[str]]:
    """(effects that are not there, effects that could not be judged), in words; an object that is gone is told once."""
    missing: dict[str, None] = {}
    unsure: dict[str, None] = {}
    for effect in effects:
        kind, _, name = effect.key.partition(":")
        for change in settled.of(effect.key):
            if change.what == "missing":
                missing[f"{kind} {name} is missing"] = None
            elif change.field.replace(" ", "_") in effect.fields:
                told = f"{kind} {name} has {change.field} {change.found}, not {change.expected}"
                (missing if change.sure else unsure)[told] = None
    return list(missing), list(unsure)


def near_miss(version: str, versions: Mapping[str, object]) -> str:
    """` The ledger has 'x', which is …` when something like `version` is there, else an empty string."""
    def folded(text: str) -> str:
        return re.sub(r"\.sql$", "", text.strip().casefold())

    for other in versions:
        if other != version and folded(other) == folded(version):
            return f" The ledger has {other!r}, which is not exactly this name."
    close = nearest(version, versions)
    return f" The ledger has no {version!r}.{close}" if close else ""
