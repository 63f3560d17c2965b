"""No claim is held that was not looked at: empty databases, dumb sessions, roles without privileges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from checks.claims.verify import Report, judge
from checks.observation.observe import EnumSeen, Observation, observe
from checks.target.routes.through_lambda import LambdaSession
from checks.target.session import Cost, Row
from checks.values import Rejected, Unverified
from tests.support.sabotage_harness import (
    ROUTES,
    TODAY,
    Bench,
    commit_sql,
    look_at,
    projects,
    report_on,
    session_of,
    target_of,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}


def held(report: Report) -> list[str]:
    """The claims that hold."""
    return [f"{v.claim}: {v.detail}" for v in verdicts(report).values() if v.verdict == "held"]


def asked(report: Report) -> set[str]:
    """The verdicts of the claims that rest on more than the catalogue."""
    return {verdict.verdict for claim, verdict in verdicts(report).items() if ASKED.search(claim)}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", PROJECTS)
def test_an_empty_database_holds_nothing(name: str, route: str, bench: Bench) -> None:
    project = PROJECTS[name]
    bench.project(project)
    dsn = bench.server.create_database("nothing_here")
    assert held(look_at(bench, project, dsn, route)) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_empty_schemas_hold_nothing(name: str, bench: Bench) -> None:
    """Even where the schemas are there, and a table of somebody else's."""
    project = PROJECTS[name]
    bench.project(project)
    dsn = bench.server.create_database("nothing_here")
    commit_sql(dsn, 'CREATE SCHEMA "Odd Schema"', "CREATE TABLE things_of_others (x int)")
    assert held(look_at(bench, project, dsn)) == []


