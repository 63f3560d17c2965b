"""Killed with -9 at any point, an audit leaves nothing after 5 s: no process, mount, socket, server or folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from checks.audits.script import Runner
from checks.lambdas.local.sandboxes import Sandboxes
from checks.target.servers import embedded
from tests.support import ROOT
from tests.support.processes import left_of, marked, seen
from tests.support.walls import needs_walls

LEFT_S = 5.0
PHASES = {
    "the server's watcher": "servers/watch.py",
    "initdb": "/initdb ",
    "the server's start": "/pg_ctl ",
    "the server": "/postgres -D ",
    "the functions' reaper": "local/reap.py",
    "a function": "awslambdaric",
    "the keeper of the walls": "isolation/keeper.py",
    "the script": "sleep 10",
}
"""When it is killed: as soon as a process of this command line is there."""


class Audit:
    """`python -m checks audit` of a script that never ends, and what is known of it."""

    def __init__(self, folder: Path, isolation: str = "namespaces") -> None:
        self.mark = f"10{secrets.randbelow(10**6):06}.{secrets.randbelow(10**6):06}"
        """In the environment of all it starts, by the folder that is theirs for temporary files."""
        script = folder / "deploy.sh"
        daemon = f"setsid env -i PATH=$PATH sleep {self.mark} &\n" if isolation == "namespaces" else ""
        script.write_text(f"{daemon}sleep {self.mark} & setsid sleep {self.mark} & wait\n")
        self.folder = folder / self.mark
        self.folder.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "checks", "audit", "--isolation", isolation, "--", "bash", str(script)],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "TMPDIR": str(self.folder)})

    def reaches(self, phase: str) -> None:
        """Waits until a process of `phase` is there."""
        seen(lambda: [line for line in marked(self.mark).values() if PHASES[phase] in line])

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Ends it, and nothing else."""
        self.servers = [Path(line.split()[-1]) for line in marked(self.mark).values() if "servers/watch.py" in line]
        os.kill(self.process.pid, number)
        self.process.wait(60)


@pytest.fixture
def audit(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Audit]:
    one = Audit(tmp_path, getattr(request, "param", "namespaces"))
    yield one
    for process in marked(one.mark):
        os.kill(process, signal.SIGKILL)
    one.process.wait(10)


def no_process(*arguments: object, **more: object) -> None:
    raise BlockingIOError("no more processes")


@pytest.mark.parametrize("owner", [Runner, lambda: Sandboxes("http://127.0.0.1:1"), lambda: embedded().__enter__()],
                         ids=["script", "functions", "server"])
def test_no_folder_is_there_before_what_removes_it(owner: Callable[[], object], tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two, it would be left for good."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))  # so that /dev/shm has no room for it
    monkeypatch.setattr(subprocess, "Popen", no_process)
    with pytest.raises(BlockingIOError):
        owner()
    assert list(tmp_path.iterdir()) == []


def assert_nothing_is_left(audit: Audit) -> None:
    assert left_of(audit.mark, LEFT_S) == {}
    folders = [audit.folder, *audit.servers]
    assert seen(lambda: not [*audit.folder.glob("postdeploy-*"), *filter(Path.exists, audit.servers)], LEFT_S)
    sockets_and_mounts = Path("/proc/net/unix").read_text() + Path("/proc/self/mountinfo").read_text()
    assert [folder for folder in folders if str(folder) in sockets_and_mounts] == []


@needs_walls
@pytest.mark.parametrize("phase", PHASES)
def test_nothing_is_left_when_the_audit_is_killed(phase: str, audit: Audit) -> None:
    audit.reaches(phase)
    audit.kill()
    assert_nothing_is_left(audit)


@needs_walls
def test_nothing_is_left_when_the_audit_is_interrupted(audit: Audit) -> None:
    audit.reaches("the script")
    audit.kill(signal.SIGINT)
    assert_nothing_is_left(audit)


@pytest.mark.parametrize("audit", ["environment"], indirect=True)
def test_nothing_is_left_of_a_script_without_walls(audit: Audit) -> None:
    audit.reaches("the script")
    audit.kill()
    assert_nothing_is_left(audit)


@needs_walls
def test_nothing_is_left_when_the_keeper_of_the_walls_is_killed_first(audit: Audit) -> None:
    audit.reaches("the script")
    keepers = [process for process, line in marked(audit.mark).items() if PHASES["the keeper of the walls"] in line]
    assert keepers
    for process in keepers:
        os.kill(process, signal.SIGKILL)
    audit.kill()
    assert_nothing_is_left(audit)
