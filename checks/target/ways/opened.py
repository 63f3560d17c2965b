"""The way into a given target: its DSN out of all its parts, and a tunnel that ends with the run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from checks.contract.contract import TargetSpec
from checks.contract.way.spec import ENCRYPTED, SYSTEM_ROOTS
from checks.target.refusals import NO_DSN
from checks.target.target import Secret, Target
from checks.target.ways.from_aws import host_from, parts_from, token
from checks.target.ways.tunnel import free_port, tunnelled, wants_port
from checks.values import Unreachable, UsageError

_PORTS = {"http": 80, "https": 443}


@contextmanager
def way_in(target: Target) -> Iterator[Secret | None]:
    """The DSN by which `target` is reached, for as long as the way is open; None where only a function reaches it.

    Raises:
        UsageError: the contract's parts do not go together.
        Unverified: AWS, or the tunnel, does not let us.
    """
    spec = target.spec
    if spec.route == "lambda":
        if not spec.way.tunnel:
            yield None
            return
        there = urlsplit(spec.way.endpoint_url or "")
        with tunnelled(spec, {}, there.hostname or "", there.port or _PORTS[there.scheme]):
            yield None
        return
    parts, password = _parts(target)
    if not spec.way.tunnel:
        yield _dsn(spec, parts, parts, password) if parts else target.dsn
        return
    parts = parts or dict(_parsed(target))
    host, port = _needed(spec, parts, "host", "PGHOST", "tunnel"), parts.get("port") or os.environ.get("PGPORT", "5432")
    local = {**parts, "host": host}
    if wants_port(spec):
        local = {**local, "hostaddr": "127.0.0.1", "port": str(free_port())}
    with tunnelled(spec, {"host": host, "port": port, "local_port": local.get("port", port)},
                   local.get("hostaddr", host), int(local.get("port", port))):
        yield _dsn(spec, {**parts, "host": host, "port": port}, local, password)


def _parts(target: Target) -> tuple[dict[str, str], Secret | None]:
    """The DSN's parts but for its password, and that; no parts where the target's `dsn` is all there is."""
    spec, way = target.spec, target.spec.way
    fixed = {"sslmode": way.sslmode, "sslrootcert": _roots(spec), "target_session_attrs": way.target_session_attrs}
    fixed = {name: value for name, value in fixed.items() if value}
    if not (fixed or way.leads or way.iam_auth or way.tunnel):
        return {}, None
    own = dict(_parsed(target))
    said = own.pop("password", None)
    password = Secret(said) if said is not None else None
    parts = {"service": way.service} if way.service else {}
    if way.secret:
        stored, kept = parts_from(spec)
        parts, password = {**parts, **stored}, password or kept
    if way.host_parameter:
        parts |= host_from(spec)
    parts |= {**own, **fixed}
    if way.iam_auth and parts.setdefault("sslmode", "require") not in ENCRYPTED:
        raise UsageError(f"Target {spec.name!r} has iam_auth = true, and a DSN with sslmode={parts['sslmode']}: RDS takes a "
                         f"token over TLS only. Set target.{spec.name}.sslmode = \"verify-full\".")
    return parts, password


def _dsn(spec: TargetSpec, known_as: Mapping[str, str], parts: Mapping[str, str], password: Secret | None) -> Secret:
    """The DSN; with iam_auth one whose password is made anew each time, for the host as RDS knows it."""
    from psycopg2.extensions import make_dsn

    if spec.way.iam_auth:
        host, user = (_needed(spec, known_as, name, variable, "iam_auth")
                      for name, variable in (("host", "PGHOST"), ("user", "PGUSER")))
        port = known_as.get("port") or os.environ.get("PGPORT", "5432")
        return Secret.made(lambda: make_dsn(**{**parts, "password": token(spec, host, port, user)}))
    if password is None:
        return Secret(make_dsn(**parts))
    return Secret.made(lambda: make_dsn(**{**parts, "password": password.reveal()}))


def _parsed(target: Target) -> Mapping[str, str]:
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        found: Mapping[str, str] = parse_dsn(target.dsn.reveal()) if target.dsn is not None else {}
    except (ProgrammingError, UnicodeError):
        raise Unreachable(NO_DSN.format(place=f"target {target.name!r}")) from None
    return found


def _needed(spec: TargetSpec, parts: Mapping[str, str], name: str, variable: str, key: str) -> str:
    found = parts.get(name) or os.environ.get(variable)
    if not found or "," in found:
        why = "names several" if found else "names none"
        raise UsageError(f"target.{spec.name}.{key} needs one {name}, and the target {why}: write {name}=… in its dsn"
                         + (", or host_parameter." if name == "host" else "."))
    return found


def _roots(spec: TargetSpec) -> str:
    file = spec.way.sslrootcert
    if file and file != SYSTEM_ROOTS and not Path(file).is_file():
        raise UsageError(f"target.{spec.name}.sslrootcert names {file}, which is not there. Put the certificates of the "
                         "server's authority there (of RDS: global-bundle.pem), or write sslrootcert = \"system\".")
    return file
