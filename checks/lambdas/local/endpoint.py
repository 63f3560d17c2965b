"""A local AWS: moto's server is the control plane, and `invoke` really runs the deployed zip.

Everything listens on 127.0.0.1 only. One endpoint is one AWS account, so several may be open in one process.

    with local_aws() as aws:
        aws.deploy("ops-pipeline-db-query", pack(folder), environment={"DATABASE_URL": dsn})
        aws.client("lambda").invoke(FunctionName="ops-pipeline-db-query", Payload=b'{"sql": "SELECT 1"}')
"""

from __future__ import annotations

import importlib.util
import io
import select
import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.lambdas.local.code_link import code_answer
from checks.lambdas.local.invoke import Invoker
from checks.lambdas.local.moto_account import BLIND, create_role, give_account_back, hide_profile, take_account
from checks.lambdas.local.request import Answer, Invocation, as_http, request_of
from checks.lambdas.local.sandboxes import DUMMY_CREDENTIALS, Sandboxes
from checks.values import LOCAL_EXTRA, UsageError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Answer", "Invocation", "LocalAws", "local_aws", "pack", "pack_migrations"]


class LocalAws:
    """An endpoint that is open until `close()`; made by `local_aws()`."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.intercept: Callable[[Invocation], Answer | None] | None = None
        """Asked first at every invocation, in the thread that serves it: an Answer is sent instead of running
        anything, None lets the function run. It may call `run` itself, for this invocation or another one."""
        self.invocations: list[Invocation] = []
        """Every invocation in order of arrival, intercepted or not."""
        self.errors: list[Exception] = []
        """What `intercept` raised; the caller got a 500."""
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

    def deploy(self, name: str, code: bytes, *, handler: str = "app.handler", timeout_s: int = 30,
               environment: Mapping[str, str] | None = None, publish: bool = False) -> str:
        """Creates or updates a function from a zip and returns its CodeSha256."""
        client = self.client("lambda")
        settings = {"Handler": handler, "Timeout": timeout_s,
                    "Environment": {"Variables": dict(environment or {})}}
        try:
            client.update_function_configuration(FunctionName=name, **settings)
            answer = client.update_function_code(FunctionName=name, ZipFile=code, Publish=publish)
        except client.exceptions.ResourceNotFoundException:
            answer = client.create_function(
                FunctionName=name, Code={"ZipFile": code}, Role=self._role, Publish=publish,
                Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}", **settings)
        return str(answer["CodeSha256"])

    def run(self, invocation: Invocation) -> Answer:
        """Runs an invocation as AWS would, past `intercept`; an Event answers 202 and runs meanwhile."""
        return self._invoker.run(invocation)

    @property
    def process_starts(self) -> Mapping[str, int]:
        """How many processes were started, by `function:version`."""
        return self._sandboxes.starts

    def close(self) -> None:
        """Stops listening, lets accepted Events end, kills every function; nothing the second time."""
        self._open.close()

    def _start(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        account = take_account()
        self.account = str(account)
        """The AWS account this endpoint is: 12 digits."""
        self._open.callback(give_account_back, account)
        hide_profile()
        self._role = create_role(self.account, self.region)
        self._moto = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_request_handler())
        server.log = _say_nothing  # type: ignore[assignment]
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
            answer = code_answer(environ, self.account, self.endpoint_url, self._moto) or self._moto
            return answer(environ, start_response)
        self.invocations.append(invocation)
        try:
            forged = self.intercept(invocation) if self.intercept else None
        except Exception as error:
            self.errors.append(error)
            forged = Answer(500, b'{"Message": "intercept raised"}')
        return self._send(forged or self.run(invocation), invocation, environ, start_response)

    def _send(self, answer: Answer, invocation: Invocation, environ: WSGIEnvironment,
              start_response: StartResponse) -> list[bytes]:
        connection = environ["werkzeug.socket"]
        if answer.delay_s:
            select.select([connection, self._closing], [], [], answer.delay_s)
        if answer.status == 0:
            raise _hang_up(connection)
        status, headers = as_http(answer, invocation)
        write = start_response(status, headers)
        if answer.cut_after is None:
            return [answer.payload]
        write(answer.payload[:answer.cut_after])
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
    if importlib.util.find_spec("awslambdaric") is None and sys.platform != "linux":
        raise UsageError("Lambda targets need awslambdaric, which AWS publishes for Linux only; run this "
                         "target on Linux, or use a direct one, such as --target embedded.")
    if importlib.util.find_spec("awslambdaric") is None:
        raise UsageError(f"Lambda targets need awslambdaric; {LOCAL_EXTRA}")
    endpoint = LocalAws(region)
    try:
        yield endpoint
    finally:
        endpoint.close()


def pack(folder: Path, extra: Mapping[str, bytes] | None = None) -> bytes:
    """A zip of `folder` and of `extra` (path in the zip -> content) that depends on their contents only.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"Nothing to pack: {folder} is no folder; name the one that holds app.py.")
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
    """The source of `migrations_bundle.py`: MIGRATIONS, a dict of file stem -> text, in name order.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"No migrations to pack: {folder} is no folder; name the right one as `migrations` "
                         "in the contract.")
    lines = [f"    {path.stem!r}: {path.read_bytes().decode()!r},\n" for path in sorted(folder.glob("*.sql"))]
    return ("MIGRATIONS = {\n" + "".join(lines) + "}\n").encode()


def _client(service: str, endpoint_url: str, region: str) -> Any:
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session(session_vars=BLIND)
    names = {name.lower(): value for name, value in DUMMY_CREDENTIALS.items()}
    session = boto3.session.Session(botocore_session=core, region_name=region, **names)
    return session.client(service, endpoint_url=endpoint_url, config=Config(
        retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=960, max_pool_connections=32,
        proxies={},
    ))


def _request_handler() -> type:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Quiet(MotoRequestHandler):
        """Answers at once, and logs nothing."""

        disable_nagle_algorithm = True

        def log(self, type: str, message: str, *args: Any) -> None:
            """Says nothing."""

    return Quiet


def _say_nothing(*arguments: object) -> None:
    """Logs nothing: requests hold what must not be printed, and the caller is told of errors."""


def _hang_up(connection: socket.socket) -> ConnectionAbortedError:
    """Closes the connection; raise what is returned, which ends the request without a word."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return ConnectionAbortedError("hung up on purpose")
