"""A name or a URL -> Target. The only reader of the environment and of secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from checks.contract.contract import Contract, TargetSpec
from checks.sql.names import nearest
from checks.target.servers.given import given_dsn
from checks.values import UsageError

_URL = re.compile(r"(postgres|postgresql)://", re.IGNORECASE)


class Secret:
    """A string that no repr, format or traceback shows; `reveal` is called where it is spent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        """The value itself."""
        return self._value


@dataclass(frozen=True)
class Target:
    """Where to look, resolved: a spec plus what the environment added."""

    spec: TargetSpec
    dsn: Secret | None
    """The URL of a given database; None for Lambda routes and servers of ours."""

    @property
    def name(self) -> str:
        """What reports call it: the contract's name, or the URL without its password."""
        return self.spec.name

    @property
    def ours(self) -> bool:
        """Whether we start the server ourselves, so that it is scratch and gone at exit."""
        return self.spec.server != "given"

    @property
    def scratch(self) -> bool:
        """Whether this database may be destroyed."""
        return self.spec.writes == "scratch"


def resolve_target(wanted: str | None, contract: Contract, *, writes: str | None = None,
                   through: str | None = None, environ: Mapping[str, str] | None = None) -> Target:
    """The Target called `wanted`, or the contract's default.

    Args:
        wanted: a name in contract.toml, a `postgresql://` URL, or None.
        writes: `--writes`; only for URLs.
        through: `--through`; wins over the target's own.
        environ: the environment, `os.environ` unless given.

    Raises:
        UsageError: unknown name (nearest named), or the variable that holds the DSN is not set.
    """
    environ = os.environ if environ is None else environ
    name = contract.default_target if wanted is None else wanted
    if _URL.match(name):
        spec = TargetSpec(name=redacted(name), dsn="url", writes=writes or "never")
        return Target(replace(spec, through=through), Secret(name))
    if name not in contract.targets:
        raise UsageError(f"Unknown target {name.split('@')[-1]!r}. Known: {', '.join(contract.targets)} "
                         f"({contract.file.name}), or a postgresql:// URL.{nearest(name, contract.targets)}")
    spec = contract.targets[name]
    if writes is not None:
        raise UsageError(f"--writes is for postgresql:// URLs; target {name!r} says it in {contract.file.name}: "
                         f"[target.{name}] writes = {writes!r}")
    spec = replace(spec, through=through or spec.through)
    dsn = Secret(given_dsn(spec, contract.file.name, environ)) if spec.dsn else None
    return Target(replace(spec, dsn="given" if spec.dsn else ""), dsn)


def redacted(url: str) -> str:
    """`url` without password and without query parameters, which may hold secrets too."""
    try:
        parts = urlsplit(url)
        place = parts.hostname or "local"
        place += f":{parts.port}" if parts.port else ""
    except ValueError:
        return "postgresql://…"
    user = f"{parts.username}@" if parts.username else ""
    return f"postgresql://{user}{place}{parts.path}"