class Dumb:
    """A session that answers every question with the same rows."""

    can_run = True
    question_bytes = 5_000_000

    def __init__(self, rows: list[Row]) -> None:
        self.cost, self._rows = Cost(), rows

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        return self._rows

    def run(self, statements: str) -> list[Row]:
        return self._rows

    def rest(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("rows", [[], [()], [(None,)], [("",)], [("{}",)], [("[]",)], [("null",)], [("true",)], [(1,)],
                                  [({},)], [('{"identity": {}}',)], [("<html>502</html>",)], [("held",)]],
                         ids=lambda rows: repr(rows)[:24])
def test_a_session_that_answers_nothing_is_unverified(rows: list[Row], bench: Bench) -> None:
    """Before anything is judged: there is no report at all."""
    with pytest.raises(Unverified, match=r"answered"):
        report_on(Dumb(rows), bench.project(PROJECTS["reference"])[1], target_of("direct"))


class Silenced:
    """A true session that gives other answers after the catalogue."""

    def __init__(self, inner: Any, answer: Callable[[], list[Row]]) -> None:
        self._inner, self._answer, self._asked = inner, answer, 0
        self.cost, self.can_run, self.question_bytes = inner.cost, inner.can_run, inner.question_bytes

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        self._asked += 1
        return self._inner.ask(select, scan=scan) if self._asked == 1 else self._answer()

    def run(self, statements: str) -> list[Row]:
        return self._answer()

    def rest(self) -> None:
        self._inner.rest()

    def close(self) -> None:
        self._inner.close()


ASKED = re.compile(r"ledger:2026|ledger:schema_migrations\.(versions|applied_at)|chk_(active|position)|sequence")
"""Claims of the reference system that rest on more than the catalogue. Its enums are proven by reading."""


def after_the_catalogue(answer: Callable[[], list[Row]], route: str, bench: Bench) -> Report:
    """What is said of a healthy database that answers like that once the catalogue came."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        return report_on(Silenced(session_of(route, bench, dsn), answer), bench.project(project)[1], target_of("direct"))


@pytest.mark.parametrize("rows", [
    [], [(None,)], [("[]",)], [("null",)], [("{}",)], [("x",)], [(json.dumps([None] * 5),)], [(json.dumps([[]] * 5),)],
    [(json.dumps([{}] * 5),)],
], ids=["no row", "NULL", "[]", "null", "{}", "no JSON", "nulls", "empty lists", "empty objects"])
@pytest.mark.parametrize("route", ["direct", "scratch"])
def test_another_answer_than_was_asked_for_is_unverified(rows: list[Row], route: str, bench: Bench) -> None:
    """The catalogue came, the answers did not: there is no report at all."""
    with pytest.raises(Unverified, match="answered something else than was asked"):
        after_the_catalogue(lambda: rows, route, bench)


@pytest.mark.parametrize("route", ["direct", "scratch"])
def test_what_was_refused_is_unverified(route: str, bench: Bench) -> None:
    """The catalogue came, every question after it is refused: the claims that rest on the answers say so."""
    def refuse() -> list[Row]:
        raise Rejected("57014", "canceling statement due to statement timeout", "SELECT")

    assert asked(after_the_catalogue(refuse, route, bench)) == {"unverified"}


class Says200:
    """A Lambda client whose function says 200 and nothing else."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload

    def invoke(self, **_: Any) -> dict[str, Any]:
        import io

        return {"StatusCode": 200, "Payload": io.BytesIO(self._payload), "ExecutedVersion": "$LATEST"}

    def close(self) -> None:
        pass


@pytest.mark.parametrize("payload", [
    b"{}", b"", b"null", b"[]", b'{"statusCode": 200}', b'{"statusCode": 200, "body": "{}"}',
    b'{"statusCode": 200, "body": "{\\"success\\": true}"}',
    b'{"statusCode": 200, "body": "{\\"success\\": true, \\"rows\\": [], \\"count\\": 0}"}'])
def test_a_function_that_says_200_is_unverified(payload: bytes, bench: Bench) -> None:
    session = LambdaSession(target_of("lambda").spec, Says200(payload))
    with pytest.raises(Unverified):
        report_on(session, bench.project(PROJECTS["reference"])[1], target_of("lambda"))


def test_an_observation_without_answers_holds_nothing_that_was_to_be_asked(bench: Bench) -> None:
    """The judges alone: the catalogue is healthy, and nothing else was learnt."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        session = session_of("direct", bench, dsn)
        expectation = bench.project(project)[1]
        seen = observe(session, expectation.contract, expectation.objects)
        session.close()
    enums = {spec: EnumSeen(each.plan) for spec, each in seen.enums.items()}
    report = judge(expectation, Observation(seen.snapshot, enums=enums), target_of("direct"), TODAY)
    assert asked(report) == {"unverified"}
    assert seen.snapshot.objects.keys() >= expectation.objects.keys()


@pytest.fixture
def stranger(bench: Bench) -> str:
    """A role that may log in and nothing else."""
    name = "sabotage_stranger"
    commit_sql(bench.server.dsn(), f"DROP ROLE IF EXISTS {name}", f"CREATE ROLE {name} LOGIN PASSWORD 'reader'")
    return name


def as_role(dsn: str, role: str) -> str:
    return re.sub(r"//[^@]*@", f"//{role}:reader@", dsn)


def test_a_role_without_privileges(bench: Bench, stranger: str) -> None:
    """What the catalogue tells everybody is told; the rest is unverified and names the GRANT."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        found = verdicts(look_at(bench, project, as_role(dsn, stranger)))
        broken = [claim for claim, verdict in found.items() if verdict.verdict == "broken"]
        unverified = {claim: verdict.next_step for claim, verdict in found.items() if verdict.verdict == "unverified"}
        assert broken == []
        for claim in ("ledger:2026_01_01_0000_baseline", "ledger:schema_migrations.versions",
                      "ledger:schema_migrations.applied_at"):
            assert unverified[claim] == f'GRANT SELECT ON "public"."schema_migrations" TO "{stranger}";'
        for table, name in (("active_positions", "chk_active_positions_side"),
                            ("position_history", "chk_position_history_strategy_type")):
            assert unverified[f"constraints:{table}.{name}"] == f'GRANT SELECT ON public.{table} TO "{stranger}";'
        assert found["enums:active_positions.side"].verdict == "held"
        commit_sql(dsn, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {stranger}")
        again = look_at(bench, project, as_role(dsn, stranger))
        assert {claim: v.detail for claim, v in verdicts(again).items() if v.verdict != "held"} == {}
        assert any("GRANT SELECT ON SEQUENCE" in left.why for left in again.left_out)
        commit_sql(dsn, f"DROP OWNED BY {stranger}")


def test_a_role_without_usage_on_the_schema(bench: Bench, stranger: str) -> None:
    project = PROJECTS["odd_names"]
    with bench.database(project) as dsn:
        commit_sql(dsn, f'GRANT SELECT ON ALL TABLES IN SCHEMA "Odd Schema", public TO {stranger}')
        found = verdicts(look_at(bench, project, as_role(dsn, stranger)))
        assert found["ledger:V1__names.sql"].verdict == "unverified"
        assert found["ledger:V1__names.sql"].next_step == f'GRANT USAGE ON SCHEMA "Odd Schema" TO "{stranger}";'
        commit_sql(dsn, f"DROP OWNED BY {stranger}")


def test_row_security_that_hides_the_ledger_is_unverified(bench: Bench, stranger: str) -> None:
    """Rows that a policy filters were not looked at."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {stranger}",
                   "ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY; "
                   "CREATE POLICY none ON schema_migrations USING (version < '2026_02')")
        found = verdicts(look_at(bench, project, as_role(dsn, stranger)))
        assert found["ledger:schema_migrations.versions"].verdict == "unverified"
        assert found["ledger:schema_migrations.versions"].next_step == "Look as a role to which its policies show every row."
        commit_sql(dsn, f"DROP OWNED BY {stranger}")


def test_a_path_that_puts_public_first_is_read_past(bench: Bench) -> None:
    """With pg_catalog behind public, `=` may be anybody's in a session: a CHECK keeps the one it was made with."""
    project = PROJECTS["reference"]
    with bench.database(project) as dsn:
        commit_sql(dsn, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', "
                        "current_database()); END $$")
        found = verdicts(look_at(bench, project, dsn))
        assert {found[claim].verdict for claim in found if claim.startswith("enums:")} == {"held"}
