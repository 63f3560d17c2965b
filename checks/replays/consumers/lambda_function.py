"""A Lambda as consumer: a published version of it for each lane, so that each has its own database URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checks.contract.consumers import Consumer, LambdaConsumer
from checks.lambdas.client import invoke, local_client
from checks.lambdas.package import pack
from checks.lambdas.replies.endings import ending
from checks.lambdas.replies.reply import UnreadableError, read_json
from checks.replays.consumers.running import Receipt, Surroundings
from checks.values import Unverified, UsageError

CONTROL_TIMEOUT_S = 30.0
"""How long the endpoint may take to configure the function."""


class LambdaRunner:
    """Invokes the function synchronously; an answer of its own acknowledges, an error or a cut-off does not."""

    def __init__(self, spec: LambdaConsumer, given: Surroundings) -> None:
        if given.endpoint_url is None:
            raise Unverified(f"The Lambda consumer {spec.function} cannot be replayed: AWS cannot reach a "
                             "database proxy on this machine; use a target whose Lambdas run locally.")
        self._function, self._url, self._endpoint_url = spec.function, given.url, given.endpoint_url
        self._replies = spec.batch > 0
        self._version = ""
        self._clients: dict[float, Any] = {}
        self._control = self._client(CONTROL_TIMEOUT_S)
        self._before = self._environment()
        self.restart()

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Receipt:
        """See `Running`."""
        reply = invoke(self._client(timeout_s), self._function, dict(event), self._version)
        end = ending(reply)
        if reply.transport_error is not None and reply.transport_error.startswith("ReadTimeoutError"):
            self.restart()
            return Receipt(False, f"gave no answer within {timeout_s:g} s", hung=True)
        return Receipt(end is None, "" if end is None else end.reason,
                       reply=_answer(reply.payload) if self._replies else None)

    def restart(self) -> None:
        """Publishes a version of its own, whose environment holds this lane's database URL."""
        self._configure(self._before | {"DATABASE_URL": self._url})
        self._version = self._control.publish_version(FunctionName=self._function)["Version"]

    def close(self) -> None:
        """Gives the function its own environment back."""
        self._configure(self._before)

    def _environment(self) -> dict[str, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._control.get_function_configuration(FunctionName=self._function)
        except self._control.exceptions.ResourceNotFoundException:
            raise UsageError(f"There is no Lambda function {self._function!r} on {self._endpoint_url}; "
                             "deploy it there, or correct consumer.lambda in the contract.") from None
        except (BotoCoreError, ClientError) as error:
            raise Unverified(f"The endpoint {self._endpoint_url} does not answer for {self._function}: "
                             f"{error}. Start it, or choose another target.") from None
        variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
        return {name: value for name, value in variables.items() if name != "DATABASE_URL"}

    def _configure(self, variables: Mapping[str, str]) -> None:
        self._control.update_function_configuration(FunctionName=self._function,
                                                   Environment={"Variables": dict(variables)})

    def _client(self, read_timeout_s: float) -> Any:
        if read_timeout_s not in self._clients:
            self._clients[read_timeout_s] = local_client("lambda", self._endpoint_url, read_timeout_s=read_timeout_s)
        return self._clients[read_timeout_s]


def _answer(payload: bytes) -> Any:
    """What the function answered; as text where it is no JSON."""
    try:
        return read_json(payload) if payload else None
    except UnreadableError:
        return payload.decode("utf-8", "replace")


@contextmanager
def local_endpoint(consumer: Consumer | None, root: Path, key: str) -> Iterator[str | None]:
    """A local endpoint that runs `consumer`, when it is a Lambda with a source; else None.

    Args:
        consumer: of one `[dedupe.NAME]`.
        root: the contract's folder.
        key: where the contract names the source, for messages.

    Raises:
        UsageError: the source is not there.
    """
    if not isinstance(consumer, LambdaConsumer) or not consumer.source:
        yield None
        return
    from checks.lambdas.local.endpoint import local_aws

    folder, *files = (root / path for path in consumer.source)
    missing = next((path for path in (folder, *files) if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"{key}: there is no {missing}.")
    with local_aws() as aws:
        aws.deploy(consumer.function, pack(folder, {path.name: path.read_bytes() for path in files}))
        yield aws.endpoint_url
