"""A database that somebody gave us: its DSN stands in the contract, or in the environment."""

from __future__ import annotations

import re
from collections.abc import Callable

from checks.contract.contract import TargetSpec
from checks.values import UsageError

VARIABLE = "env:"
"""Begins a `dsn` that names an environment variable."""


def given_dsn(spec: TargetSpec, contract_file: str, value_of: Callable[[str], str | None],
              kind: str = "target") -> str:
    """The DSN that `spec.dsn` is or refers to; it may hold a secret.

    Args:
        spec: the target.
        contract_file: its name, for messages.
        value_of: the value of an environment variable. A function, so that no traceback shows the environment.
        kind: `target` or `fleet`.

    Raises:
        UsageError: the variable is not set, or is none.
    """
    variable = variable_of(spec)
    if variable is None:
        return spec.dsn
    if re.fullmatch(r"[A-Za-z_]\w*", variable) is None:
        raise UsageError(f"{contract_file}: target.{spec.name}.dsn must name a variable after {VARIABLE!r}, such as "
                         f"{VARIABLE}STAGING_DSN")
    found = value_of(variable)
    if not found:
        raise UsageError(f"{kind.capitalize()} {spec.name!r} takes its DSN from ${variable}, which is not set "
                         f"({contract_file}: {kind}.{spec.name}.dsn). "
                         f"Set it: export {variable}=postgresql://…")
    return found


def variable_of(spec: TargetSpec) -> str | None:
    """The environment variable that holds the DSN, if one does."""
    return spec.dsn.removeprefix(VARIABLE) if spec.dsn.startswith(VARIABLE) else None
