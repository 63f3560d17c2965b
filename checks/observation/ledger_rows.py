"""The rows of the ledger, if the role may read them: versions and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from checks.catalog.difference import column_types
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.ledger import LedgerSpec
from checks.contract.ledgers.rows import LedgerRow
from checks.observation.questions import Unasked
from checks.sql.names import as_text, ident

MAX_LEDGER_ROWS = 250_000
"""Where there are more, none of them is judged: which ones came would decide what is missing."""


class LedgerAnswer(NamedTuple):
    """What the ledger holds."""

    now: float
    """The server's clock, seconds since 1970 UTC, up to the next full minute: what is told in pages must not change."""
    rows: tuple[LedgerRow, ...]


@dataclass(frozen=True, eq=False)
class LedgerQuestion:
    """Asks for the rows of one ledger."""

    sql: str
    columns: tuple[str, ...]
    """What each row tells, before its time."""

    @property
    def may_raise(self) -> bool:
        """See Question."""
        return False

    def select(self) -> str:
        """See Question."""
        return self.sql

    def read(self, value: object) -> LedgerAnswer | Unasked | None:
        """The rows; why none of them counts; or None when `value` holds none."""
        if not isinstance(value, dict) or "rows" not in value:
            return None
        if len(value["rows"]) > MAX_LEDGER_ROWS:
            return Unasked(f"the ledger has more than {MAX_LEDGER_ROWS:,} rows")
        return LedgerAnswer(float(value["now"]), tuple(
            LedgerRow(dict(zip(self.columns, cells, strict=True)), None if at is None else float(at))
            for *cells, at in value["rows"]))


def ledger_question(contract: Contract, found: Snapshot) -> LedgerQuestion | None:
    """The question about the ledger's rows; None when the role may not read them, or reading them would run code."""
    spec = contract.ledger
    if spec is None or spec.schema not in (found.identity["usage"] or ()):
        return None
    columns = column_types(found, spec.shown)
    if not set(spec.version_columns) <= set(columns) or not found.may_read(spec.shown, _columns(spec)):
        return None
    read = tuple(name for name in spec.columns if name in columns)
    when = "NULL"
    if spec.applied_at and columns.get(spec.applied_at, "").startswith(("timestamp", "date")):
        when = f"extract(epoch FROM l.{ident(spec.applied_at)})::float8"
    cells = [_as_text(name, columns[name]) for name in read]
    rows = (f"SELECT json_build_array({', '.join(cells)}, {when}) AS row, {when} AS at, {cells[0]} AS first "
            f"FROM {ident(spec.schema, spec.table)} l ORDER BY 2, 3 LIMIT {MAX_LEDGER_ROWS + 1}")
    return LedgerQuestion("SELECT json_build_object('now', ceil(extract(epoch FROM now()) / 60) * 60, 'rows', coalesce("
                          f"json_agg(r.row ORDER BY r.at, r.first), '[]'::json)) FROM ({rows}) r", read)


def _as_text(column: str, kind: str) -> str:
    if kind == "boolean":
        return f"CASE WHEN l.{ident(column)} THEN 'true' WHEN NOT l.{ident(column)} THEN 'false' END"
    return as_text(f"l.{ident(column)}", kind)


def ledger_runs(spec: LedgerSpec, found: Snapshot) -> str:
    """What reading the ledger would run, in words after its name; empty: nothing that is not built in."""
    return found.runs(spec.shown, _columns(spec))


def _columns(spec: LedgerSpec) -> tuple[str, ...]:
    return (*spec.columns, *filter(None, (spec.applied_at,)))
