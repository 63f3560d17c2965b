"""Table of contents of the fixtures of what a user meets."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from tests.support import ROOT
from tests.support.running import Ran


@pytest.fixture
def partly_broken(migrated: str) -> str:
    """The DSN of a migrated database that lost one constraint: claims of three areas are broken, all others held."""
    connection = psycopg2.connect(migrated)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    return migrated


@dataclass(frozen=True)
class Installed:
    """A virtual environment in which the wheel is installed, as a user has it; no checkout is on its path."""

    bin: Path

    def run(self, *command: str, cwd: Path, **environment: str) -> Ran:
        """Runs a program of the environment's bin folder there."""
        keep = {name: value for name, value in os.environ.items()
                if not name.startswith(("PG", "AWS_", "PYTEST", "PYTHONPATH"))}
        done = subprocess.run([self.bin / command[0], *command[1:]], cwd=cwd, capture_output=True, text=True,
                              env={**keep, **environment}, timeout=240, check=False)
        out = done.stdout + done.stderr
        assert "Traceback (most recent call last)" not in out, out
        assert "INTERNALERROR" not in out, out
        return Ran(done.returncode, out)

    def pytest(self, *options: str, cwd: Path, **environment: str) -> Ran:
        """The program `pytest`: unlike `python -m pytest` it does not put the current folder on the path."""
        return self.run("python", "-P", "-m", "pytest", *options, cwd=cwd, **environment)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, built and installed; what it depends on is borrowed from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    built = subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT],
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    venv = Installed(folder / "venv" / "bin")
    wheel, = folder.glob("*.whl")
    subprocess.run([*pip, "--python", venv.bin / "python", "install", "--no-deps", "--no-index", wheel], check=True)
    site, = (folder / "venv" / "lib").glob("*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    return venv
