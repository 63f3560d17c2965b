"""The wheel of this checkout, installed as a user has it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.running import Ran, run_program


@dataclass(frozen=True)
class Installed:
    """A virtual environment in which the wheel is installed, as a user has it; no checkout is on its path."""

    bin: Path

    def run(self, *command: str, cwd: Path, **environment: str) -> Ran:
        """Runs a program of the environment's bin folder there."""
        return run_program([self.bin / command[0], *command[1:]], cwd, environment)

    def pytest(self, *options: str, cwd: Path, **environment: str) -> Ran:
        """The program `pytest`: unlike `python -m pytest` it does not put the current folder on the path."""
        return self.run("python", "-P", "-m", "pytest", *options, cwd=cwd, **environment)


def install(folder: Path) -> Installed:
    """The wheel of this checkout, built and installed; what it depends on is borrowed from this environment."""
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


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, built and installed; what it depends on is borrowed from this environment."""
    return install(tmp_path_factory.mktemp("installed"))
