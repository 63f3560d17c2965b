"""Whether walls can be built on this machine, and how a test is run as another user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from checks.contract.contract import Isolation
from checks.isolation.walls import Walls, missing
from tests.support import ROOT

WHY = "" if os.environ.get("POSTDEPLOY_WALLS") == "required" else missing()
needs_walls = pytest.mark.skipif(bool(WHY), reason=f"no walls here: {WHY}; POSTDEPLOY_WALLS=required fails instead")
ISOLATION: Isolation = "environment" if WHY else "namespaces"
"""What audits of other things than their isolation are run with here."""
IS_ROOT = os.geteuid() == 0
AS_ROOT = [] if IS_ROOT else ["unshare", "--user", "--map-root-user", "--"]
"""How a command is run as root; who is none is one at least among its own."""
AS_USER = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"] if IS_ROOT else []
"""How a command is run without any right to do more than its user may."""
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if IS_ROOT else []
"""How a command is run as somebody to whom our files do not belong either."""

WITHOUT_NAMESPACES = ["unshare", "--user", "--map-root-user", "--", "sh", "-c",
                      "echo 1 > /proc/sys/user/max_user_namespaces && "
                      "exec unshare --user --map-user=65534 --map-group=65534 -- $0 \"$@\""]
"""How a command is run as in a plain container, where the system gives nobody a namespace."""


@cache
def nobodys_python() -> str:
    """A Python that nobody can run with our code on its path; POSTDEPLOY_NOBODYS_PYTHON names one."""
    candidates = (os.environ.get("POSTDEPLOY_NOBODYS_PYTHON"), sys.executable, *(
        shutil.which(f"python3{minor}", path=os.defpath) for minor in ("", ".14", ".13", ".12", ".11")))
    for python in filter(None, candidates):
        code = "import subprocess, sys, checks.isolation.walls; subprocess.run([sys.executable, '-c', ''], check=True)"
        done = subprocess.run([*AS_NOBODY, python, "-c", code], cwd="/", capture_output=True,
                              env={"PYTHONPATH": str(ROOT), "PATH": os.defpath}, check=False)
        if done.returncode == 0:
            return python
    return ""


needs_nobodys_python = pytest.mark.skipif(not nobodys_python(), reason="no Python from 3.11 on that the user 65534 can run "
                                          "with this folder on its path; name one in POSTDEPLOY_NOBODYS_PYTHON")


def run_behind(*command: str, given: Walls | None = None, cwd: Path | None = None) -> tuple[int, str]:
    """Exit status and output of a command behind walls."""
    process = (given or Walls()).start(command, env=os.environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
    try:
        said, _ = process.communicate(timeout=60)
    finally:
        process.end()
    return process.returncode, said.decode()


def free_port() -> int:
    """A port of the loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
