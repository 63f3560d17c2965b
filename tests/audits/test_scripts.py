"""Every script of fixtures/scripts/ is fooled by exactly the faults that expected.toml lists beside it.

By default one script is audited in full and the others over a few faults that tell them apart, which takes a minute;
POSTDEPLOY_AUDIT_ALL=1 audits all of them in full.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import sys
import time
import tomllib
from contextlib import nullcontext
from pathlib import Path

import pytest

from checks.audits.audit import Audit, audit
from checks.audits.report import no_lie_fools
from checks.audits.trials import AuditRequest
from checks.contract.reader import read_contract
from checks.target.servers import ScratchServer
from tests.support import ROOT, saboteur_index
from tests.support.walls import ISOLATION

SCRIPTS = ROOT / "fixtures" / "scripts"
EXPECTED = tomllib.loads((SCRIPTS / "expected.toml").read_text(encoding="utf-8"))
EVERYTHING = os.environ.get("POSTDEPLOY_AUDIT_ALL") == "1"
TELLING = ("world.did-nothing", "world.did-half", "world.lookalike-rows", "world.left-out.4", "F1.unhandled-exception",
           "F5.success-string-false", "F12.connection-reset", "F11.query-failed-with-stale-rows")
"""A few faults that tell the scripts apart."""
IN_FULL = "honest.py"
VERSION = "2026_02_02_0003_add_constraints_no_do"
"""What the scripts apply, where expected.toml names no other."""
SECONDS_MOST = 60.0
"""What a full audit of one Python script may take on 2 idle processors."""


def audited(command: tuple[str, ...], server: ScratchServer, *, full: bool, success_text: tuple[str, ...] = (),
            version: str | None = None, telling: tuple[str, ...] = TELLING) -> Audit:
    request = AuditRequest(command, version=version, success_text=success_text, only=() if full else telling,
                           parallel=None if full else 2, isolation=ISOLATION)
    return audit(read_contract(ROOT / "contract.toml"), request, scratch=lambda: nullcontext(server))


def command_of(name: str) -> tuple[str, ...]:
    return (sys.executable if name.endswith(".py") else "bash", str(SCRIPTS / name), *EXPECTED[name].get("arguments", ()))


@pytest.fixture(autouse=True)
def aws_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell scripts call `aws`, which is installed beside this Python."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.chdir(ROOT)
    assert shutil.which("aws"), "no `aws`: pip install 'postdeploy-checks[dev]'"


def expected(name: str, tried: set[str]) -> set[str]:
    """The faults among `tried` that fool the script, as expected.toml says."""
    entry = EXPECTED[name]
    return {fault for fault in tried
            if any(fnmatch.fnmatchcase(fault, pattern) for pattern in entry["fooled"])
            and not any(fnmatch.fnmatchcase(fault, pattern) for pattern in entry.get("but_not", []))}


def test_every_script_has_its_faults_written_beside_it() -> None:
    assert {path.name for path in SCRIPTS.iterdir() if path.suffix in (".py", ".sh")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_is_fooled_by_exactly_what_is_expected(name: str, scratch_server: ScratchServer) -> None:
    found = audited(command_of(name), scratch_server, full=EVERYTHING or name == IN_FULL,
                    success_text=tuple(EXPECTED[name].get("success_text", ())),
                    version=EXPECTED[name].get("version", VERSION), telling=tuple(EXPECTED[name].get("telling", TELLING)))
    assert found.control.word == "caught", found.control
    assert found.of["unverified"] == ()
    tried = {trial.fault.name for word in ("fooled", "caught") for trial in found.of[word]}
    assert {trial.fault.name for trial in found.of["fooled"]} == expected(name, tried)
    verdict = no_lie_fools(name, " ".join(command_of(name)), found)
    if EXPECTED[name]["fooled"]:
        saboteur_index.saw(f"scripts/{name}", [verdict])
    else:
        assert (found.verdict, verdict.verdict) == ("held", "held")
    if name == IN_FULL:
        assert len(tried) >= 80
        assert found.of["not tried"] == ()


@pytest.mark.skipif(not EVERYTHING, reason="measures time: set POSTDEPLOY_AUDIT_ALL=1 and let nothing else run")
def test_a_full_audit_of_one_python_script_takes_under_a_minute(scratch_server: ScratchServer) -> None:
    started = time.monotonic()
    found = audited(command_of(IN_FULL), scratch_server, full=True, version=VERSION)
    assert found.verdict == "held"
    assert time.monotonic() - started < SECONDS_MOST


def test_our_own_apply_is_fooled_by_nothing(scratch_server: ScratchServer) -> None:
    command = (sys.executable, "-m", "checks", "apply", "--target", "prod")
    found = audited(command, scratch_server, full=EVERYTHING)
    assert found.of["fooled"] == found.of["unverified"] == ()
    assert found.verdict == "held"
    assert len(found.of["caught"]) == (len(found.trials) if EVERYTHING else len(TELLING))
