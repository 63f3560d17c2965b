"""What a deploy script is run in: nothing there leads to a real account or database, all of it to a local endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from checks.isolation.variables import harmless
from checks.lambdas.client import DUMMY_CREDENTIALS

NOWHERE = "http://127.0.0.1:9"
"""The proxy that scripts are given for everything that is not on this machine: nothing listens there."""
SERVICES = ("LAMBDA", "ECS", "ECR", "S3", "STS", "IAM", "SSM", "SECRETS_MANAGER", "CLOUDWATCH", "CLOUDWATCH_LOGS",
            "CLOUDFORMATION", "DYNAMODB", "EVENTBRIDGE", "KMS", "RDS", "SFN", "SNS", "SQS")
"""Services that moto serves and deploy scripts use; AWS_ENDPOINT_URL covers the others."""


def environment(base: Mapping[str, str], endpoint_url: str, region: str, folder: Path,
                databases: Mapping[str, str]) -> dict[str, str]:
    """What of `base` leads nowhere, and what leads to the endpoint.

    Args:
        base: the parent's environment.
        endpoint_url: the local endpoint.
        region: of the contract.
        folder: where `write_profiles` wrote the files.
        databases: variable -> DSN of the audited world, for the variables that the contract takes DSNs from.
    """
    aws = {"AWS_ENDPOINT_URL": endpoint_url, **{f"AWS_ENDPOINT_URL_{name}": endpoint_url for name in SERVICES},
           "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
           "AWS_PAGER": "", **DUMMY_CREDENTIALS}
    local = "127.0.0.1,localhost,::1"
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), NOWHERE)
    return {**harmless(base), **aws, **proxies, "NO_PROXY": local, "no_proxy": local, **databases}


def write_profiles(folder: Path, profiles: Iterable[str], region: str) -> None:
    """Writes AWS config and credentials files in which every profile has dummy credentials."""
    keys = "".join(f"{name.lower()} = {value}\n" for name, value in DUMMY_CREDENTIALS.items())
    names = sorted({"default", *profiles})
    (folder / "credentials").write_text("".join(f"[{name}]\n{keys}" for name in names), encoding="utf-8")
    (folder / "config").write_text("".join(
        f"[{'' if name == 'default' else 'profile '}{name}]\nregion = {region}\n" for name in names), encoding="utf-8")
