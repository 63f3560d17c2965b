"""A local AWS: moto's server is the control plane, and `invoke` really runs the deployed zip.

Everything listens on 127.0.0.1 only. One endpoint is one AWS account, so several may be open in one process. What an
invocation does, and in which words it fails, follows "Invoke" of the AWS Lambda API reference.
"""

from __future__ import annotations

import importlib.util
import io
import os
import select
import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.harness.lambda_invoke import Invocation, Invoker, Reply, reply_to, request_of
from checks.harness.sandboxes import DUMMY_CREDENTIALS, Sandboxes
from checks.harness.servers import LOCAL_EXTRA
from checks.harness.values import UsageError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Invocation", "LocalAws", "Reply", "local_aws", "pack", "pack_migrations"]

_FIRST_ACCOUNT = 123456789012
_accounts: set[int] = set()
_accounts_lock = threading.Lock()


class LocalAws:
    """An endpoint that is open until `close()`; made by `local_aws()`."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.intercept: Callable[[Invocation], Reply | None] | None = None
        """Asked first at every invocation, in the thread that serves it: a Reply is sent instead of running
        anything, None lets the function run. It may call `run` itself, for the same invocation or another one."""
        self.invocations: list[Invocation] = []
        """Every invocation in order of arrival, intercepted or not."""
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()
        self._open = ExitStack()
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise

    def client(self, service: str) -> Any:
        """A boto3 client of this endpoint: dummy credentials, no profile, no retries, no proxy."""
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = _client(service, self.endpoint_url, self.region)
            return self._clients[service]

    def deploy(self, name: str, code: bytes, *, handler: str = "app.handler",
               environment: Mapping[str, str] | None = None, timeout_s: int = 30, publish: bool = False) -> str:
        """Creates or updates a function from a zip and returns its CodeSha256."""
        client = self.client("lambda")
        settings = {"Handler": handler, "Timeout": timeout_s, "Environment": {"Variables": dict(environment or {})}}
        try:
            client.update_function_configuration(FunctionName=name, **settings)
            answer = client.update_function_code(FunctionName=name, ZipFile=code, Publish=publish)
        except client.exceptions.ResourceNotFoundException:
            answer = client.create_function(
                FunctionName=name, Code={"ZipFile": code}, Role=self._role,
                Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}", Publish=publish, **settings)
        return str(answer["CodeSha256"])

    def run(self, invocation: Invocation) -> Reply:
        """Runs an invocation as AWS would, past `intercept`; an Event answers 202 and runs in the background."""
        return self._invoker.run(invocation)

    @property
    def process_starts(self) -> Mapping[str, int]:
        """How many processes were started, by `function:version`."""
        return self._sandboxes.starts

    def close(self) -> None:
        """Stops listening, lets accepted Events end, then kills every function; does nothing the second time."""
        self._open.close()

    def _start(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        account = _take_account()
        self.account = str(account)
        """The AWS account this endpoint is: 12 digits."""
        self._open.callback(_give_account_back, account)
        _without_profile()
        self._role = _create_role(self.account, self.region)
        self._moto = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_request_handler())
        self.endpoint_url = f"http://127.0.0.1:{server.server_port}"
        self._sandboxes = Sandboxes(self.endpoint_url)
        self._open.callback(self._sandboxes.close)
        self._invoker = Invoker(self.account, self._sandboxes)
        self._open.callback(self._invoker.join)
        self._closing, wake = socket.socketpair()
        self._open.callback(self._closing.close)
        self._open.callback(wake.close)
        listener = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        listener.start()
        self._open.callback(listener.join)
        self._open.callback(server.shutdown)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account
        invocation = request_of(environ, self.region)
        if invocation is None:
            return self._moto(environ, start_response)
        self.invocations.append(invocation)
        reply = self.intercept(invocation) if self.intercept else None
        return self._send(reply or self.run(invocation), invocation, environ, start_response)

    def _send(self, reply: Reply, invocation: Invocation, environ: WSGIEnvironment,
              start_response: StartResponse) -> list[bytes]:
        connection = environ["werkzeug.socket"]
        if reply.delay_s:
            select.select([connection, self._closing], [], [], reply.delay_s)
        if reply.status == 0:
            raise _hang_up(connection)
        status, headers = reply_to(reply, invocation)
        write = start_response(status, headers)
        if reply.cut_after is None:
            return [reply.payload]
        write(reply.payload[:reply.cut_after])
        raise _hang_up(connection)


@contextmanager
def local_aws(region: str = "us-west-2") -> Iterator[LocalAws]:
    """An endpoint for the time of the block.

    Raises:
        UsageError: the `local` extra is not installed, or this is not Linux.
    """
    for module in ("moto", "werkzeug", "flask", "flask_cors"):
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"Lambda targets need moto's server ({module} is missing); {LOCAL_EXTRA}")
    if importlib.util.find_spec("awslambdaric") is None:
        where = "" if sys.platform == "linux" else ", which AWS publishes for Linux only: run this on Linux, or"
        raise UsageError(f"Lambda targets need awslambdaric{where or ';'} {LOCAL_EXTRA}")
    endpoint = LocalAws(region)
    try:
        yield endpoint
    finally:
        endpoint.close()


def pack(folder: Path, extra: Mapping[str, bytes] | None = None) -> bytes:
    """A zip of `folder` and of `extra` (path in the zip -> content) that depends on their contents only."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**files, **(extra or {})}.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def pack_migrations(folder: Path) -> bytes:
    """The source of `migrations_bundle.py`: MIGRATIONS, a dict of file stem -> the file's text, in name order."""
    lines = [f"    {path.stem!r}: {path.read_bytes().decode()!r},\n" for path in sorted(folder.glob("*.sql"))]
    return ("MIGRATIONS = {\n" + "".join(lines) + "}\n").encode()


