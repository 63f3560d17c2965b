"""How AWS is asked for a target: region, profile, role and endpoint of its contract; and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checks.contract.contract import TargetSpec
from checks.values import Unreachable, UsageError

ROLE_SESSION = "postdeploy-checks"
"""What CloudTrail calls a session under an assumed role."""
_LACKING = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "SSOTokenLoadError")
_RUN_OUT = ("ExpiredToken", "TokenRefreshRequired", "RequestExpired", "UnauthorizedSSOTokenError", "TokenRetrievalError")
_UNKNOWN = ("UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch", "AuthFailure")
_MISSING = ("ResourceNotFound", "ParameterNotFound", "ParameterVersionNotFound")
_BUSY = ("TooManyRequests", "Throttling", "ThrottledException", "RequestLimitExceeded", "SlowDown", "ServiceUnavailable")
_SILENT = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError",
           "ProxyConnectionError", "SSLError")
_REMEDIES = (
    (_LACKING, "Give credentials: AWS_PROFILE, or profile in the contract."),
    (_RUN_OUT, "The credentials have run out: log in again (aws sso login), then run again."),
    (_UNKNOWN, "Look at the credentials and at this machine's clock."),
    (("AccessDenied", "UnauthorizedOperation"), "Allow {action} to the role that asks."),
    (_MISSING, "Look at the name, and at region and profile in the contract."),
    (_BUSY, "Too much is asked of it at once: run again in a minute, or raise its limit."),
    (_SILENT, "Look at region and endpoint_url in the contract and at the network."),
)
"""Parts of the names that AWS and botocore give their errors, and what to do."""


def remedy_of(words: str, action: str) -> str:
    """What to do about an error of AWS or botocore whose name stands in `words`; empty when nothing is known.

    Args:
        words: its name, or a sentence with it.
        action: the IAM action that was asked for, `ssm:GetParameter`.
    """
    return next((remedy.format(action=action) for names, remedy in _REMEDIES if any(name in words for name in names)), "")


def aws_client(service: str, spec: TargetSpec, **config: Any) -> Any:
    """A boto3 client for `spec`: its region, its profile, under the role that it assumes, at its endpoint.

    Args:
        service: `lambda`, `secretsmanager`, ….
        spec: whose keys say how.
        config: of botocore's Config, beside its time-outs.

    Raises:
        Unreachable: boto3 finds no region, no such profile or no credentials, or may not take on the role.
        UsageError: the region is no name of one.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    settings = Config(**{"connect_timeout": 10, "tcp_keepalive": True, **config})
    try:
        session = boto3.Session(profile_name=spec.profile, region_name=spec.region)
        if spec.way.assume_role is not None:
            session = _assumed(session, spec, spec.way.assume_role)
        return session.client(service, config=settings, endpoint_url=spec.way.endpoint_url)
    except BotoCoreError as error:
        if isinstance(error, ValueError):  # what was written is no name of a region
            raise UsageError(f"No {service} client for target {spec.name!r}: {_ended(str(error))} Look at region in the "
                             "contract, or AWS_REGION.") from None
        remedy = remedy_of(type(error).__name__, "") or ("Set region (and profile) in the contract, or AWS_REGION and "
                                                         "AWS_PROFILE.")
        raise Unreachable(f"No {service} client for target {spec.name!r}: {_ended(str(error))} {remedy}") from None
    except ValueError as error:
        raise UsageError(f"No {service} client for target {spec.name!r}: {error}.") from None


def _assumed(session: Any, spec: TargetSpec, role: str) -> Any:
    import boto3

    with telling(f"The role {role} of target {spec.name!r} cannot be assumed", "sts:AssumeRole"):
        given = session.client("sts", endpoint_url=spec.way.endpoint_url).assume_role(
            RoleArn=role, RoleSessionName=ROLE_SESSION)["Credentials"]
        return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"],
                             region_name=session.region_name)


@contextmanager
def telling(what: str, action: str) -> Iterator[None]:
    """Turns what boto3 raises into a sentence of ours.

    Args:
        what: what is not to be had, as the beginning of the sentence.
        action: the IAM action.

    Raises:
        Unreachable: AWS refused, or did not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        name = str(error.response.get("Error", {}).get("Code") or "no reason given")[:80]
        raise Unreachable(f"{what}: AWS says {name}. {remedy_of(name, action)}".rstrip()) from None
    except BotoCoreError as error:
        name = type(error).__name__
        remedy = remedy_of(name, action) or "Look at region and profile in the contract."
        raise Unreachable(f"{what}: {name}. {remedy}") from None


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."
