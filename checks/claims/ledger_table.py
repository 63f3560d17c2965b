"""Claims about the ledger itself: its shape, its shadows, its rows, its times and the order of the names. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.catalog.key import Key
from checks.catalog.objects import Column, Index
from checks.catalog.search_path import made, shadows
from checks.catalog.snapshot import Snapshot
from checks.contract.ledger import LedgerSpec
from checks.contract.ledgers.rows import NO_VERSION, Recorded, recorded
from checks.contract.migration import Migration
from checks.contract.migrations import inversions, sorted_by_name
from checks.expectation.expectation import Expectation
from checks.kinds import Finding, claim
from checks.observation.ledger_rows import LedgerAnswer, ledger_runs
from checks.observation.observe import Observation
from checks.observation.questions import told_why
from checks.sql.names import ident, near_miss, shown
from checks.telling import quoted
from checks.values import Verdict

CLOCK_SLACK_S = 300
"""How far in the future a row may be: clocks differ. Columns without a time zone get a day."""


@dataclass(frozen=True)
class Rows(Recorded):
    """What the ledger's rows say, or why they could not be read."""

    now: float = 0.0
    why_not: str = ""
    remedy: str = ""
    absent: bool = False
    """Whether the ledger itself is not there, which is broken and not unverified."""

    @property
    def finding(self) -> Finding:
        """What a claim about rows that could not be read comes to."""
        return Finding("broken" if self.absent else "unverified", f"{self.why_not[:1].upper()}{self.why_not[1:]}.",
                       self.why_not if self.absent else "", self.remedy)


def read_rows(spec: LedgerSpec, seen: Observation, migrations: Sequence[Migration]) -> Rows:
    """The ledger's rows in `seen`; `migrations` are all that are known, in order."""
    found = seen.snapshot
    if found.relation(spec.shown) is None:
        near = near_miss(spec.shown, found.tables)
        return Rows(why_not=f"there is no ledger {spec.shown}{near and '.' + near}", absent=True,
                    remedy="Apply the migrations, or set [ledger] table in the contract.")
    columns = {name for name, _ in found.of(spec.shown, "column")}
    lost = [name for name in spec.version_columns if shown(name) not in columns]
    if lost:
        return Rows(absent=True, why_not=f"the ledger {spec.shown} has no column {' and no column '.join(lost)}; it has "
                    f"{', '.join(sorted(columns))}", remedy="Set [ledger] version in the contract to the right column.")
    role = found.identity["role"]
    if spec.schema not in (found.identity["usage"] or ()):
        return Rows(why_not=f"role {role} may not use schema {spec.schema}",
                    remedy=f"GRANT USAGE ON SCHEMA {ident(spec.schema)} TO {ident(role)};")
    if spec.shown not in found.readable:
        return Rows(why_not=f"role {role} may not read {spec.shown}",
                    remedy=f"GRANT SELECT ON {ident(spec.schema, spec.table)} TO {ident(role)};")
    if spec.shown in found.hidden_rows:
        return Rows(why_not=f"row security filters {spec.shown} for role {role}",
                    remedy="Look as a role to which its policies show every row.")
    runs = ledger_runs(spec, found)
    if runs:
        return Rows(absent=True, why_not=f"the ledger {spec.shown} {runs}, so its rows are not read",
                    remedy="Find out who changed it; a ledger is a plain table of built-in types. Then bring it back.")
    answer = seen.ledger.answer if seen.ledger else None
    if not isinstance(answer, LedgerAnswer):
        return Rows(why_not=f"the rows of {spec.shown} could not be read: "
                    f"{told_why(answer, 'the target did not tell them')}", remedy="Run again.")
    said = recorded(spec, answer.rows, migrations)
    return Rows(said.times, said.failed, said.checksums, said.implied, answer.now)


def table_claims(spec: LedgerSpec, expectation: Expectation, rows: Rows, found: Snapshot) -> Iterator[Verdict]:
    """The claims about the ledger itself."""
    yield shape(spec, found)
    yield shadow(spec, expectation, found)
    yield versions(spec, expectation, rows)
    if spec.applied_at is not None:
        yield applied_at(spec, expectation, rows, found)
    if sorted_by_name(expectation.contract):
        yield order(spec, expectation, found)


@claim("ledger:{ledger.shown}.shape",
       breaks="the ledger is gone, a view, unlogged, lacks a column, or takes a version twice")
def shape(ledger: LedgerSpec, found: Snapshot) -> Finding:
    """{ledger.shown} is a plain logged table, one row a version"""
    table = found.relation(ledger.shown)
    if table is None:
        return Finding("broken", f"There is no {ledger.shown}.", ledger.shown, "Apply the migrations.")
    wrong = []
    if table.kind not in ("table", "partitioned table"):
        wrong.append(f"it is a {table.kind}")
    if table.persistence != "logged":
        wrong.append("it is unlogged, so a crash empties it")
    columns = dict(found.of(ledger.shown, "column"))
    lost = [name for name in dict.fromkeys((*ledger.columns, *ledger.unique)) if shown(name) not in columns]
    if lost:
        wrong.append(f"it has no column {' and no column '.join(lost)} (it has {', '.join(columns)})")
    elif ledger.unique and not any(
            isinstance(index, Index) and index.unique and index.valid and index.immediate and not index.predicate
            and index.keys == ledger.unique for _, index in found.of(ledger.shown, "index")):
        wrong.append(f"nothing makes {' and '.join(ledger.unique)} unique")
    if ledger.applied_at is not None and shown(ledger.applied_at) not in columns:
        wrong.append(f"it has no column {ledger.applied_at} (it has {', '.join(columns)})")
    if wrong:
        return Finding("broken", "; ".join(wrong).capitalize() + ".", wrong[0],
                       "Mend the ledger, or set [ledger] in the contract to what it really is.")
    return Finding("held")


