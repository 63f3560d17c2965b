"""Behind the walls the machine is as it was, without what leads elsewhere; and nobody there can change that."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.isolation import walls
from checks.isolation.hidden import hidden
from checks.isolation.walls import missing
from tests.support import ROOT
from tests.support.processes import marked
from tests.support.walls import AS_NOBODY, WITHOUT_NAMESPACES, needs_nobodys_python, needs_walls, nobodys_python, run_behind

pytestmark = needs_walls
USABLE = {
    "tools and files under a home": "touch $HOME/.local/tool && test -x $HOME/.venv/run && $HOME/.venv/run",
    "what is hidden can be written": "touch $HOME/.aws/mine && ls $HOME/.aws/mine",
    "files in /tmp": "f=$(mktemp) && echo x > $f && rm $f",
    "process substitution": "cat <(echo x)",
    "devices": "head -c 4 /dev/urandom > /dev/null && head -c 4 /dev/zero | wc -c && ls /dev/fd/",
    "shared memory": f"test -w /dev/shm && {sys.executable} -c 'import multiprocessing; multiprocessing.Lock()'",
    "terminals": f"{sys.executable} -c 'import os; os.openpty()'",
    "processes": "test -r /proc/self/status && test $(ps -e | wc -l) -lt 9",
    "users": "getent passwd root",
}
AS_ANOTHER = """
import os, subprocess, sys
from checks.isolation.walls import Walls, missing
port, path, mark = sys.argv[1:]
script = f'''
id -u
grep -q secret {path} && echo REACHED a file
exec 3<> /dev/tcp/127.0.0.1/{port} && echo REACHED the network
setsid sleep {mark} > /dev/null 2>&1 &
kill -0 {os.getpid()} && echo REACHED a process
umount {path}; grep -q secret {path} && echo REACHED a file
'''
process = Walls().start(["bash", "-c", script], env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
print(process.communicate()[0].decode())
process.end()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ours for the time of the test."""
    made = tmp_path / "home"
    for path in (".local", ".aws", ".ssh", ".config/gcloud", ".config/tool", ".venv"):
        (made / path).mkdir(parents=True)
    (made / ".pgpass").touch()
    (made / ".venv/run").write_text("#!/bin/sh\n")
    (made / ".venv/run").chmod(0o755)
    monkeypatch.setenv("HOME", str(made))
    return made


@pytest.fixture
def sockets() -> Iterator[str]:
    """A folder with the sockets `ours` and `other`."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        both = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for one, name in zip(both, ("ours", "other"), strict=True):
            one.bind(f"{folder}/{name}")
        yield folder
        for one in both:
            one.close()


@pytest.mark.parametrize("check", USABLE.values(), ids=USABLE)
def test_the_machine_stays_usable(check: str, home: Path) -> None:
    status, said = run_behind("bash", "-ec", check)
    assert status == 0, said
    assert list((home / ".aws").iterdir()) == []


def test_no_disk_is_there() -> None:
    assert run_behind("find", "/dev", "-type", "b") == (0, "")


def test_who_it_is_stays_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    told = ("sh", "-c", "id -u; id -g; stat -c '%u %g' mine; umask")
    assert run_behind(*told, cwd=tmp_path) == (0, subprocess.check_output(told, cwd=tmp_path, text=True))


def test_nobody_behind_them_can_take_them_down() -> None:
    taken = "umount /dev; umount /proc; unshare -Urm sh -c 'umount /dev || umount /proc || mount --bind / /mnt'; echo $?"
    status, said = run_behind("sh", "-c", f"grep CapBnd /proc/self/status; {taken}")
    bounds = int(said.split()[1], 16)
    assert (status, bounds & (1 << 21 | 1 << 19)) == (0, 0)
    assert said.split()[-1] not in ("0", "127")


def test_what_is_hidden_is_found_in_every_home_and_in_what_variables_name(home: Path, tmp_path: Path,
                                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".aws").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (home / ".aws").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "service.conf").touch()
    for name, path in (("PGSERVICEFILE", tmp_path / "service.conf"), ("KUBECONFIG", tmp_path / "not-there"),
                       ("DOCKER_CONFIG", home), ("CLOUDSDK_CONFIG", Path.cwd())):
        monkeypatch.setenv(name, str(path))
    found = {path for path in hidden(()) if path.startswith(str(tmp_path))}
    assert found == set(map(str, (tmp_path / "elsewhere", home / ".config/gcloud", home / ".pgpass", home / ".ssh",
                                  tmp_path / "service.conf")))


def test_where_one_socket_of_a_folder_is_kept_the_others_are_hidden_one_by_one(sockets: str,
                                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", sockets)
    assert [path for path in hidden(()) if path.startswith(sockets)] == [sockets]
    assert [path for path in hidden((f"{sockets}/ours",)) if path.startswith(sockets)] == [f"{sockets}/other"]


def test_the_folder_it_runs_in_is_hidden_too_when_it_is_one_of_them(home: Path) -> None:
    (home / ".aws/credentials").touch()
    (home / ".aws/sso").mkdir()
    assert run_behind("ls", cwd=home / ".aws") == (0, "")
    assert run_behind("sh", "-c", "pwd", cwd=home / ".aws/sso") == (0, "/\n")


@needs_nobodys_python
def test_they_hold_for_a_user_to_whom_nothing_here_belongs(echo: int, mark: str) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        Path(home).chmod(0o755)
        (Path(home) / ".pgpass").write_text("secret")
        command = [*AS_NOBODY, nobodys_python(), "-c", AS_ANOTHER, str(echo), f"{home}/.pgpass", mark]
        done = subprocess.run(command, cwd=home, env={"HOME": home, "PATH": os.defpath, "PYTHONPATH": str(ROOT)}, text=True,
                              capture_output=True, check=False, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([str(65534 if AS_NOBODY else os.geteuid())], "")
    assert marked(mark) == {}


def test_where_the_system_gives_no_namespaces_it_is_told_why() -> None:
    code = "from checks.isolation.walls import missing; print(missing())"
    done = subprocess.run([*WITHOUT_NAMESPACES, sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, check=False)
    assert done.stdout == "the system refuses to unshare (No space left on device)\n", done.stderr
    assert missing() == ""


def test_elsewhere_than_on_linux_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls.sys, "platform", "darwin")
    assert walls.missing.__wrapped__() == "only Linux has namespaces"
