"""A server in a container, for real: its command, and that it goes with the run, however that ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checks.target.servers import container
from tests.support import ROOT
from tests.support.running import verify

pytestmark = pytest.mark.skipif("POSTDEPLOY_CONTAINERS" not in os.environ,
                                reason="no Docker is asked for: start one, and set POSTDEPLOY_CONTAINERS=1")
HELD = """
import signal
from checks.target.servers import container
with container() as server:
    print("up", flush=True)
    signal.pause()
"""


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def ours() -> set[str]:
    """The containers that there are."""
    return set(docker("ps", "-aq", "--filter", "name=postdeploy-").split())


def test_a_container_runs_the_command_of_the_contract() -> None:
    before = ours()
    with container("postgres:16", ("postgres", "-c", "max_connections=17")) as server:
        assert server.rows("SELECT 1") == [(1,)]
        name, = ours() - before
        assert json.loads(docker("inspect", "--format", "{{json .Config.Cmd}}", name)) == [
            "postgres", "-c", "max_connections=17"]
    assert ours() <= before


def test_a_container_target_is_migrated_and_verified(tmp_path: Path) -> None:
    (tmp_path / "contract.toml").write_text(f'migrations = "{ROOT}/migrations"\n[ledger]\ntable = "schema_migrations"\n'
                                            '[target.box]\nserver = "container"\n')
    kept = {name: value for name, value in os.environ.items() if name.startswith("TESTCONTAINERS_")}
    ran = verify("box", "--contract", str(tmp_path / "contract.toml"), environment=kept)
    assert ran.code == 0, ran.out


def test_a_container_does_not_outlive_a_run_that_was_killed() -> None:
    before = ours()
    run = subprocess.Popen([sys.executable, "-W", "ignore", "-c", HELD], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert run.stdout is not None
    assert run.stdout.readline() == "up\n"
    assert ours() - before
    run.kill()
    run.wait()
    run.stdout.close()
    start = time.monotonic()
    while ours() - before and time.monotonic() < start + 5:
        pass
    assert ours() <= before