@claim("ledger:{ledger.shown}.shadow",
       breaks="a table of the ledger's name stands in a schema that a search_path puts first")
def shadow(ledger: LedgerSpec, expectation: Expectation, found: Snapshot) -> Finding:
    """nothing called {ledger.table} in another schema comes before the ledger on a search_path"""
    if ledger.schema not in {relation.schema for relation in found.homonyms}:
        return Finding("broken", f"There is no {ledger.shown} to be shadowed.", ledger.shown, "Apply the migrations.")
    notes = []
    for shadow in shadows(ledger.shown, found):
        if made(shadow, expectation.objects):
            notes.append(f"with the search_path of {shadow.whose} the name {ledger.table} means {shadow.relation}")
            continue
        return Finding("broken", f"With the search_path of {shadow.whose} the name {ledger.table} means "
                       f"{shadow.relation}, not {ledger.shown}.", shadow.relation,
                       f"Rename {shadow.relation}, or put {ledger.schema} first on that search_path.")
    return Finding("held", note="; ".join(notes))


@claim("ledger:{ledger.shown}.versions",
       breaks="the ledger is empty, or holds a version that is in no file")
def versions(ledger: LedgerSpec, expectation: Expectation, rows: Rows) -> Finding:
    """every row of {ledger.shown} is a known migration"""
    if rows.why_not:
        return rows.finding
    known = {migration.version for migration in (*expectation.migrations, *expectation.pending)}
    if not rows.times and not {each.version for each in expectation.migrations} <= set(expectation.ledger.lost):
        return Finding("broken", f"{ledger.shown} is empty.", ledger.shown, "Apply the migrations.")
    made = expectation.ledger.written
    unknown = sorted(set(rows.times) - known - set(made))
    if unknown:
        return Finding("broken", f"Nobody knows {', '.join(map(_quoted, unknown[:10]))}."
                       + near_miss(unknown[0], known - set(rows.times)),
                       _quoted(unknown[0]), "Add the file to the migrations folder, or find out who wrote the row.")
    ahead = [m.version for m in expectation.pending if m.version in rows.times]
    strange = (f"{_quoted(version)} is no migration's, and written by {by}" for version, by in sorted(made.items())
               if version in rows.times and version not in known)
    return Finding("held", f"Ahead of its head by {', '.join(ahead)}." if ahead else "", note="; ".join(strange))


def _quoted(version: str) -> str:
    return version if version == NO_VERSION else quoted(version)


@claim("ledger:{ledger.shown}.{ledger.applied_at}",
       breaks="a time is missing, in the future, or before an earlier migration's")
def applied_at(ledger: LedgerSpec, expectation: Expectation, rows: Rows, found: Snapshot) -> Finding:
    """{ledger.applied_at} is set, not in the future{ledger.and_ordered}"""
    if rows.why_not:
        return rows.finding
    column = found.objects.get(Key.column(ledger.shown, shown(ledger.applied_at or "")))
    if not isinstance(column, Column):
        return Finding("broken", f"{ledger.shown} has no column {ledger.applied_at}.", f"no column {ledger.applied_at}",
                       "Set [ledger] applied_at in the contract; \"\" when there is none.")
    if not column.type.startswith(("timestamp", "date")):
        return Finding("unverified", f"{ledger.applied_at} is of type {column.type}, not a time.", "",
                       "Make it timestamptz, or set [ledger] applied_at = \"\".")
    if not any(migration.version in rows.times for migration in expectation.migrations):
        return Finding("broken", "No expected migration is recorded.", f"{ledger.shown} holds none",
                       "Apply the migrations.")
    slack = CLOCK_SLACK_S if "with time zone" in column.type else 86_400
    wrong = list(_wrong_times(ledger, expectation, rows, rows.now + slack))
    if wrong:
        return Finding("broken", "; ".join(wrong) + ".", wrong[0],
                       "Find out how these rows came about: copied, written by hand, or applied out of order.")
    moved = (f"the time of {version} is set by {by}" for version, by in expectation.ledger.moved.items())
    return Finding("held", note="; ".join(moved))


def _wrong_times(ledger: LedgerSpec, expectation: Expectation, rows: Rows, last: float) -> Iterator[str]:
    latest, latest_version = float("-inf"), ""
    for migration in expectation.migrations:
        if migration.version in expectation.ledger.moved:
            continue
        for at in () if migration.version in rows.implied else rows.times.get(migration.version, ()):
            if migration.version in rows.failed:
                continue
            if at is None:
                yield f"{migration.version} has none"
            elif at > last:
                yield f"{migration.version} is in the future ({_utc(at)})"
            elif at < latest and ledger.and_ordered:
                yield f"{migration.version} ({_utc(at)}) comes before {latest_version} ({_utc(latest)})"
            else:
                latest, latest_version = at, migration.version


@claim("ledger:{ledger.shown}.order",
       breaks="file names sort in another order than their numbers", evidence=("observed", "catalog"))
def order(ledger: LedgerSpec, expectation: Expectation, found: Snapshot) -> Finding:
    """the names of the migrations sort in the order they apply"""
    wrong = inversions((*expectation.migrations, *expectation.pending))
    if wrong:
        told = "; ".join(f"{a} sorts before {b}" for a, b in wrong)
        (first, _), *_ = wrong
        return Finding("broken", f"{told}.", first, "Give every file a number of the same width, such as a timestamp.")
    if found.relation(ledger.shown) is None:
        return Finding("unverified", "No ledger to compare with.", "", "Apply the migrations.", "catalog")
    return Finding("held")


def _utc(at: float) -> str:
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "beyond any calendar"
