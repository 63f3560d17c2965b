"""The Snapshot: the same by both routes and whatever a role or database sets; names survive; JSON and back."""

from __future__ import annotations

import json

import pytest

from checks.catalog.decode import decode
from checks.catalog.key import Key, parent_name
from checks.catalog.objects import from_json, to_json
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.sql.names import shown, split_path
from tests.support.sabotage_harness import Bench, Project, commit_sql, projects, session_of

PROJECTS = projects()


def seen(bench: Bench, project: Project, dsn: str, route: str) -> Snapshot:
    """The catalogue as `route` sees it."""
    session = session_of(route, bench, dsn)
    contract = project.contract
    ledger = contract.ledger.table if contract.ledger else None
    text = session.ask(snapshot_select(contract.schemas, ledger))[0][0]
    session.close()
    return decode(text)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_both_routes_see_the_same(project: Project, bench: Bench) -> None:
    with bench.database(project) as dsn:
        direct, through = (seen(bench, project, dsn, route) for route in ("direct", "lambda"))
    assert direct.objects == through.objects
    assert direct.homonyms == through.homonyms
    assert direct.settings == through.settings
    assert direct.unsafe == through.unsafe


SETTINGS = """DO $$ DECLARE d text := quote_ident(current_database()); BEGIN
    EXECUTE 'ALTER DATABASE ' || d || ' SET search_path = "Odd Schema", public';
    EXECUTE 'ALTER DATABASE ' || d || ' SET "DateStyle" = ''German, DMY''';
    EXECUTE 'ALTER DATABASE ' || d || ' SET "TimeZone" = ''Asia/Kathmandu''';
    EXECUTE 'ALTER DATABASE ' || d || ' SET "IntervalStyle" = ''sql_standard''';
    EXECUTE 'ALTER DATABASE ' || d || ' SET extra_float_digits = -10';
    EXECUTE 'ALTER DATABASE ' || d || ' SET bytea_output = escape';
    EXECUTE 'ALTER DATABASE ' || d || ' SET quote_all_identifiers = on';
END $$"""
TELLING = """CREATE TABLE public.telling (
    at timestamptz DEFAULT '2020-02-03 04:05:06+00' CHECK (at > '2000-01-01 00:00+00'),
    day date DEFAULT '2020-02-03', pause interval DEFAULT '1 day 02:03:04', ratio float8 DEFAULT 0.1,
    raw bytea DEFAULT '\\xdeadbeef', "select" int CHECK ("select" > 0))"""


@pytest.mark.parametrize("route", ["direct", "lambda"])
@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_settings_do_not_change_it(project: Project, route: str, bench: Bench) -> None:
    """Deparsed text depends on seven settings; all are pinned."""
    with bench.database(project) as dsn:
        commit_sql(dsn, TELLING)
        before = seen(bench, project, dsn, route).objects
        commit_sql(dsn, SETTINGS)
        after = seen(bench, project, dsn, route).objects
        assert {key: item for key, item in after.items() if key.kind != "setting"} == before


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_objects_survive_json(project: Project, bench: Bench) -> None:
    with bench.database(project) as dsn:
        found = seen(bench, project, dsn, "direct").objects
    assert {key: from_json(key, json.loads(json.dumps(to_json(item)))) for key, item in found.items()} == found
    assert [Key.of(str(key)) for key in found] == list(found)


@pytest.mark.parametrize("parts", [("t", "c"), ("s", "t", "c"), ("Odd Schema", 'a "b".c', 'd.e "f"'), ('"', '"'),
                                   ("a", 'b"'), ('x""y', "z"), ("Ä", "ö ß")])
def test_names_come_apart_where_they_were_joined(parts: tuple[str, ...]) -> None:
    """`parent_name` and `split_path` undo `shown`."""
    path = shown(*parts)
    assert split_path(path) == parts
    assert parent_name(path) == shown(*parts[:-1])


def test_an_extensions_objects_are_not_the_users(bench: Bench) -> None:
    project = PROJECTS[0]
    with bench.database(project) as dsn:
        before = seen(bench, project, dsn, "direct").objects
        commit_sql(dsn, "CREATE EXTENSION vector")
        after = seen(bench, project, dsn, "direct").objects
        assert {key: item for key, item in after.items() if key.kind != "extension"} == before
        assert Key("extension", "", "vector") in after


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"tables": 1}', "x"])
def test_another_document_is_no_snapshot(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
        decode(text)
