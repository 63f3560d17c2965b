"""`[fleet.NAME]` -> the targets that it has now: a SELECT asked as carefully as all else, or a command's lines."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace

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


def fleet_targets(fleet: FleetSpec, contract: Contract, through: str | None, environ: Mapping[str, str],
                  ) -> tuple[Target, ...]:
    """The targets of `fleet`, in the order of their names, each once.

    Raises:
        UsageError: the variable with the DSN is not set, the command is not there, or the SELECT is wrong.
        Unverified: there is none, or nobody could say which there are; the message holds nothing of what a command printed.
    """
    spec = replace(fleet.spec, through=through or fleet.spec.through)
    with as_unverified():
        members = _printed(fleet, contract, environ) if fleet.command else _selected(fleet, contract, environ)
        base = replace(spec, dsn="given", fleet=spec.name, way=spec.way if fleet.command else NO_DETOUR)
        found = {name: Target(replace(base, name=f"{spec.name}{BETWEEN}{name}"), dsn) for name, dsn in members}
    if not found:
        lists = "its command prints" if fleet.command else "its SELECT gives"
        raise Unverified(f"fleet.{spec.name} has no target: {lists} nothing, and a look at nothing is not green. Look at "
                         "what lists it.")
    return tuple(found[name] for name in sorted(found))


def _selected(fleet: FleetSpec, contract: Contract, environ: Mapping[str, str]) -> Iterator[tuple[str, Secret]]:
    """(database, DSN) of each database that the SELECT names."""
    spec, where = fleet.spec, f"{contract.file.name}: fleet.{fleet.spec.name}.databases"
    dsn = Secret(given_dsn(spec, contract.file.name, environ.get, "fleet")) if spec.dsn else None
    place = Target(replace(spec, dsn="given" if spec.dsn else ""), dsn)
    with way_in(place) as way, closing(open_session(place, way, None)) as session:
        try:
            rows = session.ask(f"SELECT * FROM (\n{fleet.databases}\n) AS listed LIMIT {MOST + 1}")
            session.rest()
        except Rejected as refusal:
            told = f"{where} was refused: {refusal}."
            if refusal.sqlstate.startswith("42") and refusal.sqlstate != "42501":
                raise UsageError(f"{told} It is asked READ ONLY with search_path = pg_catalog, so name tables of your own "
                                 "with their schema.") from None
            raise Unverified(f"{told} Let the role that dsn names read what it lists.") from None
    if any(len(row) != 1 or not isinstance(row[0], str) or not row[0] for row in rows):
        raise UsageError(f"{where} must select one column, the name of a database in each row: no NULL, nothing else.")
    _few_enough(len(rows), fleet)
    for name, in rows:
        yield name, _leading_to(way, name)


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
                raise UsageError(f"{where} printed two DSNs under one name, the second in line {number}. Give each its own.")
        else:
            raise Unverified(f"Line {number} of what {where} printed is neither a DSN nor NAME=DSN as libpq reads them. Run "
                             "it by itself to see.")
    _few_enough(len(named) + len(alone), fleet)
    databases = {dsn: _database(dsn) for dsn in dict.fromkeys(alone)}
    count = Counter([*databases.values(), *named])
    for dsn, database in databases.items():
        place = (redacted(dsn) or "").removeprefix("postgresql://").partition("@")
        short = database if database and count[database] == 1 else place[2] or place[0]
        if named.setdefault(short, dsn) != dsn:
            raise UsageError(f"{where} printed two DSNs that lead to {short}. Print NAME=DSN to tell them apart.")
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
