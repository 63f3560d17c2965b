"""A broken claim that somebody accepted: shown as such, counted apart, held for the exit code, broken in the evidence."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import psycopg2
import pytest

from checks.contract.reader import read_contract
from checks.values import UsageError
from tests.support import ROOT
from tests.support.running import Ran, run, verify

STRANGE = '[[accept]]\nclaim = "drift:strange*"\nreason = "of the loader"\n'


@pytest.fixture
def strange(migrated: str) -> str:
    """The DSN of a database with a table that nobody expects."""
    connection = psycopg2.connect(migrated)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE strange_table (a int)")
    connection.close()
    return migrated


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the reference project."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    shutil.copytree(ROOT / "fixtures" / "events", tmp_path / "fixtures" / "events")
    shutil.copy(ROOT / "contract.toml", tmp_path)
    return tmp_path


def looked(project: Path, dsn: str, more: str = "") -> Ran:
    contract = project / "contract.toml"
    contract.write_text(contract.read_text() + more)
    return verify(dsn, "--contract", str(contract), f"--junitxml={project / 'junit.xml'}",
                  evidence=project / "evidence.json")


def test_an_accepted_claim_counts_as_held_and_stays_broken_in_the_evidence(project: Path, strange: str) -> None:
    assert looked(project, strange).code == 1
    ran = looked(project, strange, STRANGE + "until = 2999-01-01\n")
    assert ran.code == 0, ran.out
    assert ran.evidence["verdict"] == "held"
    claim, = (claim for claim in ran.evidence["claims"] if claim["id"] == "drift:strange_table")
    assert (claim["verdict"], claim["accepted"]) == ("broken", {"reason": "of the loader", "until": "2999-01-01"})
    assert "ACCEPTED drift:strange_table: of the loader (until 2999-01-01)" in ran.out
    head, drift = (line.split() for line in ran.out.splitlines() if line.startswith(("  area ", "  drift ")))
    assert dict(zip(head, drift, strict=True))["accepted"] == "1"
    told = [item.get("value") for item in ElementTree.parse(project / "junit.xml").iter("property")
            if item.get("name") == "accepted"]
    assert told == ["drift:strange_table: of the loader (until 2999-01-01)"]


@pytest.mark.parametrize("entry, code, words", [
    (STRANGE + "until = 2020-01-01\n", 1, "drift:strange* ran out on 2020-01-01"),
    (STRANGE.replace("strange*", "gone*"), 1, "drift:gone* is about no claim of this target"),
    (STRANGE.replace("drift:strange*", "ledger:*.order") + STRANGE, 0,
     "ledger:*.order accepts nothing: no such claim is broken"),
])
def test_an_entry_that_ran_out_or_accepts_nothing_is_told(
        entry: str, code: int, words: str, project: Path, strange: str) -> None:
    ran = looked(project, strange, entry)
    assert (ran.code, words in ran.out) == (code, True), ran.out
    assert any(words in note for note in ran.evidence["notes"])


def test_the_command_writes_entries_and_keeps_the_comments(project: Path) -> None:
    before = (project / "contract.toml").read_text()
    ran = run("-m", "checks", "accept", "drift:strange_table", "ledger:*.order", "--reason", "it is so",
              "--until", "2999-01-31", cwd=project)
    assert ran.code == 0, ran.out
    after = (project / "contract.toml").read_text()
    assert after.startswith(before.rstrip("\n"))
    found = read_contract(project / "contract.toml").accepts
    assert [(each.claim, each.reason, str(each.until)) for each in found] == [
        ("drift:strange_table", "it is so", "2999-01-31"), ("ledger:*.order", "it is so", "2999-01-31")]
    assert run("-m", "checks", "accept", "ledger:*.order", "--reason", "for good", cwd=project).code == 0
    again = read_contract(project / "contract.toml").accepts
    assert [(each.claim, each.reason, each.until) for each in again[1:]] == [("ledger:*.order", "for good", None)]


@pytest.mark.parametrize("arguments, words", [
    (("nothing:x", "--reason", "r"), "'nothing:x' is no claim's id"), (("drift", "--reason", "r"), "is no claim's id"),
    (("ledger:a.b", "--reason", " "), "--reason must say why"),
    (("drift:x", "--reason", "r", "--until", "soon"), "must be a date"),
    (("drift:x", "--reason", "r", "--until", "2020-01-01"), "is past"), (("drift:x",), "--reason")])
def test_what_cannot_be_accepted_is_one_sentence(arguments: tuple[str, ...], words: str, project: Path) -> None:
    ran = run("-m", "checks", "accept", *arguments, cwd=project)
    assert (ran.code, words in ran.sentence()) == (4, True), ran.out


@pytest.mark.parametrize("text, words", [
    ('[[accept]]\nclaim = "x"\nreason = "r"\n', "must be a claim's id"),
    ('[[accept]]\nclaim = "drift:x"\n', "reason is missing"),
    ('[[accept]]\nclaim = "drift:x"\nreason = " "\n', "must say why"),
    ('[[accept]]\nclaim = "drift:x"\nreason = "r"\nuntil = "soon"\n', "until must be")])
def test_an_entry_that_cannot_be_meant_is_refused(text: str, words: str, project: Path) -> None:
    contract = project / "contract.toml"
    contract.write_text(contract.read_text() + text)
    with pytest.raises(UsageError, match=words):
        read_contract(contract)


def test_a_contract_that_makes_no_claims_is_an_error(tmp_path: Path, migrated: str) -> None:
    (tmp_path / "contract.toml").write_text('schemas = ["public"]\n')
    ran = verify(migrated, "--contract", str(tmp_path / "contract.toml"))
    assert (ran.code, "makes no claims about" in ran.sentence()) == (4, True), ran.out
