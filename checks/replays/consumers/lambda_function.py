"""A Lambda as consumer: a published version of it for each lane, so that each has its own database URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.contract.dedupe import LambdaConsumer
from checks.lambdas.replies.endings import ending
from checks.replays.consumers.answer import Answer
from checks.target.through_lambda import invoke
from checks.values import Unverified, UsageError


class LambdaRunner:
    """Invokes the function synchronously; an answer of its own acknowledges, an error or a cut-off does not."""

    def __init__(self, spec: LambdaConsumer, url: str, endpoint_url: str | None) -> None:
        if endpoint_url is None:
            raise Unverified(f"The Lambda consumer {spec.function} cannot be replayed: AWS cannot reach a "
                             "database proxy on this machine; use a target whose Lambdas run locally.")
        self._function, self._url, self._endpoint_url = spec.function, url, endpoint_url
        self._version = ""
        self._client = self._connect(30.0)
        self._before = self._environment()
        self.restart()

    def deliver(self, event: Mapping[str, Any], timeout_s: float) -> Answer:
        """See `consumer.Running`."""
        reply = invoke(self._connect(timeout_s), self._function, dict(event), self._version)
        end = ending(reply)
        if reply.transport_error is not None and reply.transport_error.startswith("ReadTimeoutError"):
            self.restart()
            return Answer(False, f"gave no answer within {timeout_s:g} s", hung=True)
        return Answer(end is None, "" if end is None else end.reason)

    def restart(self) -> None:
        """Publishes a version of its own, whose environment holds this lane's database URL."""
        self._configure(self._before | {"DATABASE_URL": self._url})
        self._version = self._client.publish_version(FunctionName=self._function)["Version"]

    def close(self) -> None:
        """Gives the function its own environment back."""
        self._configure(self._before)

    def _environment(self) -> dict[str, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._client.get_function_configuration(FunctionName=self._function)
        except self._client.exceptions.ResourceNotFoundException:
            raise UsageError(f"There is no Lambda function {self._function!r} on {self._endpoint_url}; "
                             "deploy it there, or correct consumer.lambda in the contract.") from None
        except (BotoCoreError, ClientError) as error:
            raise Unverified(f"The endpoint {self._endpoint_url} does not answer for {self._function}: "
                             f"{error}. Start it, or choose another target.") from None
        variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
        return {name: value for name, value in variables.items() if name != "DATABASE_URL"}

    def _configure(self, variables: Mapping[str, str]) -> None:
        self._client.update_function_configuration(FunctionName=self._function,
                                                   Environment={"Variables": dict(variables)})

    def _connect(self, timeout_s: float) -> Any:
        import boto3
        from botocore.config import Config

        if getattr(self, "_timeout_s", None) != timeout_s:
            self._timeout_s = timeout_s
            config = Config(retries={"total_max_attempts": 1}, read_timeout=timeout_s, proxies={})
            self._client = boto3.client(
                "lambda", endpoint_url=self._endpoint_url, region_name="us-west-2", config=config,
                aws_access_key_id="testing", aws_secret_access_key="testing")
        return self._client