def _client(service: str, endpoint_url: str, region: str) -> Any:
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session(session_vars={
        "profile": (None, None, None, None), "ca_bundle": (None, None, None, None),
        "config_file": (None, None, os.devnull, None), "credentials_file": (None, None, os.devnull, None),
    })
    names = {name.lower(): value for name, value in DUMMY_CREDENTIALS.items()}
    session = boto3.session.Session(botocore_session=core, region_name=region, **names)
    return session.client(service, endpoint_url=endpoint_url, config=Config(
        retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=960, max_pool_connections=32, proxies={},
    ))


def _take_account() -> int:
    with _accounts_lock:
        account = next(number for number in count(_FIRST_ACCOUNT) if number not in _accounts)
        _accounts.add(account)
        return account


def _give_account_back(account: int) -> None:
    """Forgets everything moto keeps of the account."""
    from moto.core import base_backend

    backends: Any = base_backend.BackendDict
    for backend in list(backends._instances):
        backend.pop(str(account), None)
    with _accounts_lock:
        _accounts.discard(account)


def _create_role(account: str, region: str) -> str:
    """Makes the role that functions need; returns its ARN."""
    from moto.iam.models import iam_backends
    from moto.utilities.utils import get_partition

    backend = iam_backends[account][get_partition(region)]
    role = backend.create_role(
        role_name="lambda", assume_role_policy_document="{}", path="/", permissions_boundary=None,
        description="for deploy()", tags=[], max_session_duration="3600")
    return str(role.arn)


def _without_profile() -> None:
    """Lets moto make its own session, for region names only, now and blind to the user's AWS settings."""
    from moto.core.base_backend import AccountSpecificBackend

    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    os.environ.update({"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})
    try:
        AccountSpecificBackend.get_session().get_available_regions("lambda")
    finally:
        del os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]
        os.environ.update(hidden)


def _request_handler() -> type:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Quiet(MotoRequestHandler):
        """Logs nothing: requests hold what must not be printed."""

        disable_nagle_algorithm = True

        def log(self, type: str, message: str, *arguments: Any) -> None:
            """Says nothing."""

    return Quiet


def _hang_up(connection: socket.socket) -> ConnectionAbortedError:
    """Closes the connection; raise what is returned, which ends the request without a word."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("hung up on purpose")
