"""Access: attributes of roles, which are the whole server's, ownership, and what is no drift."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from checks.claims.verify import Report
from tests.support.sabotage_harness import Bench, commit_sql, look_at, not_held, projects, verdicts

PROJECTS = {project.name: project for project in projects()}
ACCESS = PROJECTS["access"]


@contextmanager
def altered(bench: Bench, there: str, back: str) -> Iterator[Report]:
    """A report while a role of the server is otherwise."""
    with bench.database(ACCESS) as dsn:
        commit_sql(dsn, there)
        try:
            yield look_at(bench, ACCESS, dsn)
        finally:
            commit_sql(dsn, back)


@pytest.mark.parametrize(("there", "back", "told"), [
    ("ALTER ROLE sab_app BYPASSRLS", "ALTER ROLE sab_app NOBYPASSRLS", "It bypasses row security."),
    ("ALTER ROLE sab_app SUPERUSER", "ALTER ROLE sab_app NOSUPERUSER",
     "It is a superuser: nothing is refused to it, and row security does not bind it."),
])
def test_an_attribute_that_nothing_says_breaks_its_claim(there: str, back: str, told: str, bench: Bench) -> None:
    with altered(bench, there, back) as report:
        found = verdicts(report)
    assert {claim: verdict.detail for claim, verdict in found.items() if verdict.verdict == "broken"} == {
        "access:sab_app.attributes": told}
    assert found["access:sab_app.attributes"].next_step == f"{back};"


def test_a_role_that_is_not_there_is_told_once(bench: Bench) -> None:
    with altered(bench, "ALTER ROLE sab_app RENAME TO sab_gone", "ALTER ROLE sab_gone RENAME TO sab_app") as report:
        broken = {claim: verdict for claim, verdict in verdicts(report).items() if verdict.verdict == "broken"}
    assert broken.pop("access:sab_app.attributes").detail == "There is no role sab_app."
    assert {claim.partition(".")[0] for claim in broken} == {"access:sab_app", "ledger:2_grants"}
    causes = {verdict.cause for claim, verdict in broken.items() if claim.startswith("access:")}
    assert causes == {"access:sab_app.attributes"}


def test_what_a_role_can_do_through_another_is_told(bench: Bench) -> None:
    """Effective privileges, and not the text of ACLs."""
    through = "DROP ROLE IF EXISTS sab_powers; CREATE ROLE sab_powers; GRANT DELETE ON orders TO sab_powers; " \
              "GRANT sab_powers TO sab_app"
    with altered(bench, through, "DROP OWNED BY sab_powers; DROP ROLE sab_powers") as report:
        broken = {claim: verdict.detail for claim, verdict in verdicts(report).items() if verdict.verdict == "broken"}
    assert broken == {"access:sab_app.delete": "It can delete from orders."}


HONEST = {
    "another owner, another platform's role": "CREATE ROLE sab_platform; "
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO sab_platform; ALTER TABLE prices OWNER TO sab_platform; "
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO sab_platform",
    "the same by another way": "REVOKE SELECT ON orders FROM sab_reporter; CREATE ROLE sab_platform; "
        "GRANT SELECT ON orders TO sab_platform; GRANT sab_platform TO sab_reporter",
    "granted twice": "GRANT SELECT ON orders TO sab_reporter; GRANT SELECT (id, price) ON orders TO sab_reporter",
    "grant options": "GRANT SELECT ON orders TO sab_reporter WITH GRANT OPTION",
}


@pytest.mark.parametrize("change", HONEST)
def test_an_honest_change_alarms_nobody(change: str, bench: Bench) -> None:
    with bench.database(ACCESS) as dsn:
        commit_sql(dsn, "DROP ROLE IF EXISTS sab_platform", HONEST[change])
        found = {route: not_held(bench, ACCESS, dsn, route) for route in ("direct", "lambda")}
        commit_sql(dsn, "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sab_platform') THEN "
                        "REASSIGN OWNED BY sab_platform TO CURRENT_USER; DROP OWNED BY sab_platform; "
                        "DROP ROLE sab_platform; END IF; END $$")
    assert found == {"direct": [], "lambda": []}


def test_what_may_own_and_bypass_is_said_in_the_contract(bench: Bench) -> None:
    _, expectation = bench.project(ACCESS)
    spec, = expectation.contract.access
    allowed = replace(expectation, contract=replace(
        expectation.contract, access=(replace(spec, owner=True, bypassrls=True),)))
    bench.expects(ACCESS, allowed)
    try:
        with altered(bench, "ALTER ROLE sab_app BYPASSRLS; ALTER TABLE prices OWNER TO sab_app",
                     "ALTER ROLE sab_app NOBYPASSRLS; ALTER TABLE prices OWNER TO CURRENT_USER") as report:
            found = verdicts(report)["access:sab_app.attributes"]
    finally:
        bench.expects(ACCESS, expectation)
    assert (found.verdict, found.detail) == ("held", "")


def test_without_a_section_and_without_grants_nothing_is_claimed(bench: Bench) -> None:
    with bench.database(PROJECTS["reference"]) as dsn:
        report = look_at(bench, PROJECTS["reference"], dsn)
    assert [case.name for case in report.cases if case.area == "access"] == []
    assert [left.why for left in report.left_out if left.area == "access"] == [
        "no [access] in contract.toml, and the migrations grant nothing"]
