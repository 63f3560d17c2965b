"""Every command of README.md and docs/adopt.md, run in a fresh folder with the installed wheel, or in this checkout.

What a reader replaces is replaced here: the database, the claim, the reason. A command that is written there and not listed
here fails, and so does one that is listed and no longer written.
"""

from __future__ import annotations

import re
import shlex
import shutil
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.installed import Installed
from tests.support.running import run

DOCUMENTS = ("README.md", "docs/adopt.md")
WRITTEN = (re.compile(r"`([^`\n]+)`"), re.compile(r"^(?:\$ |    |(?=python3 ))([^\n]+)$", re.MULTILINE))
PROGRAM = re.compile(r"(?:postdeploy-checks|pytest --pyargs checks|pytest checks/|python -m checks)(?: (?P<asked>.+))?")
OTHERS = re.compile(r"(?:pytest|python3?|pip|tox) \S")
TOX = re.compile(r"python3 -m venv \.venv && \.venv/bin/pip install -q tox && \.venv/bin/tox run -e (\w+)")
SPOKEN_OF = {"postdeploy-checks", "python -m checks", "python -m pytest --pyargs checks"}
"""Programs without a command, or warned of."""
ELSEWHERE = {"pip install .", "pip install '.[local]'", "pytest checks/ own_claims/"} | {
    f"{program} {asked}" for program in ("python -m checks", "postdeploy-checks")
    for asked in ("replay evidence.json", "report evidence/*.json -o drift.html", "report …")}
"""Run by the `installed` fixture, by tox itself, by tests/adopt/test_own_claims.py, and by the tests of reports."""
ENDINGS = {
    None: (0, "looked for"), "verify": (0, "looked for"), "--target prod": (0, "target prod"),
    "verify --target prod": (0, "target prod"), "--target staging": (0, "target staging"),
    "--target postgresql://…": (0, "looked for"), "verify --target postgresql://…": (0, "looked for"),
    "init": (0, "written: contract.toml"), "init --target postgresql://…": (0, "written: contract.toml"),
    "lock": (0, "contract.lock.json"), "apply --target prod": (0, "proven"),
    "accept CLAIM --reason …": (0, "accepted in contract.toml: drift:spare"),
    "accept CLAIM --reason … --until …": (0, "accepted in contract.toml: drift:spare"),
    "audit -- ./deploy.sh": (6, "In the healthy world, where all goes well, it fails. It exited 3."),
}
"""What is asked of the program -> how it ends: exit code, and a part of what is told."""


def documented() -> set[str]:
    """The commands as they are written, without what is said of them."""
    found = (re.split(r"\s{2,}", words)[0]
             for name in DOCUMENTS for form in WRITTEN for words in form.findall((ROOT / name).read_text()))
    return {command for command in found if PROGRAM.fullmatch(command) or OTHERS.match(command)} - SPOKEN_OF


RUN = sorted(command for command in documented() - ELSEWHERE if not TOX.fullmatch(command)
             and command.replace("python -m checks", "postdeploy-checks") not in documented() - {command})
"""Where both are written, the script stands for the module: they are one, see test_installed.py."""


def test_every_command_that_is_written_is_run() -> None:
    asked = {match["asked"] for command in RUN if (match := PROGRAM.fullmatch(command))}
    assert (asked, len(RUN)) == (set(ENDINGS), sum(PROGRAM.fullmatch(command) is not None for command in RUN))


def test_the_two_commands_are_environments_of_tox() -> None:
    tox = ConfigParser()
    tox.read(ROOT / "tox.ini")
    told = [match[1] for match in TOX.finditer((ROOT / "README.md").read_text())]
    assert told == ["checks", "tests"]
    assert {f"testenv:{name}" for name in told} <= set(tox.sections())


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder with the README's contract (without its Lambdas), the reference migrations and a script that fails."""
    contract, = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    contract = re.sub(r"(\[target\.prod\]).*?\n\n", r'\1\ndsn = "env:STAGING_DSN"\n\n', contract, flags=re.DOTALL)
    (tmp_path / "contract.toml").write_text('default_target = "staging"\n' + contract)
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "deploy.sh").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", RUN)
def test_a_documented_command_does_what_is_said(command: str, fresh: Path, migrated: str, installed: Installed) -> None:
    asked = PROGRAM.fullmatch(command)
    assert asked is not None
    code, told = ENDINGS[asked["asked"]]
    if "init" in command:
        (fresh / "contract.toml").unlink()
    for written, meant in {"postgresql://…": migrated, "CLAIM": "drift:spare", "--reason …": "--reason 'so it is'",
                           "--until …": "--until 2999-01-01"}.items():
        command = command.replace(written, meant)
    program, *words = shlex.split(command)
    variables = {"STAGING_DSN": migrated, "XDG_CACHE_HOME": str(fresh / "cache")}
    if "checks/" in words:
        ran = run("-m", "pytest", *words, "--contract", str(fresh / "contract.toml"), environment=variables)
    elif program == "pytest":
        ran = installed.pytest(*words, cwd=fresh, **variables)
    else:
        ran = installed.run(program, *words, cwd=fresh, **variables)
    assert (ran.code, told in ran.out) == (code, True), ran.out
