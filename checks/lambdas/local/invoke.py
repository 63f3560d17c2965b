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

from checks.lambdas.local.request import Answer, Invocation, Refused, refuse_malformed
from checks.lambdas.local.runtime_api import Call
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

    def run(self, invocation: Invocation) -> Answer:
        """The answer AWS would give; an Event is answered first and runs in the background."""
        try:
            refuse_malformed(invocation)
            function = self._function(invocation)
            if invocation.kind == "DryRun":
                return Answer(204)
            deployed = _deployed(function)
            self._refuse_throttled(invocation, deployed)
            if invocation.kind == "Event":
                self._later(invocation, deployed)
                return Answer(202)
            return self._now(invocation, deployed)
        except Refused as refused:
            return refused.answer
        except zipfile.BadZipFile as error:
            message = f"Lambda could not unzip the deployment package: {error}"
            return Refused(502, "InvalidZipFileException", message).answer
        except Unverified as closing:
            return Refused(500, "ServiceException", str(closing), Type="Service").answer

    def join(self) -> None:
        """Waits for the accepted Events; each is bounded by its function's timeout."""
        for thread in self._events:
            thread.join()

    def _now(self, invocation: Invocation, deployed: Deployed) -> Answer:
        finished = self._sandboxes.invoke(deployed, _call(invocation, deployed))
        headers = {"x-amz-executed-version": deployed.version}
        if finished.failed:
            headers["x-amz-function-error"] = "Unhandled"
        if invocation.log_tail:
            headers["x-amz-log-result"] = base64.b64encode(finished.log_tail).decode()
        return Answer(200, finished.payload, headers)

    def _later(self, invocation: Invocation, deployed: Deployed) -> None:
        """Lambda would try a failed Event twice more, minutes later; here it runs once."""
        thread = threading.Thread(target=self._quietly, args=(invocation, deployed), daemon=True)
        self._events.append(thread)
        thread.start()

    def _quietly(self, invocation: Invocation, deployed: Deployed) -> None:
        self.run(replace(invocation, kind="RequestResponse", log_tail=False))

    def _function(self, invocation: Invocation) -> Any:
        """moto's record of the version that is to run."""
        from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
        from moto.awslambda.utils import get_backend

        backend = get_backend(self._account, invocation.region)
        name, qualifier = invocation.function, invocation.qualifier
        try:
            function = backend.get_function(name, qualifier)
        except UnknownFunctionException as error:
            raise Refused(404, "ResourceNotFoundException", str(error.message)) from None
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

    def _refuse_throttled(self, invocation: Invocation, deployed: Deployed) -> None:
        from moto.awslambda.utils import get_backend

        latest = get_backend(self._account, invocation.region).get_function(invocation.function)
        limit = latest.reserved_concurrency
        if limit is not None and self._sandboxes.working(deployed.arn) >= int(limit):
            raise Refused(429, "TooManyRequestsException", "Rate Exceeded.",
                          Reason="ReservedFunctionConcurrentInvocationLimitExceeded")


def _deployed(function: Any) -> Deployed:
    """What moto knows of a version, as the sandbox needs it."""
    runtime = str(function.run_time or "")
    if function.package_type != "Zip" or not runtime.startswith("python"):
        raise Refused(502, "InvalidRuntimeException", "The local endpoint runs Python zips only, and "
                      f"{function.function_name} is {runtime or 'an image'}.", Type="Server")
    return Deployed(
        arn=function.function_arn.removesuffix(f":{function.version}"), function=function.function_name,
        version=str(function.version), region=function.region, handler=str(function.handler),
        timeout_s=float(function.timeout), memory_mb=int(function.memory_size),
        environment=tuple(sorted((function.environment_vars or {}).items())),
        code_sha256=function.code_sha_256, code=function.code_bytes,
    )


def _call(invocation: Invocation, deployed: Deployed) -> Call:
    qualifier = f":{invocation.qualifier}" if invocation.qualifier else ""
    trace = uuid4().hex
    return Call(
        request_id=invocation.request_id, payload=invocation.payload or b"{}", arn=deployed.arn + qualifier,
        client_context=_client_context(invocation.client_context),
        trace_id=f"Root=1-{int(time.time()):08x}-{trace[:24]};Parent={trace[16:]};Sampled=0",
    )


def _client_context(encoded: str) -> str:
    """Base64 of JSON as JSON in ASCII."""
    if not encoded:
        return ""
    try:
        return json.dumps(json.loads(base64.b64decode(encoded, validate=True)))
    except ValueError:
        raise Refused(400, "InvalidRequestContentException",
                      "Client context must be a valid Base64-encoded JSON object.") from None
