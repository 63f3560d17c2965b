"""A command behind walls is given and ends as one without; nothing of it is left, however it ends."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from checks.isolation.walls import NoWalls, Walls, end
from tests.support import ROOT
from tests.support.processes import left_of, marked, seen
from tests.support.walls import free_port, needs_walls, run_behind

pytestmark = needs_walls
WHAT_IT_IS_GIVEN = """
import json, os, sys
told = [sys.argv[1:], dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(), sys.stdin.read()]
os.write(int(os.environ["FD"]), json.dumps(told).encode())
"""
WAYS = {
    "a child": "sleep {mark} &",
    "a session": "setsid sleep {mark} &",
    "a daemon": "(setsid setsid env -i PATH=$PATH nohup sleep {mark} &) > /dev/null 2>&1;",
    "one that heeds no signal": "(trap '' TERM HUP INT QUIT; exec setsid sleep {mark}) > /dev/null 2>&1 &",
    "one in namespaces of its own": "unshare -Urpf sleep {mark} > /dev/null 2>&1 &",
}
"""How a script leaves something running."""
BUILDER = """
import os, sys
from checks.isolation.walls import Walls
Walls().start(["bash", "-c", "setsid sleep $0 & exec sleep $0", sys.argv[1]], env=os.environ).wait()
"""


@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
def test_it_ends_with_the_exit_status_of_the_command(status: int) -> None:
    assert run_behind("sh", "-c", f"exit {status}") == (status, "")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE, signal.SIGINT])
def test_it_dies_by_the_signal_that_the_command_died_by(number: signal.Signals, tmp_path: Path) -> None:
    assert run_behind("sh", "-c", f"kill -{number.value} $$", cwd=tmp_path) == (-number, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("walled", [True, False], ids=["walls", "none"])
@pytest.mark.parametrize(("name", "number"), [("none", errno.ENOENT), (".", errno.EACCES), ("text", errno.ENOEXEC)])
def test_a_command_that_cannot_be_executed_is_the_same_error(name: str, number: int, walled: bool, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    start = Walls().start if walled else subprocess.Popen
    with pytest.raises(OSError, match=os.strerror(number)) as raised:
        start([str(tmp_path / name)], env=dict(os.environ))
    assert (raised.value.errno, raised.value.filename) == (number, str(tmp_path / name))


def test_a_folder_that_is_not_there_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_behind("true", cwd=tmp_path / "none")


def test_arguments_environment_folder_and_descriptors_are_what_was_given(tmp_path: Path) -> None:
    mine, theirs = os.pipe()
    environment = {"FD": str(theirs), "ÄÖ": "ü\udcff", "EMPTY": "", "LONG": "x" * 100_000}
    process = Walls().start([sys.executable, "-I", "-c", WHAT_IT_IS_GIVEN, "ä\udcfe", ""], env=environment, cwd=tmp_path,
                            pass_fds=(theirs,), stdin=subprocess.PIPE)
    os.close(theirs)
    assert process.stdin is not None
    process.stdin.write(b"hello")
    process.stdin.close()
    with os.fdopen(mine, "rb") as pipe:
        arguments, variables, folder, leads, said = json.loads(pipe.read())
    process.end()
    assert (arguments, folder, leads, said) == (["ä\udcfe", ""], str(tmp_path), True, "hello")
    assert {name: variables[name] for name in environment} == environment
    assert set(variables) - set(environment) <= {"LC_CTYPE"}


def test_a_pipe_that_nobody_reads_ends_the_writer() -> None:
    """Python ignores SIGPIPE; what it starts must not."""
    assert run_behind("bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}") == (0, f"y\n{128 + signal.SIGPIPE}\n")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_outlives_a_command_that_ends(way: str, mark: str) -> None:
    """It ends as soon as what it leaves is there."""
    there = "until grep -qs ^sleep /proc/[0-9]*/cmdline; do :; done; exit 7"
    assert run_behind("bash", "-c", f"{WAYS[way].format(mark=mark)} {there}")[0] == 7
    assert marked(mark) == {}


@pytest.mark.parametrize("how", ["end", "keeper", "group"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_outlives_one_that_is_ended(way: str, how: str, mark: str) -> None:
    process = Walls().start(["bash", "-c", f"{WAYS[way].format(mark=mark)} exec sleep {mark}"], env=os.environ)
    try:
        seen(lambda: len([line for line in marked(mark).values() if line.startswith("sleep")]) > 1)
        if how == "end":
            process.end()
            assert marked(mark) == {}
        elif how == "keeper":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        assert left_of(mark) == {}
    finally:
        process.end()
    assert process.returncode == -signal.SIGKILL


def test_it_dies_with_the_process_that_built_the_walls(mark: str) -> None:
    builder = subprocess.Popen([sys.executable, "-c", BUILDER, mark], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        seen(lambda: len([line for line in marked(mark).values() if line.startswith("sleep")]) > 1)
    finally:
        builder.kill()
        builder.wait()
    assert left_of(mark) == {}


def test_ending_it_from_four_threads_is_ending_it_once(mark: str) -> None:
    process = Walls().start(["sleep", mark], env=os.environ)
    threads = [threading.Thread(target=process.end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    end(process)
    assert (process.returncode, marked(mark)) == (-signal.SIGKILL, {})


def test_without_walls_its_group_is_ended(mark: str) -> None:
    process = subprocess.Popen(["bash", "-c", f"sleep {mark} & exec sleep {mark}"], start_new_session=True)
    seen(lambda: len([line for line in marked(mark).values() if line.startswith("sleep")]) > 1)
    end(process)
    assert left_of(mark) == {}
    end(process)


def test_no_descriptor_and_no_thread_is_left_with_us() -> None:
    def held() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    run_behind("true", given=Walls((free_port(),)))
    before = held()
    for _ in range(5):
        run_behind("true", given=Walls((free_port(),)))
        with pytest.raises(FileNotFoundError):
            run_behind("no-such-command", given=Walls((free_port(),)))
    assert seen(lambda: held() <= before)
    assert seen(lambda: not [one for one in threading.enumerate() if one.name == "walls-door"])


def test_walls_that_cannot_be_built_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two doors at one port."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(NoWalls, match="Address already in use"):
            run_behind("true", given=Walls((port, port)))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
