"""A document past what Lambda lets through comes in pages: as few as its size asks for, of one state of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from checks.catalog.select import snapshot_select
from checks.target.routes import through_lambda
from checks.target.routes.direct import DirectSession
from checks.target.target import Secret
from checks.values import Unverified
from tests.support.query_function import QueryFunction, through
from tests.support.sabotage_harness import Bench, commit_sql, look_at, projects, verdicts

PAGE = 20_000
"""Bytes of a document that stand for Lambda's 4.7 MB."""
REPLY = 4 * PAGE // 3 + 600
"""Bytes of a reply that stand for Lambda's 6 MB: four thirds of a page, and what is around it."""
SELECT = snapshot_select(["public"], None)
ODD = "Ж\"\\`漢𝄞\n\t\x01"
"""In JSON inside JSON a quote is four characters, a letter seven and a clef fourteen."""


@pytest.fixture
def dsn(fresh_database: Callable[[], str]) -> str:
    """A database of 40 tables whose names and CHECKs are what JSON makes long."""
    found = fresh_database()
    with closing(psycopg2.connect(found)) as connection, connection.cursor() as cursor:
        for number in range(40):
            name, check = f'public."Ж""{number}"', f'"漢`{number}"'
            cursor.execute(f"CREATE TABLE {name} (a text CONSTRAINT {check} CHECK (a <> %s))", (ODD * 99,))
        connection.commit()
    return found


@pytest.fixture
def directly(dsn: str) -> str:
    """What is there, as a connection tells it in one piece."""
    with closing(DirectSession(Secret(dsn), "the test's server")) as session:
        return str(session.ask(SELECT)[0][0])


def asked(function: QueryFunction) -> str:
    with closing(function):
        return str(through(function).ask(SELECT)[0][0])


def same(one: str, other: str) -> bool:
    """Whether two documents say the same of the database; the sessions are not the same."""
    return {**json.loads(one), "identity": None} == {**json.loads(other), "identity": None}


def test_it_comes_in_as_many_pages_as_its_bytes_ask_for(dsn: str, directly: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written in it no page is refused for its size."""
    monkeypatch.setattr(through_lambda, "PAGE_BYTES", PAGE)
    function = QueryFunction(dsn, limit=REPLY)
    assert same(asked(function), directly)
    pages = -(-len(directly.encode()) // PAGE)
    assert len(function.replies) == pages > 4
    assert max(function.replies) <= REPLY
    assert len([reply for reply in function.replies if reply > 0.95 * REPLY]) >= pages - 1


def test_pages_are_as_large_as_lambda_lets_through() -> None:
    """So that 4 invocations and one for each 5 MB are enough, up to 75 MB of catalogue."""
    assert 4 * through_lambda.PAGE_BYTES / 3 + 600 < 6_291_556
    for size in range(1_000_000, 75_000_000, 100_000):
        assert 2 - (-size // through_lambda.PAGE_BYTES) <= 4 + -(-size // 5_000_000)


def test_a_function_with_a_limit_of_its_own_is_asked_for_halves(dsn: str, directly: str) -> None:
    function = QueryFunction(dsn, limit=REPLY)
    assert same(asked(function), directly)
    assert max(function.replies) > REPLY


class Changing(QueryFunction):
    """A database in which something changes after each of the first `times` answers."""

    def __init__(self, dsn: str, times: int) -> None:
        super().__init__(dsn)
        self._times = times

    def invoke(self, **more: Any) -> dict[str, Any]:
        answer = super().invoke(**more)
        if len(self.replies) <= self._times:
            with self.connection.cursor() as cursor:
                cursor.execute(f"CREATE TABLE public.late_{len(self.replies)} (a int)")
        return answer


def test_pages_that_do_not_fit_together_are_asked_for_again(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is one state of the catalogue, never a piece of each."""
    monkeypatch.setattr(through_lambda, "PAGE_BYTES", PAGE)
    function = Changing(dsn, times=1)
    document = asked(function)
    assert [row[2] for row in json.loads(document)["tables"] if row[2].startswith("late")] == ["late_1"]
    assert len(function.replies) == 2 - (-len(document.encode()) // PAGE)


def test_where_it_never_holds_still_nothing_is_said(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through_lambda, "PAGE_BYTES", PAGE)
    restless = Changing(dsn, times=1_000)
    with pytest.raises(Unverified, match="changed each time while it was told in pages"):
        asked(restless)
    assert len(restless.replies) == 2 * through_lambda.PAGED_ATTEMPTS


def test_a_ledger_of_several_pages_is_read_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's clock stands in the same document."""
    project = projects()[0]
    with bench.database(project) as dsn:
        commit_sql(dsn, "INSERT INTO schema_migrations SELECT 'before_' || n, now() FROM generate_series(1, 900) n")
        whole = look_at(bench, project, dsn, "lambda")
        monkeypatch.setattr(through_lambda, "PAGE_BYTES", PAGE)
        paged = look_at(bench, project, dsn, "lambda")
    assert paged.cost["invocations"] > whole.cost["invocations"]
    assert {name: verdict.verdict for name, verdict in verdicts(paged).items()} == {
        name: verdict.verdict for name, verdict in verdicts(whole).items()}
    assert verdicts(paged)["ledger:schema_migrations.applied_at"].verdict == "held"
