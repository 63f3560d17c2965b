"""Claims about the ledger itself: its shape, its shadows, its rows, its times and the order of the names. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.catalog.objects import Column, Index
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import LedgerSpec
from checks.contract.migrations import inversions
from checks.expectation.expectation import Expectation
from checks.observation.observe import Observation, Refusal
from checks.sql.names import ident, nearest, shown
from checks.values import Evidence, Verdict, VerdictWord

CLOCK_SLACK_S = 300
"""How far in the future a row may be: clocks differ. Columns without a time zone get a day."""


def table_claims(spec: LedgerSpec, expectation: Expectation, rows: Rows, found: Snapshot) -> Iterator[Verdict]:
    """The claims about the ledger itself."""
    yield _shape(spec, found)
    yield _shadow(spec, found)
    yield _versions(spec, expectation, rows)
    if spec.applied_at is not None:
        yield _times(spec, expectation, rows, found)
    yield _order(spec, expectation, found)


def _shape(spec: LedgerSpec, found: Snapshot) -> Verdict:
    claim, sentence = f"ledger:{spec.shown}.shape", f"{spec.shown} is a plain logged table, one row a version"
    table = found.objects.get(f"table:{spec.shown}")
    if table is None:
        return _verdict(claim, sentence, "broken", f"There is no {spec.shown}.", spec.shown, "Apply the migrations.")
    wrong = []
    if getattr(table, "kind", "") not in ("table", "partitioned table"):
        wrong.append(f"it is a {getattr(table, 'kind', '')}")
    if getattr(table, "persistence", "logged") != "logged":
        wrong.append("it is unlogged, so a crash empties it")
    columns = dict(found.of(spec.shown, "column"))
    version = columns.get(shown(spec.version))
    if not isinstance(version, Column):
        wrong.append(f"it has no column {spec.version} (it has {', '.join(columns)})")
    elif not any(isinstance(index, Index) and index.unique and index.valid and index.immediate and not index.predicate
                 and index.keys == (spec.version,) for _, index in found.of(spec.shown, "index")):
        wrong.append(f"nothing makes {spec.version} unique")
    if spec.applied_at is not None and shown(spec.applied_at) not in columns:
        wrong.append(f"it has no column {spec.applied_at} (it has {', '.join(columns)})")
    if wrong:
        return _verdict(claim, sentence, "broken", "; ".join(wrong).capitalize() + ".", wrong[0],
                        "Mend the ledger, or set [ledger] in the contract to what it really is.")
    return _verdict(claim, sentence, "held")


def _shadow(spec: LedgerSpec, found: Snapshot) -> Verdict:
    claim = f"ledger:{spec.shown}.shadow"
    sentence = f"nothing called {spec.table} in another schema comes before the ledger on a search_path"
    if not any(schema == spec.schema for schema, _, _ in found.homonyms):
        return _verdict(claim, sentence, "broken", f"There is no {spec.shown} to be shadowed.", spec.shown,
                        "Apply the migrations.")
    homes = {schema for schema, _, _ in found.homonyms}
    for owner, path, role in _paths(found):
        first = next((schema for schema in path if (role if schema == "$user" else schema) in homes), None)
        first = role if first == "$user" else first
        if first is not None and first != spec.schema and spec.schema in path:
            other = shown(first, spec.table)
            return _verdict(claim, sentence, "broken", f"With the search_path of {owner} the name {spec.table} means "
                            f"{other}, not {spec.shown}.", other,
                            f"Rename {other}, or put {spec.schema} first on that search_path.")
    return _verdict(claim, sentence, "held")


def _paths(found: Snapshot) -> Iterator[tuple[str, list[str], str]]:
    role = found.identity["role"]
    yield f"this session (role {role})", split_search_path(found.identity.get("search_path", "")), role
    for owner, database_only, entry in found.settings:
        name, _, value = entry.partition("=")
        if name == "search_path":
            who = f"role {owner}" if owner else "the database" if database_only else "all roles"
            yield who, split_search_path(value), owner or role


def split_search_path(text: str) -> list[str]:
    """The schemas of a search_path setting, unquoted."""
    return [part[1:-1].replace('""', '"') if part.startswith('"') else part
            for part in re.findall(r'"(?:[^"]|"")*"|[^\s,]+', text)]


def _versions(spec: LedgerSpec, expectation: Expectation, rows: Rows) -> Verdict:
    claim, sentence = f"ledger:{spec.shown}.versions", f"every row of {spec.shown} is a known migration"
    if rows.why_not:
        return _not_read(claim, sentence, rows)
    known = {migration.version for migration in (*expectation.migrations, *expectation.pending)}
    if not rows.times:
        return _verdict(claim, sentence, "broken", f"{spec.shown} is empty.", spec.shown, "Apply the migrations.")
    unknown = sorted(set(rows.times) - known)
    if unknown:
        return _verdict(claim, sentence, "broken", f"Nobody knows {', '.join(map(_quoted, unknown[:10]))}."
                        + nearest(unknown[0], known), _quoted(unknown[0]),
                        "Add the file to the migrations folder, or find out who wrote the row.")
    ahead = [m.version for m in expectation.pending if m.version in rows.times]
    return _verdict(claim, sentence, "held", f"Ahead of its head by {', '.join(ahead)}." if ahead else "")


def _quoted(version: str) -> str:
    return version if version == NO_VERSION else repr(version)


def _times(spec: LedgerSpec, expectation: Expectation, rows: Rows, found: Snapshot) -> Verdict:
    claim = f"ledger:{spec.shown}.{spec.applied_at}"
    sentence = f"{spec.applied_at} is set, not in the future, and in the order of the migrations"
    if rows.why_not:
        return _not_read(claim, sentence, rows)
    column = found.objects.get(f"column:{spec.shown}.{shown(spec.applied_at or '')}")
    if not isinstance(column, Column):
        return _verdict(claim, sentence, "broken", f"{spec.shown} has no column {spec.applied_at}.",
                        f"no column {spec.applied_at}",
                        "Set [ledger] applied_at in the contract; \"\" when there is none.")
    if not column.type.startswith(("timestamp", "date")):
        return _verdict(claim, sentence, "unverified", f"{spec.applied_at} is of type {column.type}, not a time.", "",
                        "Make it timestamptz, or set [ledger] applied_at = \"\".")
    slack = CLOCK_SLACK_S if "with time zone" in column.type else 86_400
    wrong, latest = [], (float("-inf"), "")
    for migration in expectation.migrations:
        for at in rows.times.get(migration.version, ()):
            if at is None:
                wrong.append(f"{migration.version} has none")
            elif at > rows.now + slack:
                wrong.append(f"{migration.version} is in the future ({_utc(at)})")
            elif at < latest[0]:
                wrong.append(f"{migration.version} ({_utc(at)}) comes before {latest[1]} ({_utc(latest[0])})")
            else:
                latest = (at, migration.version)
    if not any(migration.version in rows.times for migration in expectation.migrations):
        return _verdict(claim, sentence, "broken", "No expected migration is recorded.", f"{spec.shown} holds none",
                        "Apply the migrations.")
    if wrong:
        return _verdict(claim, sentence, "broken", "; ".join(wrong) + ".", wrong[0],
                        "Find out how these rows came about: copied, written by hand, or applied out of order.")
    return _verdict(claim, sentence, "held")


def _order(spec: LedgerSpec, expectation: Expectation, found: Snapshot) -> Verdict:
    claim, sentence = f"ledger:{spec.shown}.order", "the names of the migrations sort in the order they apply"
    wrong = inversions((*expectation.migrations, *expectation.pending))
    if wrong:
        told = "; ".join(f"{a} sorts before {b}" for a, b in wrong)
        return _verdict(claim, sentence, "broken", f"{told}.", wrong[0][0],
                        "Give every file a number of the same width, such as a timestamp.", "observed")
    if f"table:{spec.shown}" not in found.objects:
        return _verdict(claim, sentence, "unverified", "No ledger to compare with.", "", "Apply the migrations.")
    return _verdict(claim, sentence, "held", evidence="observed")


def _not_read(claim: str, sentence: str, rows: Rows) -> Verdict:
    return _verdict(claim, sentence, "broken" if rows.absent else "unverified", f"{rows.why_not[:1].upper()}"
                    f"{rows.why_not[1:]}.", rows.why_not if rows.absent else "", rows.remedy)


def _utc(at: float) -> str:
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "beyond any calendar"


def _verdict(claim: str, sentence: str, word: VerdictWord, detail: str = "", witness: str = "", next_step: str = "",
             evidence: Evidence = "catalog") -> Verdict:
    return Verdict(claim, sentence, word, evidence, detail, witness, "" if word == "held" else next_step)


NO_VERSION = "NULL, which is no version"
"""Stands for the version of rows that have none."""


@dataclass(frozen=True)
class Rows:
    """The ledger's rows, or why they could not be read."""

    times: Mapping[str, tuple[float | None, ...]]
    """Version -> the times of its rows, seconds since 1970 UTC; None where there is none."""
    now: float = 0.0
    why_not: str = ""
    remedy: str = ""
    absent: bool = False
    """Whether the ledger itself is not there, which is broken and not unverified."""


