"""`pytest checks/` as a user runs it: what it prints, its exit code, its evidence."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from checks.target.servers import ScratchServer
from tests.support import OTHER_MAJORS, ROOT
from tests.support.running import run, verify

SHOP = ROOT / "tests" / "projects" / "shop"
PROBES = 3
"""Questions that must fail, asked of our own query function only."""


def sql(dsn: str, *statements: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize("target", ["embedded", "embedded-lambda"])
def test_the_default_targets_hold_every_claim(target: str, tmp_path: Path) -> None:
    ran = verify(target, evidence=tmp_path / "e.json")
    assert ran.code == 0, ran.out
    assert set(ran.claims.values()) == {"held"}
    assert ran.evidence["verdict"] == "held"
    probes = PROBES if target == "embedded-lambda" else 0
    assert ran.evidence["statements"] - probes <= 5
    assert ran.evidence["invocations"] - ran.evidence["scans"] - probes <= 5
    assert ran.evidence["target"]["route"] == ("lambda" if "lambda" in target else "direct")
    assert re.search(rf"target {target}: PostgreSQL \d+.*, database postdeploy, role \w+, primary, route \w+, "
                     r"writes scratch, contract contract.toml", ran.out)


def test_both_routes_make_the_same_claims_of_the_same_database(tmp_path: Path) -> None:
    direct = verify("embedded", evidence=tmp_path / "d.json").claims
    through = verify("embedded-lambda", evidence=tmp_path / "l.json").claims
    only_lambda = {claim for claim in through if claim.startswith("false-success:")}
    assert through.keys() - only_lambda == direct.keys() - {c for c in direct if c.startswith("false-success:")} - {
        c for c in direct if ".replay" in c}


def test_a_url_is_applied_to_then_holds_and_a_second_apply_changes_nothing(
        fresh_database: Callable[[], str], tmp_path: Path) -> None:
    dsn = fresh_database()
    first = run("-m", "checks", "apply", "--target", dsn)
    assert first.code == 0, first.out
    ran = verify(dsn, evidence=tmp_path / "e.json")
    assert (ran.code, ran.evidence["statements"]) == (0, 4), ran.out
    again = run("-m", "checks", "apply", "--target", dsn)
    assert again.code == 0
    assert "nothing is pending" in again.out


@pytest.mark.parametrize("url", OTHER_MAJORS)
def test_every_major_holds_the_same_claims(url: str, tmp_path: Path) -> None:
    base, _, _ = url.rpartition("/")
    sql(url, "DROP DATABASE IF EXISTS postdeploy_run WITH (FORCE)", "CREATE DATABASE postdeploy_run")
    dsn = f"{base}/postdeploy_run"
    assert run("-m", "checks", "apply", "--target", dsn).code == 0
    ran = verify(dsn, evidence=tmp_path / "e.json")
    assert ran.code == 0, ran.out
    reference = verify("embedded", evidence=tmp_path / "r.json")

    def derived(claims: dict[str, str]) -> dict[str, str]:
        return {claim: word for claim, word in claims.items()
                if claim.partition(":")[0] in ("ledger", "constraints", "enums", "drift")}

    assert derived(ran.claims) == derived(reference.claims)


def test_a_lost_constraint_is_told_with_table_name_witness_and_next_step(migrated: str, tmp_path: Path) -> None:
    sql(migrated, "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    ran = verify(migrated, "--junitxml", str(tmp_path / "j.xml"), evidence=tmp_path / "e.json")
    assert ran.code == 1
    assert ran.claims["enums:active_positions.side"] == "broken"
    assert ran.claims["constraints:active_positions.chk_active_positions_side"] == "broken"
    assert ran.claims["ledger:2026_02_02_0003_add_constraints_no_do"] == "broken"
    assert ran.claims["enums:position_history.side"] == "held"
    story = ran.out[ran.out.index("BROKEN enums:active_positions.side"):]
    assert "'banana' is accepted" in story
    assert re.search(r"^  next     \S", story, re.MULTILINE)
    failures = ElementTree.parse(tmp_path / "j.xml").getroot().findall(".//failure")
    assert any("chk_active_positions_side" in (failure.text or "") for failure in failures)


def test_what_could_not_be_looked_at_is_an_error_and_exit_6(tmp_path: Path) -> None:
    ran = verify("postgresql://me:hush-hush@127.0.0.1:1/x", "--junitxml", str(tmp_path / "j.xml"),
                 evidence=tmp_path / "e.json")
    assert ran.code == 6
    assert set(ran.claims.values()) == {"unverified"}
    assert ran.out.count("Connection refused") == 1
    assert "Look whether the server is up" in ran.out
    suite = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert suite.findall(".//error")
    assert not suite.findall(".//failure")
    assert not suite.findall(".//skipped")
    for text in (ran.out, (tmp_path / "j.xml").read_text(), (tmp_path / "e.json").read_text()):
        assert "hush-hush" not in text


def test_one_snapshot_serves_all_xdist_workers(migrated: str, tmp_path: Path) -> None:
    ran = verify(migrated, "-n", "2", evidence=tmp_path / "e.json")
    assert ran.code == 0, ran.out
    assert ran.evidence["statements"] == 4
    assert set(ran.claims.values()) == {"held"}


def test_several_targets_in_one_run_have_one_evidence_file(migrated: str, tmp_path: Path) -> None:
    ran = verify(migrated, "--target", "postgresql://me@127.0.0.1:1/x", evidence=tmp_path / "e.json")
    assert ran.code == 6
    assert [each["verdict"] for each in ran.evidence["targets"]] == ["held", "unverified"]
    assert [file.name for file in tmp_path.iterdir()] == ["e.json"]


def test_through_says_which_migrations_are_not_expected_yet(fresh_database: Callable[[], str],
                                                            tmp_path: Path) -> None:
    dsn, head = fresh_database(), "2026_02_02_0001_position_telemetry"
    assert run("-m", "checks", "apply", "--target", dsn, "--through", head).code == 0
    assert verify(dsn).code == 1
    ran = verify(dsn, "--through", head, evidence=tmp_path / "e.json")
    assert ran.code == 0, ran.out
    assert any("pending" in left["why"] for left in ran.evidence["left_out"])


def test_a_target_ahead_of_its_head_is_not_broken(migrated: str) -> None:
    assert verify(migrated, "--through", "2026_02_02_0001_position_telemetry").code == 0


def test_only_the_claims_that_were_selected_are_in_the_evidence(migrated: str, tmp_path: Path) -> None:
    sql(migrated, "DROP TABLE position_history")
    ran = verify(migrated, "-k", "active_positions.side", evidence=tmp_path / "e.json")
    assert (ran.code, list(ran.claims)) == (0, ["enums:active_positions.side"])


def test_collect_only_contacts_nobody() -> None:
    ran = verify("postgresql://me@127.0.0.1:1/x", "--collect-only", "-q")
    assert ran.code == 0
    assert "[active_positions.side]" in ran.out


@pytest.mark.parametrize("route", ["here", "url"])
def test_a_strangers_schema_needs_one_file_and_no_python(route: str, fresh_database: Callable[[], str],
                                                         web_role: None, tmp_path: Path) -> None:
    contract = ("--contract", str(SHOP / "contract.toml"))
    target = "here"
    if route == "url":
        target = fresh_database()
        applied = run("-m", "checks", "apply", "--target", target, *contract)
        assert applied.code == 0, applied.out
    ran = verify(target, *contract, evidence=tmp_path / "e.json")
    assert ran.code == 0, ran.out
    assert {"ledger:010", 'enums:shop."Order Line".select', 'enums:"Odd Schema"."from.where"."Größe"',
            'constraints:shop."Order Line"."Chk Order ""select"""', "drift:shop.open_lines"} <= ran.claims.keys()


