"""The ledger's rows in an Observation, or why they could not be read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.harness.contract import LedgerSpec
from checks.harness.observe import Observation, Refusal
from checks.harness.snapshot import Snapshot
from checks.harness.sqltext import ident, nearest, shown

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
