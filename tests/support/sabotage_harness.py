"""Saboteurs: SQL files under fixtures/sabotage/, each a fault that breaks the claims its header names.

`fixtures/sabotage/reference/` is applied on top of this repository's own migrations; every folder of
`fixtures/sabotage/projects/` is a contract and migrations of its own, with its saboteurs under `sabotage/`.
A header is comment lines `-- Key: value` at the head of the file:

    Fault      one sentence
    Breaks     the id of a claim that must break, or a pattern of ids; repeated
    Inserted   the id of a claim that also breaks where wrong values are really inserted
    Names      what the message of each of them must hold (`this or that`); repeated
    Majors     `18-`, `-17` or `15-17`, when only some PostgreSQL majors know the fault
    Superuser  `yes`, when only a superuser can commit it
    First      what a person does before a remedy that asks for it: a statement; repeated
    Apart      `yes`, when the statements, parted by lines of `--;`, each have their own transaction and may be refused
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fnmatch
import io
import itertools
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.claims.verify import Report, judge
from checks.contract.contract import Contract, TargetSpec
from checks.contract.migrations import read_migrations
from checks.contract.reader import read_contract
from checks.expectation.derived import Derived
from checks.expectation.expectation import Expectation, expect
from checks.expectation.replay import replay
from checks.observation.observe import observe
from checks.target.routes.direct import DirectSession, connect, execute
from checks.target.routes.through_lambda import LambdaSession
from checks.target.servers import ScratchServer
from checks.target.session import Session
from checks.target.target import Secret, Target
from checks.values import Rejected, Verdict
from tests.support import ROOT, loaded

SABOTAGE = ROOT / "fixtures" / "sabotage"
READER = "sabotage_reader"
"""The SELECT-only role that the query function logs in as."""
ROUTES = ("direct", "lambda", "scratch")
TODAY = dt.date(2026, 3, 1)
_HEADER = re.compile(r"-- (?P<key>Fault|Breaks|Inserted|Names|Majors|Superuser|First|Apart): (?P<value>.+)")
_numbers = itertools.count()


@dataclass(frozen=True)
class Saboteur:
    """One fault."""

    name: str
    project: str
    fault: str
    breaks: tuple[str, ...]
    inserted: tuple[str, ...]
    names: tuple[str, ...]
    majors: tuple[int, int]
    apart: bool
    first: tuple[str, ...]
    sql: str

    def fits(self, major: int) -> bool:
        """Whether this PostgreSQL major knows the fault."""
        return self.majors[0] <= major <= self.majors[1]


@dataclass(frozen=True)
class Project:
    """A contract with its migrations."""

    name: str
    folder: Path

    @property
    def contract(self) -> Contract:
        """The contract as written."""
        return read_contract(self.folder / "contract.toml")


def projects() -> tuple[Project, ...]:
    """The reference system first, then the small ones."""
    folders = sorted(path.parent for path in (SABOTAGE / "projects").glob("*/contract.toml"))
    return (Project("reference", ROOT), *(Project(folder.name, folder) for folder in folders))


def saboteurs() -> tuple[Saboteur, ...]:
    """Every saboteur.

    Raises:
        ValueError: a file has no proper header.
    """
    homes = [("reference", SABOTAGE / "reference"),
             *((project.name, project.folder / "sabotage") for project in projects()[1:])]
    return tuple(_read(path, name) for name, folder in homes for path in sorted(folder.glob("*.sql")))


def _read(path: Path, project: str) -> Saboteur:
    text = path.read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _HEADER.fullmatch(line.strip())
        if match is None:
            break
        found.setdefault(match["key"], []).append(match["value"].strip())
    if not found.get("Fault") or not found.get("Breaks") or not found.get("Names"):
        raise ValueError(f"{path}: the header must have Fault, Breaks and Names")
    low, _, high = found.get("Majors", ["-"])[0].partition("-")
    return Saboteur(path.stem, project, found["Fault"][0], tuple(found["Breaks"]),
                    tuple(found.get("Inserted", ())), tuple(found["Names"]), (int(low or 0), int(high or 99)),
                    found.get("Apart") == ["yes"], tuple(found.get("First", ())), text)


@dataclass
class Bench:
    """One server on which databases are made, sabotaged and looked at."""

    server: ScratchServer
    _made: dict[str, tuple[str, Expectation]] = field(default_factory=dict)

    @cached_property
    def major(self) -> int:
        """The server's PostgreSQL major."""
        return int(self._rows("SHOW server_version_num")[0][0]) // 10_000

    @cached_property
    def reader(self) -> str:
        """The name of the SELECT-only role."""
        with contextlib.suppress(Rejected):
            self._rows(f"CREATE ROLE {READER} LOGIN PASSWORD 'reader'; GRANT pg_read_all_data TO {READER}")
        return READER

    def project(self, project: Project) -> tuple[str, Expectation]:
        """(template database with every migration applied, expectation) of `project`."""
        if project.name not in self._made:
            contract = project.contract
            migrations = read_migrations(contract)
            derived: Derived = replay(migrations, contract, self.server)
            template = f"sab_{os.getpid()}_{project.name}"
            self.server.create_database(template)
            for migration in migrations:
                self.server.execute(migration.sql, database=template)
            self._made[project.name] = template, expect(contract, derived, None)
        return self._made[project.name]

    def expects(self, project: Project, expectation: Expectation) -> None:
        """Judges databases of `project` by what another server derived."""
        template, _ = self.project(project)
        self._made[project.name] = template, expectation

    @contextlib.contextmanager
    def database(self, project: Project) -> Iterator[str]:
        """The DSN of a fresh copy of the project's database."""
        template, _ = self.project(project)
        name = f"sab_{os.getpid()}_{next(_numbers)}"
        copy = " STRATEGY file_copy" if self.major >= 15 else ""
        self.server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{copy}')
        try:
            yield self.server.dsn(name)
        finally:
            self.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Drops what this bench made on a server that is not ours alone."""
        for template, _ in self._made.values():
            self.server.execute(f'DROP DATABASE IF EXISTS "{template}" WITH (FORCE)')
        with contextlib.suppress(Rejected):
            self._rows(f"DROP ROLE IF EXISTS {READER}")

    def as_reader(self, dsn: str) -> str:
        """`dsn` with the SELECT-only role."""
        return re.sub(r"//[^@]*@", f"//{self.reader}:reader@", dsn)

    def _rows(self, sql: str) -> list[Any]:
        connection = connect(Secret(self.server.dsn()), "the server")
        try:
            return list(execute(connection, sql))
        finally:
            connection.close()


def commit(saboteur: Saboteur, dsn: str) -> None:
    """Commits the fault in the database `dsn`."""
    connection = connect(Secret(dsn), "the sabotaged database")
    try:
        for part in re.split(r"^--;$", saboteur.sql, flags=re.M) if saboteur.apart else [saboteur.sql]:
            with contextlib.suppress(*([Rejected] if saboteur.apart else [])):
                execute(connection, part)
    finally:
        connection.close()


def commit_sql(dsn: str, *statements: str) -> None:
    """Runs each string in a transaction of its own, as the owner of everything."""
    connection = connect(Secret(dsn), "the changed database")
    try:
        for statement in statements:
            execute(connection, statement)
    finally:
        connection.close()


def target_of(route: str, writes: str = "never") -> Target:
    """A target as `look` is given it."""
    more = {"query_function": "db-query", "region": "us-west-2"} if route == "lambda" else {}
    return Target(TargetSpec(name="sabotaged", dsn="given", route=route, writes=writes, **more), None)


def session_of(route: str, bench: Bench, dsn: str) -> Session:
    """A session by `route`: `direct` (read-only), `scratch` (with attempts) or `lambda` (the handler, in-process)."""
    if route == "lambda":
        return LambdaSession(target_of("lambda").spec, InProcess(bench.as_reader(dsn)))
    return DirectSession(Secret(dsn), "the database", can_run=route == "scratch")


def report_on(session: Session, expectation: Expectation, target: Target) -> Report:
    """Looks and judges."""
    try:
        seen = observe(session, expectation.contract, expectation.objects)
        return judge(expectation, seen, target, TODAY)
    finally:
        session.close()


def look_at(bench: Bench, project: Project, dsn: str, route: str = "direct") -> Report:
    """A report on the database `dsn` by `route`."""
    target = target_of("lambda" if route == "lambda" else "direct", "scratch" if route == "scratch" else "never")
    return report_on(session_of(route, bench, dsn), bench.project(project)[1], target)


def verdicts(report: Report) -> dict[str, Verdict]:
    """Claim id -> verdict; a report of nothing fails the test."""
    found = {verdict.claim: verdict for case in report.cases for verdict in case.verdicts}
    assert found, report
    return found


def not_held(bench: Bench, project: Project, dsn: str, route: str = "direct") -> list[str]:
    """Every claim that does not hold, with why."""
    found = verdicts(look_at(bench, project, dsn, route))
    return [f"{v.verdict} {v.claim}: {v.detail}" for v in found.values() if v.verdict != "held"]


def aimed_at(saboteur: Saboteur, report: Report) -> list[Verdict]:
    """The verdicts on the claims that the saboteur names."""
    return [verdict for claim, verdict in verdicts(report).items()
            if any(_names(pattern, claim) for pattern in saboteur.breaks)]


def complaints(saboteur: Saboteur, report: Report) -> list[str]:
    """What `report` fails to tell of the saboteur, or tells without need."""
    found = verdicts(report)
    broken = {claim: verdict for claim, verdict in found.items() if verdict.verdict == "broken"}
    wrong = []
    for pattern in saboteur.breaks:
        hits = [broken[claim] for claim in broken if _names(pattern, claim)]
        if not hits:
            wrong.append(f"{pattern} is not broken: {found.get(pattern)}")
            continue
        for name in saboteur.names:
            if not any(word in f"{hit.sentence}\n{hit.detail}\n{hit.witness}" for hit in hits
                       for word in name.split(" or ")):
                wrong.append(f"{pattern} does not name {name}: {[hit.detail for hit in hits]}")
        wrong += [f"{hit.claim} has no {part}" for hit in hits
                  for part in ("detail", "witness", "next_step") if not getattr(hit, part)]
    known = (*saboteur.breaks, *saboteur.inserted)
    free = {"ledger", "drift", *("dedupe" for pattern in known if pattern.startswith("dedupe:"))}
    for claim in broken:
        if claim.partition(":")[0] not in free and not any(_names(pattern, claim) for pattern in known):
            wrong.append(f"{claim} is broken without need: {broken[claim].detail}")
    return wrong


def _names(pattern: str, claim: str) -> bool:
    return fnmatch.fnmatchcase(claim, pattern.replace("[", "[[]"))


class InProcess:
    """A Lambda client whose `invoke` calls the query function's own handler in this process."""

    def __init__(self, dsn: str, folder: Path = ROOT / "fixtures" / "lambdas" / "db_query") -> None:
        self._app = _handler(folder)
        self._dsn = dsn

    def invoke(self, *, Payload: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        """As boto3's, with the reply that AWS would make of the handler's return value."""
        os.environ["DATABASE_URL"] = self._dsn
        reply = self._app.handler(json.loads(Payload), None)
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": io.BytesIO(json.dumps(reply).encode()),
                "ResponseMetadata": {"RetryAttempts": 0}}

    def close(self) -> None:
        """Ends the handler's connection, as the end of its sandbox does."""
        if self._app._connection is not None:
            self._app._connection.close()
            self._app._connection = None


@cache
def _handler(folder: Path) -> ModuleType:
    return loaded(folder / "app.py")