def read_rows(spec: LedgerSpec, seen: Observation, found: Snapshot) -> Rows:
    """The ledger's rows in `seen`."""
    if f"table:{spec.shown}" not in found.objects:
        near = nearest(spec.shown, [key[6:] for key in found.objects if key.startswith("table:")])
        return Rows({}, why_not=f"there is no ledger {spec.shown}{near and '.' + near}", absent=True,
                    remedy="Apply the migrations, or set [ledger] table in the contract.")
    columns = {name for name, _ in found.of(spec.shown, "column")}
    if shown(spec.version) not in columns:
        return Rows({}, absent=True, why_not=f"the ledger {spec.shown} has no column {spec.version}; it has "
                    f"{', '.join(sorted(columns))}", remedy="Set [ledger] version in the contract to the right column.")
    role = found.identity["role"]
    if spec.schema not in (found.identity["usage"] or ()):
        return Rows({}, why_not=f"role {role} may not use schema {spec.schema}",
                    remedy=f"GRANT USAGE ON SCHEMA {ident(spec.schema)} TO {ident(role)};")
    if spec.shown not in found.readable:
        return Rows({}, why_not=f"role {role} may not read {spec.shown}",
                    remedy=f"GRANT SELECT ON {ident(spec.schema, spec.table)} TO {ident(role)};")
    part = seen.part("ledger")
    if isinstance(part, Refusal) or not isinstance(part, dict) or "rows" not in part:
        told = part.told() if isinstance(part, Refusal) else "the target did not tell them"
        return Rows({}, why_not=f"the rows of {spec.shown} could not be read: {told}", remedy="Run again.")
    times: dict[str, tuple[float | None, ...]] = {}
    for version, at in part["rows"]:
        key = NO_VERSION if version is None else version
        times[key] = (*times.get(key, ()), None if at is None else float(at))
    hidden = spec.shown in found.hidden_rows
    return Rows(times, float(part["now"]),
                why_not=f"row security filters {spec.shown} for role {role}" if hidden else "",
                remedy=f"ALTER ROLE {ident(role)} BYPASSRLS;" if hidden else "")
