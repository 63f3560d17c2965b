"""Warm Lambda sandboxes: starts them, lends one to each call, replaces the dead and outdated, ends them all.

Nothing outlives the owner: `reap.py` ends the processes and removes the files even when the owner is killed.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import sysconfig
import threading
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from checks.lambdas.client import DUMMY_CREDENTIALS
from checks.lambdas.local.reaper import Reaper
from checks.lambdas.local.runtime_api import HandlerCall
from checks.lambdas.local.sandbox import Deployed, Finished, Sandbox
from checks.values import Unverified

AT_ONCE = 8
"""Sandboxes of one version that may work at the same time; further calls wait for one."""


class Sandboxes:
    """The execution environments of one local endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self.starts: Counter[str] = Counter()
        """Processes started so far, by `function:version`."""
        self._endpoint_url = endpoint_url
        self._idle: list[Sandbox] = []
        self._busy: list[Sandbox] = []
        self._changed = threading.Condition()
        self._closed = False
        self._reaper = Reaper("postdeploy-lambda-")
        self._folder = self._reaper.folder

    def invoke(self, deployed: Deployed, call: HandlerCall) -> Finished:
        """Runs `call` in a warm sandbox of `deployed`, or in a new one.

        Raises:
            zipfile.BadZipFile: the deployed code is no zip.
            Unverified: the endpoint closed meanwhile.
        """
        sandbox = self._borrow(deployed)
        try:
            return sandbox.invoke(call)
        finally:
            self._give_back(sandbox)

    def working(self, arn: str) -> int:
        """Calls of a function (ARN without qualifier) that are under way."""
        with self._changed:
            return sum(sandbox.deployed.arn == arn for sandbox in self._busy)

    def close(self) -> None:
        """Kills every process, frees every port, removes every file."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for sandbox in [*self._idle, *self._busy]:
                sandbox.kill()
        self._reaper.close()

    def _borrow(self, deployed: Deployed) -> Sandbox:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._count(deployed) < AT_ONCE)
            if self._closed:
                raise Unverified("The local AWS endpoint closed while a function was being invoked; "
                                 "keep it open until the call has answered.")
            self._drop_outdated(deployed)
            warm = [sandbox for sandbox in self._idle if sandbox.deployed == deployed]
            sandbox = warm[-1] if warm else self._start(deployed)
            if warm:
                self._idle.remove(sandbox)
            self._busy.append(sandbox)
            return sandbox

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._changed:
            self._busy.remove(sandbox)
            if sandbox.warm and not self._closed:
                self._idle.append(sandbox)
            else:
                self._end(sandbox)
            self._changed.notify_all()

    def _count(self, deployed: Deployed) -> int:
        return sum(sandbox.deployed == deployed for sandbox in self._busy)

    def _drop_outdated(self, deployed: Deployed) -> None:
        """Ends idle sandboxes that died, or that run what is no longer deployed under this version."""
        same = (deployed.arn, deployed.version)
        for sandbox in list(self._idle):
            old = sandbox.deployed
            if not sandbox.alive or ((old.arn, old.version) == same and old != deployed):
                self._idle.remove(sandbox)
                self._end(sandbox)

    def _end(self, sandbox: Sandbox) -> None:
        sandbox.kill()
        self._reaper.forget(sandbox.pid)

    def _start(self, deployed: Deployed) -> Sandbox:
        self.starts[f"{deployed.function}:{deployed.version}"] += 1
        home = self._folder / f"sandbox-{self.starts.total()}"
        code = self._unpacked(deployed)
        home.mkdir()
        environment = self._environment(deployed, code, home)
        sandbox = Sandbox(deployed, code, environment, home.with_suffix(".log"))
        self._reaper.watch(sandbox.pid)
        return sandbox

    def _unpacked(self, deployed: Deployed) -> Path:
        folder = self._folder / deployed.code_sha256.replace("/", "_")
        if not folder.exists():
            with zipfile.ZipFile(io.BytesIO(deployed.code)) as archive:
                archive.extractall(folder)
        return folder

    def _environment(self, deployed: Deployed, code: Path, home: Path) -> Mapping[str, str]:
        """What Lambda gives a Python function, and nothing of ours: no credentials, settings or secrets."""
        import_path = _import_path()
        reserved = {
            "AWS_LAMBDA_FUNCTION_NAME": deployed.function,
            "AWS_LAMBDA_FUNCTION_VERSION": deployed.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployed.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{deployed.function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"[{deployed.version}]{home.name}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_REGION": deployed.region, "AWS_DEFAULT_REGION": deployed.region,
            "LAMBDA_TASK_ROOT": str(code), "_HANDLER": deployed.handler, **DUMMY_CREDENTIALS,
        }
        defaults = {
            "PATH": os.defpath, "LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": str(home), "TMPDIR": str(home),
            "AWS_ENDPOINT_URL": self._endpoint_url, "AWS_EC2_METADATA_DISABLED": "true",
        }
        return {**defaults, **({"PYTHONPATH": import_path} if import_path else {}),
                **dict(deployed.environment), **reserved}


def _import_path() -> str:
    """Where the runtime client and the libraries are, as far as this Python would not look there."""
    found = [importlib.util.find_spec(name) for name in ("awslambdaric", "psycopg2", "boto3")]
    folders = {str(Path(spec.origin).parent.parent): None for spec in found if spec and spec.origin}
    known = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return os.pathsep.join(folder for folder in folders if folder not in known)
