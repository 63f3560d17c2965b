"""Where a script gets no walls, this is said before anything runs; the environment alone is taken only when asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from checks.audits.report import audit_cases
from checks.contract.reader import read_contract
from checks.target.servers import ScratchServer
from checks.target.target import resolve_target
from checks.values import UsageError, Verdict
from tests.support import ROOT
from tests.support.walls import WITHOUT_NAMESPACES, needs_walls

WHY = ("No walls can be built round a script here, so it could reach your accounts and servers: {}; to replace its "
       "environment only, add --isolation environment, or isolation = \"environment\" in [audit.NAME].")
NO_SPACE = "the system refuses to unshare (No space left on device)"
HEAD = f"""
migrations = "{ROOT / 'migrations'}"
[ledger]
table = "schema_migrations"
[target.embedded]
server = "embedded"
[audit.touching]
command = ["touch", "it-ran"]
"""


def run(folder: Path, *command: str, contract: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `python -m COMMAND` in `folder`, beside a contract, where there are no namespaces."""
    (folder / "contract.toml").write_text(HEAD + contract)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AWS_"))}
    return subprocess.run([*WITHOUT_NAMESPACES, sys.executable, "-W", "ignore", "-m", *command], cwd=folder, text=True,
                          env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False, timeout=120)


def audit(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "checks", "audit", "--only", "world.did-nothing", *options, "--", "touch", "it-ran", **more)


def claim(folder: Path, server: ScratchServer, contract: str) -> Verdict:
    """The audit's claim, on the server that there is."""
    file = folder / "contract.toml"
    file.write_text(HEAD + contract)
    read = read_contract(file)
    target = resolve_target("embedded", read)
    ((verdict,),) = [case.verdicts for case in audit_cases(read, target, scratch=lambda: nullcontext(server))]
    return verdict


@needs_walls
def test_it_is_said_in_one_sentence_before_anything_runs(tmp_path: Path) -> None:
    done = audit(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (6, "", f"UNVERIFIED: {WHY.format(NO_SPACE)}\n")
    assert not (tmp_path / "it-ran").exists()


@needs_walls
def test_who_asks_for_the_environment_only_gets_it(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    done = audit(tmp_path, "--isolation", "environment", "--evidence", str(file))
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "it-ran").exists()
    assert json.loads(file.read_text())["isolation"] == "environment"


@needs_walls
def test_the_command_is_isolated_as_the_contract_says_of_it_unless_told_otherwise(tmp_path: Path) -> None:
    assert audit(tmp_path, contract='isolation = "environment"').returncode == 1
    assert audit(tmp_path, "--isolation", "namespaces", contract='isolation = "environment"').returncode == 6


@needs_walls
def test_the_option_of_pytest_is_for_every_audit(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    run(tmp_path, "pytest", str(ROOT / "checks" / "test_false_success.py"), "--rootdir", str(ROOT), "-c",
        str(ROOT / "pyproject.toml"), "--contract", str(tmp_path / "contract.toml"), "--isolation", "environment",
        "--evidence", str(file))
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(file.read_text())["claims"]}
    assert verdicts["false-success:audit.touching"] == "broken"
    assert (tmp_path / "it-ran").exists()


def test_the_claim_is_unverified_unless_the_contract_says_so(tmp_path: Path, scratch_server: ScratchServer,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.audits.audit.missing", lambda: "there are none")
    found = claim(tmp_path, scratch_server, "")
    assert (found.verdict, found.detail) == ("unverified", WHY.format("there are none"))
    assert not (tmp_path / "it-ran").exists()
    assert claim(tmp_path, scratch_server, 'isolation = "environment"').verdict == "broken"
    assert (tmp_path / "it-ran").exists()


@needs_walls
def test_with_walls_nothing_has_to_be_asked_for(tmp_path: Path, scratch_server: ScratchServer) -> None:
    assert claim(tmp_path, scratch_server, "").verdict == "broken"
    assert (tmp_path / "it-ran").exists()


@pytest.mark.parametrize(("text", "match"), [
    ('isolation = "walls"', "audit.touching.isolation must be one of 'namespaces', 'environment', not 'walls'"),
    ("isolation = 1", "audit.touching.isolation must be a string"),
    ("parameters = { x = 1 }", "audit.touching.parameters.x must be a string, not 1"),
    ('secrets = ["x"]', "audit.touching.secrets must be a table"),
])
def test_what_is_wrong_in_the_contract_is_a_sentence(text: str, match: str, tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    file.write_text(HEAD + text)
    with pytest.raises(UsageError, match=match):
        read_contract(file)
