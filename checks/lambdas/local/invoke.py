"""Lambda's Invoke behind HTTP: which version runs, whether it may, and what AWS answers."""

from __future__ import annotations

import base64
import json
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from checks.lambdas.local.request import Invocation, Response, malformed, refused
from checks.lambdas.local.runtime_api import HandlerCall
from checks.lambdas.local.sandbox import Deployed
from checks.lambdas.local.sandboxes import Sandboxes
from checks.values import Unverified


class Invoker:
    """Runs invocations against the functions deployed in one account of moto."""

    def __init__(self, account: str, sandboxes: Sandboxes) -> None:
        self._account = account
        self._sandboxes = sandboxes
        self._events: list[threading.Thread] = []
        self._routed: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def run(self, invocation: Invocation) -> Response:
        """The answer AWS would give; an Event is answered first and runs in the background."""
        function = malformed(invocation) or self._function(invocation)
        if isinstance(function, Response):
            return function
        if invocation.kind == "DryRun":
            return Response(204)
        deployed = _deployed(function)
        if isinstance(deployed, Response):
            return deployed
        throttled = self._throttled(invocation, deployed)
        if throttled is not None:
            return throttled
        if invocation.kind == "Event":
            self._later(invocation)
            return Response(202)
        return self._now(invocation, deployed)

    def join(self) -> None:
        """Waits for the accepted Events; each is bounded by its function's timeout."""
        for thread in self._events:
            thread.join()

    def _now(self, invocation: Invocation, deployed: Deployed) -> Response:
        call = _call(invocation, deployed)
        if isinstance(call, Response):
            return call
        try:
            finished = self._sandboxes.invoke(deployed, call)
        except zipfile.BadZipFile as error:
            return refused(502, "InvalidZipFileException", f"Lambda could not unzip the deployment package: {error}")
        except Unverified as closing:
            return refused(500, "ServiceException", str(closing), Type="Service")
        headers = {"x-amz-executed-version": deployed.version}
        if finished.failed:
            headers["x-amz-function-error"] = "Unhandled"
        if invocation.log_tail:
            headers["x-amz-log-result"] = base64.b64encode(finished.log_tail).decode()
        return Response(200, finished.payload, headers)

    def _later(self, invocation: Invocation) -> None:
        """Lambda would try a failed Event twice more, minutes later; here it runs once."""
        now = replace(invocation, kind="RequestResponse", log_tail=False)
        thread = threading.Thread(target=self.run, args=(now,), daemon=True)
        self._events.append(thread)
        thread.start()

    def _function(self, invocation: Invocation) -> Any:
        """moto's record of the version that is to run, or how the service refuses to run any."""
        from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
        from moto.awslambda.utils import get_backend

        backend = get_backend(self._account, invocation.region)
        name, qualifier = invocation.function, invocation.qualifier
        try:
            function = backend.get_function(name, qualifier)
        except UnknownFunctionException as error:
            return refused(404, "ResourceNotFoundException", str(error.message))
        try:
            alias: Any = backend.get_alias(name=qualifier or "", function_name=name)
        except UnknownAliasException:
            return function
        weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
        return backend.get_function(name, self._route(alias.arn, alias.function_version, weights))

    def _route(self, alias: str, main: str, weights: Mapping[str, float]) -> str:
        """The version whose share is most behind its weight: 10 % is every tenth call, always the same."""
        shares = {main: 1 - sum(weights.values()), **weights}
        with self._lock:
            routed = self._routed.setdefault(f"{alias} {sorted(shares.items())}", Counter())
            calls = routed.total() + 1
            version = max(shares, key=lambda one: round(shares[one] * calls - routed[one], 9))
            routed[version] += 1
            return version

    def _throttled(self, invocation: Invocation, deployed: Deployed) -> Response | None:
        """How the service refuses a call beyond the function's reserved concurrency."""
        from moto.awslambda.utils import get_backend

        latest = get_backend(self._account, invocation.region).get_function(invocation.function)
        limit = latest.reserved_concurrency
        if limit is None or self._sandboxes.working(deployed.arn) < int(limit):
            return None
        return refused(429, "TooManyRequestsException", "Rate Exceeded.",
                       Reason="ReservedFunctionConcurrentInvocationLimitExceeded")


def _deployed(function: Any) -> Deployed | Response:
    """What moto knows of a version, as the sandbox needs it; or how the service refuses to run it."""
    runtime = str(function.run_time or "")
    if function.package_type != "Zip" or not runtime.startswith("python"):
        return refused(502, "InvalidRuntimeException", "The local endpoint runs Python zips only, and "
                       f"{function.function_name} is {runtime or 'an image'}.", Type="Server")
    return Deployed(
        arn=function.function_arn.removesuffix(f":{function.version}"), function=function.function_name,
        version=str(function.version), region=function.region, handler=str(function.handler),
        timeout_s=float(function.timeout), memory_mb=int(function.memory_size),
        environment=tuple(sorted((function.environment_vars or {}).items())),
        code_sha256=function.code_sha_256, code=function.code_bytes,
    )


def _call(invocation: Invocation, deployed: Deployed) -> HandlerCall | Response:
    qualifier = f":{invocation.qualifier}" if invocation.qualifier else ""
    trace = uuid4().hex
    try:
        context = _client_context(invocation.client_context)
    except ValueError:
        return refused(400, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
    return HandlerCall(
        request_id=invocation.request_id, payload=invocation.payload or b"{}", arn=deployed.arn + qualifier,
        client_context=context,
        trace_id=f"Root=1-{int(time.time()):08x}-{trace[:24]};Parent={trace[16:]};Sampled=0",
    )


def _client_context(encoded: str) -> str:
    """Base64 of JSON as JSON in ASCII; ValueError when it is neither."""
    return json.dumps(json.loads(base64.b64decode(encoded, validate=True))) if encoded else ""
