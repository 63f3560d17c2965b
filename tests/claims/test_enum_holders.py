"""Ways to hold an enum, one table each: what is said of it, by every route, and what real INSERTs say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
import pytest

from checks.contract.reader import read_contract
from checks.expectation.expectation import Expectation
from checks.values import Verdict
from tests.support.sabotage_harness import ROUTES, Bench, commit_sql, report_on, session_of, target_of, verdicts

WRONG = ("banana", "LONG", "Long", "long ", " long", "", "flat", "longa", "shor", "short\n", "short,long")


class Holder(NamedTuple):
    """One table of the file."""

    name: str
    verdict: str
    on_scratch: str
    sql: str


def holders() -> tuple[Holder, ...]:
    """The tables of the file, in its order."""
    _, *parts = re.split(r"^--> ", Path(__file__).with_name("enum_holders.sql").read_text(), flags=re.MULTILINE)
    return tuple(_holder(*part.partition("\n")) for part in parts)


def _holder(head: str, _: str, sql: str) -> Holder:
    name, _, said = head.partition(": ")
    verdict, _, other = said.partition(" | ")
    return Holder(name, verdict, other or verdict, sql)


HOLDERS = holders()


@pytest.fixture(scope="module")
def dsn(bench: Bench) -> str:
    """A database with all of them."""
    made = bench.server.create_database("enum_holders")
    commit_sql(made, *(each.sql for each in HOLDERS))
    return made


@pytest.fixture(scope="module")
def said(bench: Bench, dsn: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Verdict]]:
    """Route -> what is said of each table; one look by each."""
    file = tmp_path_factory.mktemp("holders") / "contract.toml"
    file.write_text("[enums]\n" + "".join(f'"{each.name}.side" = ["long", "short"]\n' for each in HOLDERS))
    expectation = Expectation(read_contract(file), None, (), ())
    return {route: verdicts(report_on(session_of(route, bench, dsn), expectation, target_of(route, "never")))
            for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("holder", HOLDERS, ids=[each.name for each in HOLDERS])
def test_what_is_said_of_it(holder: Holder, route: str, said: dict[str, dict[str, Verdict]]) -> None:
    found = said[route][f"enums:{holder.name}.side"]
    assert found.verdict == (holder.on_scratch if route == "scratch" else holder.verdict), found.detail


@pytest.fixture(scope="module")
def cursor(dsn: str) -> Iterator[Any]:
    """A cursor on it."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("holder", [each for each in HOLDERS if each.verdict == "held"], ids=lambda each: str(each.name))
def test_what_is_held_lets_no_wrong_value_in(holder: Holder, cursor: Any) -> None:
    stored = {value for value in ("long", "short", *WRONG) if (made := insert(cursor, holder, value)) for value in made}
    assert stored <= {"long", "short"}


def insert(cursor: Any, holder: Holder, value: str) -> list[str]:
    """What the column holds after an INSERT that was undone; nothing where it was refused."""
    column = "raw" if re.search(r"\braw text", holder.sql) else "side"
    sent = "'{\"" + value + "\"}'" if f"{holder.name} (side" in holder.sql and "[]" in holder.sql else f"'{value}'"
    try:
        cursor.execute(f"INSERT INTO {holder.name} ({column}) VALUES ({sent}) RETURNING side::text")
        return [str(found).strip("{}") for found, in cursor.fetchall()]
    except psycopg2.Error:
        return []
    finally:
        cursor.connection.rollback()
