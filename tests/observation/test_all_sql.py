"""All SQL that the suite can send to a given target: nothing of it is parsed before search_path is pinned."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from checks.claims.functions.query_function import judge_query
from checks.contract.way.spec import USUAL_TIMEOUTS
from checks.lambdas.client import invoke
from checks.target.routes import direct
from checks.target.routes.pinned import begin, late
from tests.support.sabotage_harness import (
    Bench,
    InProcess,
    Project,
    commit,
    look_at,
    projects,
    saboteurs,
    target_of,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}
SABOTEURS = saboteurs()
PLACES = [*((project, None) for project in PROJECTS.values()),
          *((PROJECTS[saboteur.project], saboteur) for saboteur in SABOTEURS[::6])]
LITERAL = re.compile(r"E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'")
WORDS = {"SELECT", "CASE", "WHEN", "IS", "NOT", "NULL", "AND", "THEN", "END", "ORDER", "BY", "COLLATE", "AS", "FROM", "true",
         "UNION", "ALL", "VALUES"}
"""Of the grammar: no name that is looked up."""
OURS = {"a", "q", "p", "k", "kind", "name", "page", "nonce", "question", "word"}
"""Aliases and columns of the wrapper's own."""


def named(place: tuple[Project, Any]) -> str:
    return place[0].name if place[1] is None else f"{place[0].name}/{place[1].name}"


def looked_up_early(sql: str) -> list[str]:
    """What of a statement's own text, its literals apart, is looked up when it is parsed."""
    text = LITERAL.sub(" '' ", sql)
    found = re.findall(r"[^\w\s(),.'\"]+", text)  # an operator, or a cast
    for name in re.finditer(r'(?<![\w."])((?:\w+|"[^"]*")(?:\.(?:\w+|"[^"]*"))*)', text):
        head, *rest = name[1].split(".")
        if name[1].isdecimal() or name[1] in WORDS or (head in OURS and len(rest) < 2) or head == "pg_catalog":
            continue
        found.append(name[1])
    return found


def test_the_measure_sees_what_is_looked_up() -> None:
    assert looked_up_early("SELECT pg_catalog.now() AS page, '1+1 now()' AS nonce FROM q") == []
    assert looked_up_early("SELECT now()") == ["now"]
    assert looked_up_early("SELECT 1 + 1") == ["+"]
    assert looked_up_early("SELECT '1'::int8") == ["::", "int8"]
    assert looked_up_early("SELECT a.word FROM public.t a") == ["public.t"]
    assert looked_up_early('SELECT "Odd"()') == ['"Odd"']


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_through_a_function_only_the_wrapper_is_parsed_early(place: tuple[Project, Any], bench: Bench,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    asked = InProcess.invoke

    def recorded(self: InProcess, *, Payload: bytes, **more: Any) -> Any:  # noqa: N803 - boto3's name
        sent.append(json.loads(Payload)["sql"])
        return asked(self, Payload=Payload, **more)

    monkeypatch.setattr(InProcess, "invoke", recorded)
    project, saboteur = place
    with bench.database(project) as dsn:
        if saboteur is not None:
            commit(saboteur, dsn)
        assert verdicts(look_at(bench, project, dsn, "lambda"))
        client = InProcess(bench.as_reader(dsn))
        spec = target_of("lambda").spec
        powers = list(judge_query(spec, "f", lambda sql: invoke(client, "f", {"sql": sql}), probes=False, own_role=False))
        client.close()
    assert {verdict.verdict for verdict in powers} <= {"held", "broken"}  # a sabotaged role has powers
    assert len(sent) >= 2
    assert {sql[:60]: early for sql in sent if (early := looked_up_early(sql))} == {}
    assert all(sql.startswith("SELECT") and "\n;" not in sql for sql in sent)


@pytest.mark.parametrize("place", PLACES, ids=named)
def test_directly_nothing_goes_ahead_of_the_pin(place: tuple[Project, Any], bench: Bench, monkeypatch: pytest.MonkeyPatch,
                                                ) -> None:
    sent: list[str] = []
    executed = direct.execute

    def recorded(connection: Any, sql: str) -> Any:
        sent.append(sql)
        return executed(connection, sql)

    project, saboteur = place
    with bench.database(project) as dsn:
        if saboteur is not None:
            commit(saboteur, dsn)
        bench.project(project)
        monkeypatch.setattr(direct, "execute", recorded)
        assert verdicts(look_at(bench, project, dsn, "direct"))
        monkeypatch.undo()
    pinned = False
    for sql in sent:
        assert pinned or sql == begin(USUAL_TIMEOUTS), sql[:80]
        pinned = sql != "ROLLBACK"
    assert not pinned
    assert len(sent) >= 3


def test_what_pins_looks_nothing_up() -> None:
    """Each statement of the BEGIN up to the one that pins; a simple query is parsed statement by statement."""
    ahead = begin(USUAL_TIMEOUTS).partition("SET LOCAL search_path = pg_catalog, pg_temp;")
    assert ahead[1]
    select = ahead[0].split(";")[1]
    assert looked_up_early(select) == []
    assert looked_up_early(late("SELECT now() + '1 day'::interval AS doc", "nonce")) == []
