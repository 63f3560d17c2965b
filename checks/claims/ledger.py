"""Ledger claims: each migration's row is there exactly once, and so is what the migration did. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Index, table_of
from checks.claims.causes import about, about_all_of
from checks.claims.ledger_table import Rows, read_rows, table_claims
from checks.contract.migration import Migration
from checks.expectation.derived import MigrationEffect
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.kinds import Finding, claim
from checks.sql.names import near_miss, shown
from checks.telling import quoted
from checks.values import Case, Subject


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
    total = len(effects)
    missing, unsure = missing_effects(effects, settled)
    if rows.why_not:
        return _without_rows(version, rows, missing, total)
    count = len(rows.times.get(version, ()))
    near = _near(version, rows.times, settled.expectation)
    gone = settled.expectation.ledger.lost.get(version)
    if count == 0 and gone is not None:
        return _without_its_row(version, gone, missing, total)
    if missing and count == 0:
        return _missing(f"Not applied: no row, and {_listed(total, missing)}.{near}", total, missing,
                        f"Apply it: python -m checks apply --target …  ({version})")
    if version in rows.failed:
        return Finding("broken", f"Failed: the ledger itself says so ({rows.failed[version]})"
                       + (f", and {_listed(total, missing)}." if missing else f"; what it did is there ({total} effects)."),
                       rows.failed[version],
                       "Find out how far it came and mend that; then apply it again, or have its tool mark it as done.",
                       about=_subjects(missing), foremost=len(missing) == total)
    if len(missing) == total and missing:
        return _missing(f"Row without DDL: the ledger says applied, but {_listed(total, missing)}.", total, missing,
                        "Do not believe the row: nothing of it is there. Delete the row and apply the migration again.")
    if missing:
        return _missing(f"Recorded, but {_listed(total, missing)}: applied in part, or undone since.", total, missing,
                        "Bring back what is not there; the row may stay.")
    if count == 0 and settled.expectation.in_one:
        return Finding("broken", f"The ledger has no row for it.{near}", near.strip() or f"no row {version}",
                       "Look under drift whether what it makes is there; then apply it, or have its tool record it.")
    if count == 0:
        return Finding("broken", f"DDL without row: what it did is there ({total} effects), but the ledger has "
                       f"no row for it.{near}", near.strip() or f"no row {version}",
                       "Find out who ran it by hand; then let its tool record it as applied. Apply it again only "
                       "if that is known to change nothing.")
    if count > 1:
        return Finding("broken", f"Recorded {count} times.", f"{count} rows",
                       "Delete the extra rows and make the version column unique.")
    kept = rows.checksums.get(version)
    if kept is not None and not migration.is_as(kept):
        here = " or ".join(migration.checksums)
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


def _missing(detail: str, total: int, missing: Missing, next_step: str) -> Finding:
    """That effects are not there: where none of them is, this tells the story of all of them."""
    first = next(iter(missing.values()))
    return Finding("broken", detail, first.told[0], next_step, about=_subjects(missing), foremost=len(missing) == total)


def _subjects(missing: Missing) -> tuple[Subject, ...]:
    return tuple(each for effect in missing.values() for each in effect.about)


def _without_its_row(version: str, by: str, missing: Missing, total: int) -> Finding:
    """What the effects alone say of a migration whose row a later one deletes."""
    told = f"its row is deleted by {by}, so a tool that goes by the ledger applies it again"
    if missing:
        return _missing(f"{_listed(total, missing)}; {told}.", total, missing, f"Apply {version} again.")
    return Finding("held", f"{total} effects", note=told)


def _without_rows(version: str, rows: Rows, missing: Missing, total: int) -> Finding:
    """What the effects alone say, where the ledger's rows could not be read."""
    if missing:
        return _missing(f"{_listed(total, missing)}. Its row: {rows.why_not}.", total, missing,
                        f"Apply {version}. {rows.remedy}")
    return Finding("broken" if rows.absent else "unverified", f"What it did is there ({total} effects), but "
                   f"{rows.why_not}.", f"no row {version}" if rows.absent else "", rows.remedy)


def _listed(total: int, missing: Missing) -> str:
    """How many effects are not there, and the first of them. An effect is an object that the migration made or changed."""
    told = list(dict.fromkeys("; ".join(effect.told[:3]) for effect in missing.values()))
    more = f"; and {len(told) - 6} more" if len(told) > 6 else ""
    return f"{len(missing)} of {total} effects missing: {'; '.join(told[:6])}{more}"


class MissingEffect(NamedTuple):
    """One effect of a migration that is not there."""

    told: tuple[str, ...]
    """What is not, in words."""
    about: tuple[Subject, ...]
    """The same, for `Verdict.about`."""


Missing = Mapping[Key, MissingEffect]


def missing_effects(effects: Sequence[MigrationEffect], settled: Settled) -> tuple[Missing, list[str]]:
    """(effects that are not there, effects that could not be judged in words)."""
    missing: dict[Key, MissingEffect] = {}
    unsure: list[str] = []
    for effect in effects:
        name, home = f"{effect.key.kind} {effect.key.path}", _home(effect.key, settled)
        gone: list[tuple[str, Subject]] = []
        for change in settled.of(effect.key):
            told = f"{name} has {change.told} {change.found}, not {change.expected}"
            if change.what == "missing" or (change.field in effect.fields and change.sure):
                told = f"{name} is missing" if change.what == "missing" else told
                gone.append((told, about(change)) if home == effect.key else (
                    f"{home.kind} {home.path} is missing", about_all_of(home)))
            elif change.field in effect.fields:
                unsure.append(told)
        if gone:
            missing[effect.key] = MissingEffect(*(tuple(each) for each in zip(*gone, strict=True)))
    return missing, unsure


def _home(key: Key, settled: Settled) -> Key:
    """What is missing when an object is: its table, where that is not there; the constraint that an index backs."""
    item = settled.expectation.objects[key]
    table = table_of(key, item)
    if table is not None and settled.found.relation(table) is None:
        return Key.table(table)
    if isinstance(item, Index) and item.backs_constraint and key not in settled.found.objects:
        return Key("constraint", item.table, shown(key.bare))
    return key


def _near(version: str, rows: Iterable[str], expectation: Expectation) -> str:
    """` The ledger has 'x', which is …` when a row that is no known migration is something like `version`."""
    def folded(text: str) -> str:
        return re.sub(r"\.sql$", "", text.strip().casefold())

    known = {each.version for each in expectation.known}
    strangers = [other for other in rows if other not in known]
    for other in strangers:
        if folded(other) == folded(version):
            return f" The ledger has {quoted(other)}, which is not exactly this name."
    close = near_miss(version, strangers)
    return f" The ledger has no {version!r}.{close}" if close else ""
