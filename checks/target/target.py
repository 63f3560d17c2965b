"""A name or a URL -> Target. The only reader of the environment and of secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from checks.contract.contract import Contract, TargetSpec
from checks.contract.way.fleet import GLOB
from checks.sql.names import nearest
from checks.target.servers.given import given_dsn
from checks.values import UsageError

_URL = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_NO_GLOB = dict.fromkeys(map(ord, GLOB))
_LIKE_A_DSN = re.compile(r"://|=|@")


class Secret:
    """A string with no way to text but `reveal`, which is called where it is spent: not repr, format, pickle or ==."""

    __slots__ = ("reveal",)
    reveal: Callable[[], str]
    """Gives the value itself."""

    def __init__(self, value: str) -> None:
        self.reveal = lambda: value

    @classmethod
    def made(cls, make: Callable[[], str]) -> Secret:
        """A secret that `make` makes anew each time it is spent."""
        secret = cls("")
        secret.reveal = make
        return secret

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never written down or copied")


@dataclass(frozen=True)
class Target:
    """Where to look, resolved: a spec plus what the environment added."""

    spec: TargetSpec
    dsn: Secret | None
    """The DSN of a given database as far as `dsn` says it, see `ways`; None for Lambda routes and servers of ours."""

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
        wanted: a name in contract.toml, a DSN as libpq takes it (`postgresql://…` or `host=… dbname=…`), or None.
        writes: `--writes`; only for DSNs.
        through: `--through`; wins over the target's own.
        environ: the environment, `os.environ` unless given.

    Raises:
        UsageError: unknown name (nearest named), or the variable that holds the DSN is not set.
    """
    name = contract.default_target if wanted is None else wanted
    shown = None if name in contract.targets else redacted(name)
    if shown is not None:
        spec = TargetSpec(name=shown, dsn="url", writes=writes or "never")
        return Target(replace(spec, through=through), Secret(name))
    if name in contract.fleets or name.partition("/")[0] in contract.fleets and shown is None:
        raise UsageError(f"{name!r} is a fleet, or a part of one, and this asks one target: name it by its DSN, or under "
                         f"[target.NAME] of {contract.file.name}.")
    if name not in contract.targets and set(GLOB) & set(name) and not _LIKE_A_DSN.search(name):
        raise UsageError(f"{name!r} is a pattern, and this asks one target: name it. Known: {', '.join(contract.targets)} "
                         f"({contract.file.name}).")
    if name not in contract.targets:
        raise UsageError(unknown(name, contract))
    spec = contract.targets[name]
    if writes is not None:
        raise UsageError(f"--writes is for postgresql:// URLs; target {name!r} says it in {contract.file.name}: "
                         f"[target.{name}] writes = {writes!r}")
    spec = replace(spec, through=through or spec.through)
    dsn = Secret(given_dsn(spec, contract.file.name, lambda variable: (os.environ if environ is None else environ).get(
        variable))) if spec.dsn else None
    return Target(replace(spec, dsn="given" if spec.dsn else ""), dsn)


def unknown(name: str, contract: Contract, more: Iterable[str] = ()) -> str:
    """That there is no target `name`, what there is, and which is nearest; `more` are names of a fleet's targets."""
    known = [*contract.targets, *contract.fleets]
    close = "" if _LIKE_A_DSN.search(name) else nearest(name.translate(_NO_GLOB) or name, [*known, *more])
    return (f"{_unknown(name)} Known: {', '.join(known)} ({contract.file.name}), a postgresql:// URL, or host=… dbname=… as "
            f"libpq takes it.{close}")


def _unknown(name: str) -> str:
    """What is wrong with a target's name, without repeating what may be a part of a DSN."""
    if not _LIKE_A_DSN.search(name):
        return f"Unknown target {name[:80]!r}."
    scheme = re.match(r"[a-z][a-z0-9+.-]{0,40}://|jdbc:[a-z]{1,20}:", name, re.IGNORECASE)
    return f"Unknown target {(scheme[0] if scheme else '') + '…'!r}: it is no DSN that libpq reads."


def redacted(dsn: str) -> str | None:
    """The place that a DSN leads to, as a URL without a password or parameters, or None when `dsn` is none."""
    if not _URL.match(dsn) and "=" not in dsn:
        return None
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        parts: Mapping[str, str] = parse_dsn(dsn)
    except (ProgrammingError, UnicodeError):
        return "postgresql://…" if _URL.match(dsn) else None
    told = {name: value for name, value in parts.items() if _PLACE.fullmatch(value)}
    if len(told.keys() & {"user", "host", "port", "dbname"}) < len(parts.keys() & {"user", "host", "port", "dbname"}):
        return "postgresql://…"
    user = f"{told['user']}@" if "user" in told else ""
    host = told.get("host", told.get("hostaddr", "" if "service" in parts else "local"))
    if host.startswith("/"):
        host = "local"
    port = f":{told['port']}" if "port" in told else ""
    service = f"?service={told['service']}" if "service" in told else ""
    return f"postgresql://{user}{host}{port}" + (f"/{told['dbname']}" if "dbname" in told else "") + service


def holds_secret(dsn: str) -> bool:
    """Whether a DSN holds a password, or cannot be read, so that it may."""
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        return bool(parse_dsn(dsn).keys() & {"password", "sslpassword"}) or redacted(dsn) == "postgresql://…"
    except (ProgrammingError, UnicodeError):
        return True


_PLACE = re.compile(r"[\w .,/:-]{1,200}")
"""What names a place; a password that was not percent-encoded, and so was cut in two, holds other characters."""
