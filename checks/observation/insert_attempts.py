"""Real INSERTs on scratch targets, every one undone: the strongest evidence that a value is refused.

All attempts travel as one server-side loop with a subtransaction each, so they cost one round trip, keep no row and
log no error. Each names the key explicitly, since an INSERT that is rolled back still moves a sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.catalog.difference import unquoted
from checks.catalog.objects import Column, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.observation.enum_plan import EnumPlan
from checks.observation.evaluate import base_type, length_of
from checks.observation.questions import json_list
from checks.sql.names import ident, literal, shown, text_array
from checks.target.session import Session
from checks.values import Rejected

UNDONE = "P0PDC"
"""The SQLSTATE with which the loop undoes an INSERT that was accepted."""

_LOOP = """DO $postdeploy$
DECLARE
    statements text[] := {statements};
    results text[] := '{{}}';
    same text; found bigint; state text; name text; told text;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    FOR i IN 1 .. coalesce(array_length(statements, 1), 0) LOOP
        BEGIN
            same := NULL;
            EXECUTE statements[i] INTO same;
            GET DIAGNOSTICS found = ROW_COUNT;
            RAISE EXCEPTION USING ERRCODE = '{undone}', MESSAGE = found || ':' || coalesce(same, '');
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, name = CONSTRAINT_NAME, told = MESSAGE_TEXT;
            results := results || json_build_array(state, name, CASE WHEN state = '{undone}' THEN told END)::text;
        END;
    END LOOP;
    PERFORM set_config('postdeploy.attempts', '[' || array_to_string(results, ',') || ']', true);
END $postdeploy$;
SELECT current_setting('postdeploy.attempts')"""


@dataclass(frozen=True)
class Attempt:
    """What became of one INSERT."""

    sqlstate: str
    constraint: str
    rows: int
    """Rows that an accepted INSERT made; 0 when something swallowed it."""
    same: bool
    """Whether the accepted row held the value that was sent."""

    @property
    def accepted(self) -> bool:
        """Whether the server took it."""
        return self.sqlstate == UNDONE


def attempt(session: Session, found: Snapshot, plans: Sequence[EnumPlan]) -> dict[str, tuple[Attempt, ...]]:
    """By column: what became of each of the plan's `tried` values, in order.

    Raises:
        Unverified: the route did not answer.
    """
    known = {plan.spec.shown: plan.spec.values[0] for plan in plans}
    made = {plan.spec.shown: inserts(plan, found, known) for plan in plans}
    statements = [statement for column in made.values() for statement in column]
    if not statements:
        return {}
    try:
        rows = session.run(_LOOP.format(statements=text_array(statements), undone=UNDONE))
    except Rejected:
        return {}  # no attempts: the claims keep the evidence they have
    results = iter(json_list(rows, len(statements)))
    return {name: tuple(_read(*next(results)) for _ in column) for name, column in made.items() if column}


def _read(sqlstate: str, constraint: str | None, told: str | None) -> Attempt:
    """One result of the loop."""
    count, _, same = str(told or "0:").partition(":")
    return Attempt(sqlstate, constraint or "", int(count), same == "true")


def inserts(plan: EnumPlan, found: Snapshot, known: Mapping[str, str]) -> list[str]:
    """One INSERT for each of the plan's `tried` values; none when a row cannot be made up.

    Args:
        plan: whose values.
        found: the table.
        known: an allowed value of every declared enum, by column, to fill the rest of the row with.
    """
    table = shown(plan.spec.schema, plan.spec.table)
    if plan.column is None or found.relation(table) is None or plan.column.generated or plan.labels is not None:
        return []
    row: dict[str, str] = {}
    for name, column in found.of(table, "column"):
        if unquoted(name) == plan.spec.column or column.generated:
            continue
        moves = column.identity or (column.default or "").startswith("nextval(")
        if moves or (column.not_null and column.default is None):
            allowed = known.get(f"{table}.{name}")
            filler = _filler(column, found) if allowed is None else literal(allowed)
            if filler is None:
                return []
            row[unquoted(name)] = filler
    columns = ", ".join(ident(name) for name in (*row, plan.spec.column))
    target = ident(plan.spec.column)
    return [f"INSERT INTO {ident(plan.spec.schema, plan.spec.table)} ({columns}) OVERRIDING SYSTEM VALUE "
            f"VALUES ({', '.join((*row.values(), literal(value)))}) "
            f"RETURNING ({target} IS NOT DISTINCT FROM {literal(value)})::text" for value in plan.tried]


_FILLERS: Mapping[str, str] = {
    "smallint": "-32001", "integer": "-2147000001", "bigint": "-9223000000000000001", "numeric": "1", "real": "1",
    "double precision": "1", "boolean": "false", "date": "'2000-01-01'", "time without time zone": "'00:00'",
    "timestamp without time zone": "'2000-01-01'", "timestamp with time zone": "'2000-01-01Z'",
    "uuid": "'00000000-0000-4000-8000-00000000c4ec'", "json": "'{}'", "jsonb": "'{}'", "interval": "'0'",
    "bytea": "''", "inet": "'127.0.0.1'",
}


def _filler(column: Column, found: Snapshot) -> str | None:
    """A value that such a column takes, as SQL, or None."""
    kind = column.type
    if column.user_type:
        user_type = found.objects.get(column.user_type)
        if isinstance(user_type, EnumType) and user_type.labels:
            return literal(user_type.labels[0])
        if not isinstance(user_type, Domain):
            return None
        kind = user_type.base
    base = base_type(kind)
    if base in ("text", "character varying", "character", "bpchar", "name"):
        return literal("postdeploy"[: length_of(kind) or 99])
    return "'{}'" if base.endswith("[]") else _FILLERS.get(base)
