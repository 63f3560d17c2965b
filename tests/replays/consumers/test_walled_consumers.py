"""The user's consumers reach their database and nothing else; where there are no walls, this is said and nothing changes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from checks.contract.consumers import CommandConsumer, PythonConsumer
from tests.replays.consumers.driven import FILL
from tests.support import ROOT
from tests.support.processes import marked
from tests.support.walls import WITHOUT_NAMESPACES, needs_walls

ESCAPING = """
import os, pathlib, socket, subprocess, sys, urllib.parse
def handle(event, url):
    port = urllib.parse.urlsplit(url).port
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    subprocess.Popen(["setsid", "sleep", "MARK"])
    reached = [word for word, attempt in (("network", network), ("key", key), ("process", process)) if attempt(event)]
    assert reached == [], f"REACHED {reached}"
def network(event):
    return not socket.socket().connect_ex(("127.0.0.1", event["port"]))
def key(event):
    return (pathlib.Path.home() / ".aws/credentials").exists()
def process(event):
    return pathlib.Path(f"/proc/{event['process']}/environ").exists()
if __name__ == "__main__":
    import json
    handle(json.load(sys.stdin), os.environ["DATABASE_URL"])
"""
CONSUMERS = {"python": PythonConsumer("consume.py", "handle"), "command": CommandConsumer((sys.executable, "consume.py"))}


@needs_walls
@pytest.mark.parametrize("kind", CONSUMERS)
def test_a_consumer_reaches_its_database_only(kind: str, started: Any, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"1{uuid4().int % 10**12}"
    (tmp_path / "consume.py").write_text(ESCAPING.replace("MARK", mark))
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as real, socket.create_server(("127.0.0.1", 0)) as database:
        real.settimeout(0)
        consumer = started(CONSUMERS[kind], f"postgresql://u@127.0.0.1:{database.getsockname()[1]}/x")
        receipt = consumer.deliver({**FILL, "port": real.getsockname()[1], "process": os.getpid()}, 20.0)
        assert (receipt.acknowledged, receipt.why) == (True, "")
        with pytest.raises(BlockingIOError):
            real.accept()
    consumer.close()
    assert marked(mark) == {}


@needs_walls
def test_without_walls_it_is_said_and_nothing_changes(tmp_path: Path) -> None:
    """The README's first command, in a plain container."""
    ran = {}
    for name, prefix in (("walls", []), ("none", WITHOUT_NAMESPACES)):
        file = tmp_path / f"{name}.json"
        done = subprocess.run([*prefix, sys.executable, "-W", "ignore", "-m", "pytest", "checks", "--evidence", str(file)],
                              cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        evidence = json.loads(file.read_text())
        ran[name] = ({claim["id"]: (claim["verdict"], claim["evidence"]) for claim in evidence["claims"]},
                     evidence["left_out"], [line for line in done.stdout.splitlines() if "no walls" in line])
    assert ran["none"][:2] == ran["walls"][:2]
    assert ran["walls"][2] == []
    assert ran["none"][2] == ["no walls are round fixtures/consumers/trade_stream.py:handle, so it can reach whatever you "
                              "can: the system refuses to unshare (No space left on device)"]
