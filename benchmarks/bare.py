"""The bare script that the suite is measured against: the same snapshot, the same predicates over the same values.

    python benchmarks/bare.py URL contract.toml
    python benchmarks/bare.py URL SNAPSHOT.sql PREDICATES.sql

It connects, fetches the snapshot, finds the CHECKs of each declared enum in it, evaluates them in one SELECT and counts
the values that they let in. It judges nothing else, and reports nothing. Given two SELECTs it only sends them and reads
the answers: what no program that asks these questions can be faster than.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import checkout  # noqa: F401
import psycopg2

from checks.catalog.select import snapshot_select
from checks.observation.candidates import candidates
from checks.observation.evaluate import PredicateQuestion


@contextmanager
def cursor_on(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url)
    connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = pg_catalog")
        yield cursor
    connection.rollback()
    connection.close()


def answer(cursor: Any, select: str) -> Any:
    cursor.execute(select)
    ((document,),) = cursor.fetchall()
    return json.loads(document)


def ready_made(url: str, *files: str) -> None:
    with cursor_on(url) as cursor:
        for file in files:
            answer(cursor, Path(file).read_text(encoding="utf-8"))


def main(url: str, contract: str) -> None:
    enums = tomllib.loads(Path(contract).read_text(encoding="utf-8"))["enums"]
    with cursor_on(url) as cursor:
        selects = questions(answer(cursor, snapshot_select(["public"], "schema_migrations")), enums)
        answers = answer(cursor, f"SELECT to_json(ARRAY[{', '.join(f'({select})' for select in selects)}])::text")
    print(f"{len(answers):,} predicates, {sum(map(len, answers)):,} values, {''.join(answers).count('t'):,} let in")


def questions(snapshot: dict, enums: dict[str, list[str]]) -> list[str]:
    """A SELECT for each CHECK of a declared column."""
    names = {oid: name for oid, _, name, *_ in snapshot["tables"]}
    columns = {(table, number): (name, kind) for table, number, name, kind, *_ in snapshot["columns"]}
    selects = []
    for table, _, kind, numbers, expression, *_ in snapshot["constraints"]:
        for number in numbers if kind == "c" else ():
            column = columns[table, number]
            name, of_type = column
            allowed = enums.get(f"{names[table]}.{name}")
            if allowed:
                values = (*allowed, *candidates(allowed, (), of_type), None)
                selects.append(PredicateQuestion("", names[table], (column,), tuple(zip(values, strict=True)),
                                                 (expression,)).select())
    return selects


if __name__ == "__main__":
    (main if len(sys.argv) == 3 else ready_made)(*sys.argv[1:])
