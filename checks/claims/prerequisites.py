"""What a constraint or an index needs that is not there, so that it is told of that and not of the constraint. Pure."""

from __future__ import annotations

from typing import NamedTuple

from checks.catalog.key import Key
from checks.catalog.objects import Constraint, Index, Table
from checks.claims.causes import about_all_of
from checks.claims.user_code import changed_code
from checks.expectation.settled import Settled
from checks.sql.names import shown
from checks.values import Subject


class Lacking(NamedTuple):
    """Something that has to be brought back first."""

    what: str
    subject: Subject


def lacking(table: str, item: Constraint | Index, settled: Settled) -> Lacking | None:
    """The first thing that is not there, or not what the migrations make it, and on which the object stands."""
    found, expectation = settled.found, settled.expectation
    names = item.columns if isinstance(item, Constraint) else () if item.expressions else item.keys
    for home, columns in ((table, names), *_referred(item)):
        relation, meant = found.relation(home), expectation.head.relation(home)
        if relation is None:
            return Lacking(f"the table {home}", about_all_of(Key.table(home)))
        if isinstance(meant, Table) and meant.kind != relation.kind:
            return Lacking(f"{home} as a {meant.kind}", Subject(str(Key.table(home)), "kind"))
        for key in (Key.column(home, shown(name)) for name in columns):
            if key in expectation.objects and key not in found.objects:
                return Lacking(f"the column {key.path}", about_all_of(key))
    text = (item.expression if isinstance(item, Constraint) else " ".join((*item.keys, item.predicate or ""))) or ""
    code = next(changed_code(text, expectation.functions, found.functions), None)
    return None if code is None else Lacking(f"the function {code}", about_all_of(Key("function", "", code)))


def _referred(item: Constraint | Index) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ((item.references, item.referenced_columns),) if isinstance(item, Constraint) and item.references else ()
