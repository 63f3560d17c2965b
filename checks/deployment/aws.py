"""Asks AWS: clients that only read and wait out throttling, every page, and refusals that name the IAM action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from checks.contract.contract import TargetSpec
from checks.lambdas.aws import aws_client
from checks.lambdas.client import REGION, local_client
from checks.values import Unreachable, Unverified

ATTEMPTS = 5
"""Of one call, with growing pauses: throttling is waited out."""
CLOCK = ("RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch",
         "RequestInTheFuture")
"""Codes of a signature that does not hold: a wrong clock, or a wrong secret key."""
CREDENTIALS = ("UnrecognizedClientException", "ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId",
               "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException")
MISSING = ("ResourceNotFoundException", "ClusterNotFoundException", "ServiceNotFoundException")
Answer = Mapping[str, Any]
"""What a call answered, with its ResponseMetadata."""
T = TypeVar("T")


class NotAllowed(Unverified):
    """AWS did not let us look."""

    def __init__(self, action: str) -> None:
        super().__init__(f"AWS does not let us ask: {action} is denied.")
        self.action = action


class NotThere(Unverified):
    """AWS knows no such thing in this account and region."""


def reading_client(service: str, spec: TargetSpec, endpoint_url: str | None = None) -> Any:
    """A boto3 client that retries what is throttled; it is only used to read.

    Args:
        service: `ecs`, `logs` or `lambda`.
        spec: region, profile, role, endpoint.
        endpoint_url: a local endpoint; then credentials are ours too, and no profile is read.

    Raises:
        Unreachable: boto3 finds no region or no such profile.
        UsageError: the region is no name of one.
    """
    if endpoint_url:
        return local_client(service, endpoint_url, spec.region or REGION)
    return aws_client(service, spec, retries={"total_max_attempts": ATTEMPTS, "mode": "standard"}, read_timeout=60)


def asked(ask: Callable[..., Any], action: str, **what: Any) -> Answer:
    """What one call answers.

    Args:
        ask: a method of a client.
        action: the IAM action that it needs, `ecs:DescribeServices`.
        what: the call's parameters.

    Raises:
        NotAllowed: AWS refuses it to us.
        NotThere: there is no such thing.
        Unverified: no answer.
    """
    with _told(action, ask.__self__ if hasattr(ask, "__self__") else None):
        answer: Answer = ask(**what)
        return answer


def pages(client: Any, operation: str, action: str, **what: Any) -> Iterator[Answer]:
    """Every page of a call; errors as `asked` has them."""
    with _told(action, client):
        yield from client.get_paginator(operation).paginate(**what)


def looked(look: Callable[[], T]) -> T | Unverified:
    """What `look` saw, or why it could not."""
    try:
        return look()
    except Unverified as why:
        return why


def time_of(answer: Answer) -> dt.datetime | None:
    """When AWS answered, by its own clock, in UTC."""
    try:
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(dt.UTC)
    except (KeyError, TypeError, ValueError):
        return None


def as_utc(time: Any) -> dt.datetime | None:
    """A time that boto3 gave, in UTC."""
    return time.astimezone(dt.UTC) if isinstance(time, dt.datetime) else None


class _told:  # noqa: N801
    """Turns what boto3 raises into what may be told."""

    def __init__(self, action: str, client: Any) -> None:
        self.action = action
        self.region = getattr(getattr(client, "meta", None), "region_name", None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            raise self._refused(str(error.response.get("Error", {}).get("Code", ""))) from None
        if isinstance(error, BotoCoreError):
            raise self._unanswered(type(error).__name__) from None

    def _refused(self, code: str) -> Unverified:
        if code.startswith(("AccessDenied", "UnauthorizedOperation")):
            return NotAllowed(self.action)
        if code in MISSING:
            return NotThere(f"AWS knows no such thing in this account{self._here} ({self.action}: {code}).")
        if code in CLOCK:
            return Unverified(f"AWS refused the signature of {self.action} ({code}): this machine's clock is wrong, or the "
                              "secret key is. Compare `date -u` with the time elsewhere.")
        if code in CREDENTIALS:
            return Unverified(f"AWS does not know these credentials ({self.action}: {code}). Log in again, or set profile.")
        return Unverified(f"AWS refused {self.action}: {code}.")

    def _unanswered(self, name: str) -> Unverified:
        if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
                    "UnauthorizedSSOTokenError", "SSOTokenLoadError"):
            return Unverified(f"There are no AWS credentials to ask {self.action} with. Log in, or set profile.")
        if name in ("EndpointConnectionError", "ConnectTimeoutError"):
            return Unreachable(f"Nobody answers {self.action}{self._here}. Look at `region` of the target and at the "
                               "network.")
        return Unverified(f"AWS did not answer {self.action}: {name}.")

    @property
    def _here(self) -> str:
        return f" in region {self.region}" if self.region else ""
