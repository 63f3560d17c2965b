"""A database that somebody gave us: its DSN stands in the contract, or in the environment."""

from __future__ import annotations

from collections.abc import Mapping

from checks.contract.contract import TargetSpec
from checks.values import UsageError

VARIABLE = "env:"
"""Begins a `dsn` that names an environment variable."""


def given_dsn(spec: TargetSpec, contract_file: str, environ: Mapping[str, str]) -> str:
    """The DSN that `spec.dsn` is or refers to; it may hold a secret.

    Raises:
        UsageError: the variable is not set.
    """
    variable = variable_of(spec)
    if variable is None:
        return spec.dsn
    if not environ.get(variable):
        raise UsageError(f"Target {spec.name!r} takes its DSN from ${variable}, which is not set "
                         f"({contract_file}: target.{spec.name}.dsn). "
                         f"Set it: export {variable}=postgresql://…")
    return environ[variable]


def variable_of(spec: TargetSpec) -> str | None:
    """The environment variable that holds the DSN, if one does."""
    return spec.dsn.removeprefix(VARIABLE) if spec.dsn.startswith(VARIABLE) else None
