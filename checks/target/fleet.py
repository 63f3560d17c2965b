"""`[fleet.NAME]` -> the targets that it has now: a SELECT asked as carefully as all else, or a command's lines."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import NamedTuple

from checks.contract.contract import Contract, FleetSpec
from checks.contract.way.fleet import BETWEEN
from checks.contract.way.spec import NO_DETOUR
from checks.target.routes.direct import open_session
from checks.target.servers.given import given_dsn
from checks.target.target import Secret, Target, redacted
from checks.target.ways.opened import way_in
from checks.values import Rejected, Unverified, UsageError, as_unverified

MOST = 100_000
"""So many targets a fleet may have."""


class Listed(NamedTuple):
    """The targets of a fleet."""

    targets: tuple[Target, ...]
    """In the order of their names, each once."""
    unknown: Mapping[str, str]
    """Name of each of them that stands for a row which names no database -> why it cannot be looked at."""


def fleet_targets(fleet: FleetSpec, contract: Contract, through: str | None, environ: Mapping[str, str]) -> Listed:
    """The targets of `fleet`.

    Raises:
        UsageError: the variable with the DSN is not set, the command is not there, or the SELECT is wrong.
        Unverified: there is none, or nobody could say which there are; the message holds nothing of what a command printed,
            or of what a row holds.
    """
    spec = replace(fleet.spec, through=through or fleet.spec.through)
    with as_unverified():
        rows = None if fleet.command else _selected(fleet, contract, environ)
        members = _printed(fleet, contract, environ) if rows is None else rows.databases
        base = replace(spec, dsn="given", fleet=spec.name, way=spec.way if fleet.command else NO_DETOUR)
        found = {name: Target(replace(base, name=f"{spec.name}{BETWEEN}{name}"), dsn) for name, dsn in members}
        unknown = {f"{spec.name}{BETWEEN}row {number}": why for number, why in (rows.others if rows else {}).items()}
        found |= {name: Target(replace(base, name=name), None) for name in unknown}
    if not found:
        lists = "its command prints" if fleet.command else "its SELECT gives"
        raise Unverified(f"fleet.{spec.name} has no target: {lists} nothing, and a look at nothing is not green. Look at "
                         "what lists it.")
    return Listed(tuple(sorted(found.values(), key=lambda target: target.name)), unknown)


class _Rows(NamedTuple):
    """What a SELECT listed."""

    databases: Sequence[tuple[str, Secret]]
    """(name, DSN) of those that are there; a name of the catalogue is no value of a row."""
    others: Mapping[int, str]
    """Number of each row that names none, from 1 -> why."""


_NO_NAME = "It holds no name of a database, but NULL or nothing. Look at what {where} selects."
_NO_DATABASE = ("It names no database of that server (what it holds is not printed, since it may be a DSN with a secret). "
                "Look at what {where} selects: names of databases; for DSNs there is `command`.")
_REMEDIES = (
    ("42501", "Let the role that dsn names read what it lists."),
    ("57014", "It took longer than statement_timeout of the fleet: make it faster, or raise that."),
    ("55P03", "Somebody holds a table: run again later, or raise lock_timeout of the fleet."),
    ("25", "It is asked READ ONLY: let it select names, and change nothing."),
    ("0A", "It is asked within another SELECT: let it select names, and change nothing."),
)
"""How the SQLSTATE of a refusal begins -> what to do."""


def _selected(fleet: FleetSpec, contract: Contract, environ: Mapping[str, str]) -> _Rows:
    """The databases that the SELECT names."""
    spec, where = fleet.spec, f"{contract.file.name}: fleet.{fleet.spec.name}.databases"
    dsn = Secret(given_dsn(spec, contract.file.name, environ.get, "fleet")) if spec.dsn else None
    place = Target(replace(spec, dsn="given" if spec.dsn else ""), dsn)
    with way_in(place) as way, closing(open_session(place, way, None)) as session:
        try:
            rows = session.ask(f"SELECT * FROM (\n{fleet.databases}\n) AS listed LIMIT {MOST + 1}")
            there = {name for name, in session.ask("SELECT d.datname::pg_catalog.text FROM pg_catalog.pg_database d")}
            session.rest()
        except Rejected as refusal:
            told = f"{where} was refused: {refusal}."
            if refusal.sqlstate.startswith("42") and refusal.sqlstate != "42501":
                raise UsageError(f"{told} It is asked READ ONLY with search_path = pg_catalog, so name tables of your own "
                                 "with their schema.") from None
            remedy = next((remedy for state, remedy in _REMEDIES if refusal.sqlstate.startswith(state)),
                          "Run it by itself to see why.")
            raise Unverified(f"{told} {remedy}") from None
    if any(len(row) != 1 or not isinstance(row[0], str | None) for row in rows):
        raise UsageError(f"{where} must select one column, the name of a database in each row as text.")
    _few_enough(len(rows), fleet)
    others = {number: (_NO_DATABASE if name else _NO_NAME).format(where=where)
              for number, (name,) in enumerate(rows, 1) if name not in there}
    return _Rows([(name, _leading_to(way, name)) for name, in rows if name in there], others)


def _leading_to(way: Secret | None, database: str) -> Secret:
    """The DSN of the fleet, with another database."""
    from psycopg2.extensions import make_dsn

    return Secret.made(lambda: make_dsn(way.reveal() if way is not None else "", dbname=database))


def _printed(fleet: FleetSpec, contract: Contract, environ: Mapping[str, str]) -> Iterator[tuple[str, Secret]]:
    """(name, DSN) of each line; a DSN alone is named by its database, and by its place where several have one such."""
    where = f"fleet.{fleet.spec.name}.command"
    lines = [line.strip() for line in _output(fleet, contract, environ, where).splitlines()]
    named: dict[str, str] = {}
    alone: list[str] = []
    for number, line in enumerate(lines, 1):
        name, _, dsn = line.partition("=")
        if not line or line.startswith("#"):
            continue
        if redacted(line) is not None and _reads(line):
            alone.append(line)
        elif name.strip() and _reads(dsn.strip()):
            if named.setdefault(name.strip(), dsn.strip()) != dsn.strip():
                raise Unverified(f"{where} printed two DSNs under one name, the second in line {number}. Give each its "
                                 "own.")
        else:
            raise Unverified(f"Line {number} of what {where} printed is neither a DSN nor NAME=DSN as libpq reads them, "
                             "such as acme=postgresql://host/acme. Run it by itself to see.")
    _few_enough(len(named) + len(alone), fleet)
    databases = {dsn: _database(dsn) for dsn in dict.fromkeys(alone)}
    count = Counter([*databases.values(), *named])
    for dsn, database in databases.items():
        place = (redacted(dsn) or "").removeprefix("postgresql://").partition("@")
        short = database if database and count[database] == 1 else place[2] or place[0]
        if named.setdefault(short, dsn) != dsn:
            raise Unverified(f"{where} printed two DSNs that lead to {short}. Print NAME=DSN to tell them apart.")
    yield from ((name, Secret(dsn)) for name, dsn in named.items())


def _output(fleet: FleetSpec, contract: Contract, environ: Mapping[str, str], where: str) -> str:
    """What the command printed; it may hold secrets, so no message quotes it."""
    try:
        running = subprocess.Popen(fleet.command, cwd=contract.root, env=dict(environ), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds a NUL character"
        raise UsageError(f"{where} cannot be run: {why}: {fleet.command[0]}. Install it, or name it by its path.") from None
    try:
        printed, _ = running.communicate(timeout=fleet.timeout_ms / 1000)
    except subprocess.TimeoutExpired:
        raise Unverified(f"{where} printed no list within {fleet.timeout_ms / 1000:,g} s. Run it by itself, or raise "
                         f"fleet.{fleet.spec.name}.timeout.") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if running.returncode:
        raise Unverified(f"{where} ended with {running.returncode}. Run it by itself to see why.")
    try:
        return printed.decode()
    except UnicodeDecodeError:
        raise Unverified(f"What {where} printed is no text in UTF-8.") from None


def _reads(dsn: str) -> bool:
    """Whether libpq reads `dsn`."""
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        return bool(dsn) and bool(parse_dsn(dsn))
    except (ProgrammingError, UnicodeError):
        return False


def _database(dsn: str) -> str:
    from psycopg2.extensions import parse_dsn

    return str(parse_dsn(dsn).get("dbname", ""))


def _few_enough(count: int, fleet: FleetSpec) -> None:
    if count > MOST:
        raise UsageError(f"fleet.{fleet.spec.name} has more than {MOST:,} targets. Split it into several fleets.")
