"""Real INSERTs on scratch targets, every one undone: what a server does with values, whatever reading says.

All attempts travel as one server-side loop with a subtransaction each, so they cost one round trip, keep no row and
log no error. Each names the key explicitly, since an INSERT that is rolled back still moves a sequence. What is tried:
rows that reading says go in, its witnesses, and values that nobody chose: variants of the declared ones, and random ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.catalog.difference import unquoted
from checks.catalog.objects import Column, Domain, EnumType
from checks.catalog.snapshot import Snapshot
from checks.observation.candidates import candidates
from checks.observation.enum_plan import EnumPlan
from checks.observation.evaluate import base_type, length_of
from checks.observation.questions import json_list
from checks.sql import meaning
from checks.sql.names import ident, literal, shown, text_array
from checks.sql.values_accepted.answers import ColumnRow
from checks.target.session import Session
from checks.values import Rejected

UNDONE = "P0PDC"
"""The SQLSTATE with which the loop undoes an INSERT that was accepted."""
RANDOM_VALUES = 24

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
    """One INSERT, and what became of it."""

    value: str
    allowed: bool
    """Whether the value is a declared one: the control."""
    sqlstate: str
    constraint: str
    rows: int
    """Rows that an accepted INSERT made; 0 when something swallowed it."""
    stored: str
    """What the accepted row holds: `sent`, another `allowed` value, or something `else`."""

    @property
    def accepted(self) -> bool:
        """Whether the server took it."""
        return self.sqlstate == UNDONE


def attempt(session: Session, found: Snapshot, plans: Sequence[EnumPlan]) -> dict[str, tuple[Attempt, ...]]:
    """By column: what became of each value that was tried; nothing where no row can be made up.

    Raises:
        Unverified: the route did not answer.
    """
    known = {plan.spec.shown: plan.spec.values[0] for plan in plans}
    made = {plan.spec: inserts(plan, found, known) for plan in plans}
    statements = [statement for column in made.values() for statement in column.values()]
    if not statements:
        return {}
    try:
        rows = session.run(_LOOP.format(statements=text_array(statements), undone=UNDONE))
    except Rejected:
        return {}  # no attempts: the claims keep the evidence they have
    results = iter(json_list(rows, len(statements)))
    return {spec.shown: tuple(_read(value, value in spec.values, *next(results)) for value in column)
            for spec, column in made.items() if column}


def _read(value: str, allowed: bool, sqlstate: str, constraint: str | None, told: str | None) -> Attempt:
    """One result of the loop."""
    count, _, stored = str(told or "0:").partition(":")
    return Attempt(value, allowed, sqlstate, constraint or "", int(count), stored)


def inserts(plan: EnumPlan, found: Snapshot, known: Mapping[str, str]) -> dict[str, str]:
    """Value -> INSERT of it; nothing when a row cannot be made up.

    Args:
        plan: whose values.
        found: the table.
        known: an allowed value of every declared enum, by column, to fill the rest of the row with.
    """
    table = shown(plan.spec.schema, plan.spec.table)
    if plan.column is None or found.relation(table) is None or plan.column.generated or plan.labels is not None \
            or plan.failure or any(each.of_several for each in plan.lookups):
        return {}
    filler = _fill(plan, table, found, known)
    if filler is None:
        return {}
    values = ", ".join(literal(_sent(plan, value)) for value in plan.spec.values)
    statements = {}
    for value, others in _tried(plan).items():
        row = {**filler, **{name: literal(other) for name, other in others.items()}}
        columns = ", ".join(map(ident, (*row, plan.spec.column)))
        target, sent = ident(plan.spec.column), literal(_sent(plan, value))
        statements[value] = (
            f"INSERT INTO {ident(plan.spec.schema, plan.spec.table)} ({columns}) OVERRIDING SYSTEM VALUE "
            f"VALUES ({', '.join((*row.values(), sent))}) RETURNING CASE WHEN {target} IS NOT DISTINCT FROM {sent} "
            f"THEN 'sent' WHEN {target} IN ({values}) THEN 'allowed' ELSE 'else' END")
    return statements


def _sent(plan: EnumPlan, value: str) -> str:
    """`value` as the column takes it: an item of an array as an array of its own."""
    if not plan.type.endswith("[]") or value[:1] == "{":
        return value
    return '{"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"}'


def _tried(plan: EnumPlan) -> Mapping[str, Mapping[str, str | None]]:
    """Value -> what other columns must hold for it; the declared ones first, then witnesses, then a sample."""
    found = plan.decision
    chosen = {value: next(iter(each.rows), ColumnRow(value)) for value, each in found.allowed.items()}
    witnesses = {row.value: row for row in found.others.rows if row.value is not None and not row.session}
    tried = {value: {**row.elsewhere, **row.others} for value, row in {**witnesses, **chosen}.items()}
    usual = tried[plan.spec.values[0]]
    return {value: tried.get(value, usual) for value in (*chosen, *witnesses, *sampled(plan))}


def sampled(plan: EnumPlan) -> tuple[str, ...]:
    """Values that must be refused: variants of the declared ones, and random ones, the same in every run."""
    literals = [text for check in plan.guards.checks for found in meaning.literals(check.text).values() for text in found]
    likely = candidates(plan.spec.values, literals, plan.type)
    chance, letters = random.Random(plan.spec.shown), sorted({*"".join(plan.spec.values), *"aZ0 _-é"})
    limit = min(length_of(plan.type) or 12, 12)
    made = ("".join(chance.choices(letters, k=chance.randint(1, limit))) for _ in range(RANDOM_VALUES))
    numbers = (str(chance.randint(-2**15, 2**15 - 1)) for _ in range(RANDOM_VALUES))
    some = made if any(not value.lstrip("-").isdigit() for value in plan.spec.values) else numbers
    allowed = {value.rstrip(" ") for value in plan.spec.values} if plan.type.startswith("character(") else {
        *plan.spec.values}
    return tuple(value for value in (*likely, *some) if value.rstrip(" ") not in allowed and value not in allowed)


def _fill(plan: EnumPlan, table: str, found: Snapshot, known: Mapping[str, str]) -> dict[str, str] | None:
    """What the columns that must hold something hold, as SQL, or None when that cannot be made up."""
    row: dict[str, str] = {}
    for name, column in found.of(table, "column"):
        if unquoted(name) == plan.spec.column or column.generated:
            continue
        moves = column.identity or (column.default or "").startswith("nextval(")
        if moves or (column.not_null and column.default is None):
            allowed = known.get(f"{table}.{name}")
            filler = _filler(column, found) if allowed is None else literal(allowed)
            if filler is None:
                return None
            row[unquoted(name)] = filler
    return row


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