SABOTAGE = {
    'ALTER TABLE shop."Order Line" DROP CONSTRAINT "Chk Order ""select"""': 'enums:shop."Order Line".select',
    'ALTER TABLE shop."Order Line" ALTER "select" DROP NOT NULL': 'enums:shop."Order Line".select',
    "ALTER TYPE shop.mood ADD VALUE 'banana'": "enums:shop.customer.mood",
    "ALTER DOMAIN shop.tier DROP CONSTRAINT tier_check": "enums:shop.customer.tier",
    "INSERT INTO shop.country VALUES ('XX')": "enums:shop.customer.country",
    "ALTER TABLE shop.payment DROP CONSTRAINT payment_event_provider_key": "dedupe:payments.shop.payment",
    "DELETE FROM shop.changes WHERE migration_name = '002'": "ledger:002",
    "DROP VIEW shop.open_lines": "drift:shop.open_lines",
    'DROP INDEX shop."Idx Order"': 'drift:shop."Order Line"',
}


@pytest.mark.parametrize("statement, claim", SABOTAGE.items(), ids=SABOTAGE.values())
def test_sabotage_of_a_strangers_schema_breaks_its_claim(statement: str, claim: str, shop: str, tmp_path: Path) -> None:
    sql(shop, statement)
    ran = verify(shop, "--contract", str(SHOP / "contract.toml"), evidence=tmp_path / "e.json")
    assert ran.code == 1
    assert ran.claims[claim] == "broken"
    assert "XX" not in ran.out  # a stored row's value


@pytest.fixture(scope="module")
def web_role(scratch_server: ScratchServer) -> None:
    """A role that a migration grants to; replay makes it by itself, a given server must have it."""
    if not scratch_server.has_role("shop_web"):
        scratch_server.execute("CREATE ROLE shop_web")


@pytest.fixture(scope="module")
def shop_template(scratch_server: ScratchServer, web_role: None) -> str:
    name = f"shop_{os.getpid()}"
    dsn = scratch_server.create_database(name)
    applied = run("-m", "checks", "apply", "--target", dsn, "--contract", str(SHOP / "contract.toml"))
    assert applied.code == 0, applied.out
    return name


@pytest.fixture
def shop(scratch_server: ScratchServer, shop_template: str, request: pytest.FixtureRequest) -> str:
    name = f"{shop_template}_{abs(hash(request.node.name)) % 10**8}"
    scratch_server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{shop_template}"')
    return scratch_server.dsn(name)
