"""moto's state, one AWS account for each endpoint, and none of the user's AWS settings in it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

from checks.lambdas.client import BLIND

_FIRST_ACCOUNT = 123456789012
_accounts: set[int] = set()
_accounts_lock = threading.Lock()


def take_account() -> int:
    """The lowest account number that no open endpoint has; moto's default one first."""
    with _accounts_lock:
        account = next(number for number in count(_FIRST_ACCOUNT) if number not in _accounts)
        _accounts.add(account)
        return account


def give_account_back(account: int) -> None:
    """Forgets everything moto keeps of the account."""
    from moto.core import base_backend

    backends: Any = base_backend.BackendDict
    for backend in list(backends._instances):
        backend.pop(str(account), None)
    with _accounts_lock:
        _accounts.discard(account)


def create_role(account: str, region: str) -> str:
    """Makes the role that functions need; returns its ARN."""
    from moto.iam.models import iam_backends
    from moto.utilities.utils import get_partition

    backend = iam_backends[account][get_partition(region)]
    role = backend.create_role(
        role_name="lambda", assume_role_policy_document="{}", path="/", permissions_boundary=None,
        description="", tags=[], max_session_duration="3600")
    return str(role.arn)


@cache
def hide_profile() -> None:
    """Lets moto make its own session, for region names only, now and blind to the user's AWS settings.

    moto keeps it for the life of the process, so this is done once. Some services' modules (ec2, which ssm
    and ecs import) make another while they load: these need AWS_PROFILE, if set, to name a profile there is.
    """
    from moto.core.base_backend import AccountSpecificBackend

    with blind():
        session: Any = AccountSpecificBackend.get_session()
        session._session.session_var_map.update(BLIND)


@contextmanager
def blind() -> Iterator[None]:
    """A time in which the user's AWS settings are not in the environment."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    os.environ.update({"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})
    try:
        yield
    finally:
        del os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]
        os.environ.update(hidden)
