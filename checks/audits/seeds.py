"""What a script under audit finds in the account beside the functions: SSM parameters and secrets of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from checks.contract.contract import Seeds
from checks.lambdas.client import local_client
from checks.lambdas.local.endpoint import LocalAws
from checks.lambdas.local.moto_account import blind
from checks.values import UsageError

DSN = "{dsn}"
"""Stands for the DSN of the audited database."""


def seed(aws: LocalAws, regions: Iterable[str], seeds: Seeds, dsn: str) -> None:
    """Gives the account its parameters and secrets, as they were before any run.

    Raises:
        UsageError: AWS would not take one of them.
    """
    from botocore.exceptions import ClientError

    if not seeds.parameters and not seeds.secrets:
        return
    _load_services()
    for region in regions:
        try:
            _put(aws.endpoint_url, region, seeds, dsn)
        except ClientError as error:
            raise UsageError(f"A parameter or secret of [audit] is refused: {error}. Correct it in the contract.") from None


@cache
def _load_services() -> None:
    """moto's modules read the user's AWS settings while they load: here they see none."""
    with blind():
        import moto.secretsmanager.models
        import moto.ssm.models  # noqa: F401


def _put(endpoint_url: str, region: str, seeds: Seeds, dsn: str) -> None:
    if seeds.parameters:
        ssm: Any = local_client("ssm", endpoint_url, region)
        for name, value in seeds.parameters.items():
            ssm.put_parameter(Name=name, Value=value.replace(DSN, dsn), Type="String", Overwrite=True)
    if seeds.secrets:
        manager: Any = local_client("secretsmanager", endpoint_url, region)
        for name, value in seeds.secrets.items():
            manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
            manager.create_secret(Name=name, SecretString=value.replace(DSN, dsn))
