"""Reads the way's keys of one target, and its timeouts."""

from __future__ import annotations

import re
from pathlib import Path

from checks.contract.toml_table import TomlTable
from checks.contract.way.spec import (
    ENCRYPTED,
    SESSION_ATTRS,
    SSL_MODES,
    SYSTEM_ROOTS,
    USUAL_TIMEOUTS,
    Timeouts,
    WaySpec,
)

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000}
_LONGEST_MS = 86_400_000


def read_way(table: TomlTable, root: Path) -> WaySpec:
    """The way's keys of one target.

    Args:
        table: `[target.NAME]`.
        root: the contract's folder.

    Raises:
        UsageError: with the key path and the remedy.
    """
    way = WaySpec(
        service=table.text("service", ""), secret=table.text("secret", ""),
        host_parameter=table.text("host_parameter", ""), iam_auth=table.take("iam_auth", bool, False),
        sslmode=_one_of(table, "sslmode", SSL_MODES), sslrootcert=_file(table, "sslrootcert", root),
        target_session_attrs=_one_of(table, "target_session_attrs", SESSION_ATTRS),
        tunnel=table.texts("tunnel", ()), assume_role=table.take("assume_role", str),
        endpoint_url=table.take("endpoint_url", str))
    if way.iam_auth and way.sslmode and way.sslmode not in ENCRYPTED:
        raise table.error("sslmode", f"cannot be {way.sslmode!r} with iam_auth = true: RDS takes a token over TLS only. "
                                     "Write \"verify-full\", with sslrootcert, or \"require\"")
    if way.assume_role is not None and not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/\S+", way.assume_role):
        raise table.error("assume_role", "must be the role's ARN, such as arn:aws:iam::123456789012:role/reader")
    if way.endpoint_url is not None and not re.match(r"https?://[^/\s]", way.endpoint_url):
        raise table.error("endpoint_url", "must be a URL, such as https://vpce-1a2b.lambda.us-west-2.vpce.amazonaws.com")
    return way


def check_way(table: TomlTable, way: WaySpec, *, server: str, route: str, dsn: str) -> None:
    """Whether the way goes with the rest of the target, which has these keys too.

    Raises:
        UsageError: it does not.
    """
    asked = [name for name, value in (("service", way.service), ("secret", way.secret), ("iam_auth", way.iam_auth),
                                      ("host_parameter", way.host_parameter), ("sslmode", way.sslmode),
                                      ("sslrootcert", way.sslrootcert), ("tunnel", way.tunnel),
                                      ("target_session_attrs", way.target_session_attrs)) if value]
    if server != "given":
        for name in asked:
            raise table.error(name, f"does not go with server = {server!r}, which lends its own database")
    elif route == "lambda":
        for name in asked:
            if name != "tunnel":
                raise table.error(name, "does not go with route = 'lambda': the function logs in, not we")
        if way.tunnel and way.endpoint_url is None:
            raise table.error("tunnel", "needs endpoint_url with route = 'lambda': the port that it opens here")
    elif not dsn and not way.leads:
        raise table.error("dsn", "is missing; write dsn = \"env:NAME\", service, secret or host_parameter, "
                                 "or route = \"lambda\", or server = \"embedded\"")


def read_timeouts(table: TomlTable) -> Timeouts:
    """The timeouts of one target.

    Raises:
        UsageError: with the key path and the remedy.
    """
    usual = USUAL_TIMEOUTS
    return Timeouts(length_ms(table, "statement_timeout", usual.statement_ms),
                    length_ms(table, "lock_timeout", usual.lock_ms),
                    length_ms(table, "idle_timeout", usual.idle_ms))


def length_ms(table: TomlTable, key: str, default: int) -> int:
    """The length of time at `key`, in milliseconds.

    Raises:
        UsageError: it has no unit, or is none.
    """
    text = table.take(key, object)
    if text is None:
        return default
    found = re.fullmatch(r"(\d{1,9})\s*([a-z]+)", text.strip()) if isinstance(text, str) else None
    length = int(found[1]) * _UNITS_MS.get(found[2], 0) if found else 0
    if not 0 < length <= _LONGEST_MS:
        raise table.error(key, f"must be a length of time with its unit, such as \"500ms\", \"30s\" or \"2min\", above 0 "
                               f"and at most 24 hours, not {str(text)[:40]!r}")
    return length


def _one_of(table: TomlTable, key: str, words: tuple[str, ...]) -> str:
    return table.choice(key, words, words[0]) if key in table else str(table.take(key, str, ""))


def _file(table: TomlTable, key: str, root: Path) -> str:
    name = table.text(key, "")
    return name if name in ("", SYSTEM_ROOTS) else str(root / Path(name).expanduser())
