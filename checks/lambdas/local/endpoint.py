"""A local AWS: moto's server is the control plane, and `invoke` really runs the deployed zip.

Everything listens on 127.0.0.1 only. One endpoint is one AWS account, so several may be open in one process.

    with local_aws() as aws:
        aws.deploy("ops-pipeline-db-query", pack(folder), environment={"DATABASE_URL": dsn})
        aws.client("lambda").invoke(FunctionName="ops-pipeline-db-query", Payload=b'{"sql": "SELECT 1"}')
"""

from __future__ import annotations

import importlib.util
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from checks.lambdas.client import REGION, local_client
from checks.lambdas.local.code_link import code_answer
from checks.lambdas.local.invoke import Invoker
from checks.lambdas.local.moto_account import create_role, give_account_back, hide_profile, take_account
from checks.lambdas.local.request import Invocation, Response, as_http, request_of
from checks.lambdas.local.sandboxes import Sandboxes
from checks.values import LOCAL_EXTRA, UsageError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class LocalAws:
    """An endpoint that is open until `close()`; made by `local_aws()`."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.intercept: Callable[[Invocation], Response | None] | None = None
        """Asked first at every invocation, in the thread that serves it: a Response is sent instead of running
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
                self._clients[service] = local_client(service, self.endpoint_url, self.region)
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

    def run(self, invocation: Invocation) -> Response:
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
            forged = Response(500, b'{"Message": "intercept raised"}')
        return self._send(forged or self.run(invocation), invocation, environ, start_response)

    def _send(self, answer: Response, invocation: Invocation, environ: WSGIEnvironment,
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
def local_aws(region: str = REGION) -> Iterator[LocalAws]:
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
