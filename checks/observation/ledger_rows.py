"""The rows of the ledger, if the role may read them: versions and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract, LedgerSpec
from checks.sql.names import as_text, ident

MAX_LEDGER_ROWS = 20_000


class LedgerRow(NamedTuple):
    """One recorded migration."""

    version: str | None
    at: float | None
    """Seconds since 1970 UTC; None where there is none."""


class LedgerAnswer(NamedTuple):
    """What the ledger holds."""

    now: float
    """The server's clock, seconds since 1970 UTC."""
    rows: tuple[LedgerRow, ...]


@dataclass(frozen=True, eq=False)
class LedgerQuestion:
    """Asks for the rows of one ledger."""

    sql: str

    @property
    def may_raise(self) -> bool:
        """See Question."""
        return False

    def select(self) -> str:
        """See Question."""
        return self.sql

    def read(self, value: object) -> LedgerAnswer | None:
        """The rows, or None when `value` holds none."""
        if not isinstance(value, dict) or "rows" not in value:
            return None
        return LedgerAnswer(float(value["now"]), tuple(
            LedgerRow(version, None if at is None else float(at)) for version, at in value["rows"]))


def ledger_question(contract: Contract, found: Snapshot) -> LedgerQuestion | None:
    """The question about the ledger's rows; None when the role may not read them, or reading them would run code."""
    spec = contract.ledger
    if spec is None or spec.shown not in found.readable or spec.schema not in (found.identity["usage"] or ()):
        return None
    columns = column_types(found, spec.shown)
    if spec.version not in columns or spec.shown in found.hidden_rows or ledger_runs(spec, found):
        return None
    when = "NULL"
    if spec.applied_at and columns.get(spec.applied_at, "").startswith(("timestamp", "date")):
        when = f"extract(epoch FROM l.{ident(spec.applied_at)})::float8"
    rows = (f"SELECT {as_text(f'l.{ident(spec.version)}', columns[spec.version])} AS version, {when} AS at "
            f"FROM {ident(spec.schema, spec.table)} l ORDER BY 2, 1 LIMIT {MAX_LEDGER_ROWS}")
    return LedgerQuestion("SELECT json_build_object('now', extract(epoch FROM now())::float8, 'rows', coalesce(json_agg("
                          f"json_build_array(r.version, r.at)), '[]'::json)) FROM ({rows}) r")


def ledger_runs(spec: LedgerSpec, found: Snapshot) -> str:
    """What reading the ledger would run, in words after its name; empty: nothing that is not built in."""
    return found.runs(spec.shown, filter(None, (spec.version, spec.applied_at)))
