"""Runs the suite as a user does: in a process of its own, and reads what a user sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import ROOT


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    evidence: Any = None

    @property
    def claims(self) -> dict[str, str]:
        """Claim id -> verdict, of the evidence file."""
        return {claim["id"]: claim["verdict"] for claim in self.evidence["claims"]}

    def sentence(self) -> str:
        """The one line that a refused command prints."""
        lines = [line for line in self.out.splitlines() if line.startswith(("ERROR: ", "UNVERIFIED: ", "Exit: "))]
        assert len(lines) == 1, self.out
        return lines[0]


def run(*command: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> Ran:
    """Runs `python -W ignore COMMAND`, which finds this checkout; see `run_program`."""
    return run_program([sys.executable, "-W", "ignore", *command], cwd, {"PYTHONPATH": str(ROOT), **(environment or {})})


def run_program(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]) -> Ran:
    """Runs a program in a clean environment and what is given of it; a traceback fails the test."""
    keep = {name: value for name, value in os.environ.items()
            if not name.startswith(("PG", "AWS_", "PYTEST", "PYTHONPATH", "GITHUB_"))}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**keep, **environment}, timeout=240,
                          check=False)
    out = done.stdout + done.stderr
    assert "Traceback (most recent call last)" not in out, out
    assert "INTERNALERROR" not in out, out
    return Ran(done.returncode, out)


def verify(target: str, *options: str, evidence: Path | None = None, **more: Any) -> Ran:
    """`pytest checks/ --target TARGET`."""
    written = ("--evidence", str(evidence)) if evidence else ()
    ran = run("-m", "pytest", str(ROOT / "checks"), "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"),
              "--target", target, *written, *options, **more)
    if evidence is None or not evidence.exists() or not evidence.read_text():
        return ran
    return Ran(ran.code, ran.out, json.loads(evidence.read_text()))
