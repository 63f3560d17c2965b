"""The AWS side of a Lambda: a client that never invokes twice, one invocation, and what a function's name is."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from checks.contract.contract import TargetSpec
from checks.lambdas.aws import aws_client
from checks.lambdas.replies.reply import Reply

READ_TIMEOUT_S = 910
"""Above Lambda's longest function timeout, 15 minutes."""
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
                     "AWS_SESSION_TOKEN": "testing"}
"""What a local endpoint is asked with, as environment variables."""
BLIND: dict[str, Any] = {
    "profile": (None, None, None, None), "ca_bundle": (None, None, None, None),
    "config_file": (None, None, os.devnull, None), "credentials_file": (None, None, os.devnull, None),
}
"""botocore session variables under which neither the user's AWS files nor their environment say anything."""
REGION = "us-west-2"
"""Of a local endpoint, where the contract names none."""


def lambda_client(spec: TargetSpec, endpoint_url: str | None = None) -> Any:
    """A boto3 Lambda client for `spec`: no retries, so that nothing is invoked twice.

    Args:
        spec: its region, profile, role and endpoint.
        endpoint_url: a local endpoint; then credentials are ours too, and no profile is read.

    Raises:
        as `aws_client` has them.
    """
    if endpoint_url:
        return local_client("lambda", endpoint_url, spec.region or REGION)
    return aws_client("lambda", spec, retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=READ_TIMEOUT_S)


def local_client(service: str, endpoint_url: str, region: str = REGION, read_timeout_s: float = READ_TIMEOUT_S) -> Any:
    """A boto3 client of a local endpoint: dummy credentials, no profile, no retries, no proxy."""
    import boto3
    import botocore.session
    from botocore.config import Config

    names = {name.lower(): value for name, value in DUMMY_CREDENTIALS.items()}
    core = botocore.session.Session(session_vars=BLIND)
    session = boto3.session.Session(botocore_session=core, region_name=region, **names)
    return session.client(service, endpoint_url=endpoint_url, config=Config(
        retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=read_timeout_s, max_pool_connections=32,
        proxies={},
    ))


def invoke(client: Any, function: str, event: dict[str, Any], qualifier: str | None = None) -> Reply:
    """Invokes once and returns what came back, errors of the transport included; nothing is believed here.

    Args:
        client: from `lambda_client`.
        function: name or ARN.
        event: the payload, a JSON object.
        qualifier: version or alias.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    more = {"Qualifier": qualifier} if qualifier else {}
    try:
        answer = client.invoke(FunctionName=function, InvocationType="RequestResponse", LogType="Tail",
                               Payload=json.dumps(event).encode(), **more)
        payload = answer["Payload"].read()
    except ClientError as error:
        details = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return Reply(status=status, transport_error=f"{details.get('Code')}: {details.get('Message')}"[:300])
    except BotoCoreError as error:
        return Reply(status=None, transport_error=f"{type(error).__name__}: {error}"[:300])
    except Exception as error:  # urllib3's own, when the body breaks off in mid-read
        return Reply(status=None, transport_error=f"{type(error).__name__}: the reply broke off")
    tail = answer.get("LogResult", "")
    return Reply(status=answer["StatusCode"], function_error=answer.get("FunctionError"),
                 executed_version=answer.get("ExecutedVersion"),
                 log_tail=base64.b64decode(tail).decode("utf-8", "replace") if tail else "", payload=payload,
                 retries=answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def plain_name(function: str) -> str:
    """The name in what may be an ARN, `name:qualifier` or just a name."""
    name, *rest = function.split(":")
    return rest[rest.index("function") + 1] if "function" in rest[:-1] else name
