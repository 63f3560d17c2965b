"""Hostile databases: `fixtures/hostile/ground.sql`, and one trap of `fixtures/hostile/traps/` on it.

Whatever of the target's is called leaves a mark: a file that the server writes, a step of a sequence where it may, a line
of the server's log. A trap's header is comment lines `-- Key: value`:

    Trap       one sentence
    Springs    a statement that springs it, as a naive reader would send it; repeated
    As         `reader`, when it springs for a role that does not bypass row security only
    Breaks     the id of a claim that must be broken because of it
    Not held   the id of a claim that must not be held because of it
    Names      what the detail of either must hold, unless it is broken by what it rests on
    Majors     `16-`, when only some PostgreSQL majors know it
    Needs      `libxml`, when it takes a server that was built with it
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg2

from checks.values import Verdict
from tests.support import MIGRATIONS, ROOT
from tests.support.sabotage_harness import Bench

HOSTILE = ROOT / "fixtures" / "hostile"
_HEADER = re.compile(r"-- (?P<key>Trap|Springs|As|Breaks|Not held|Names|Majors|Needs): (?P<value>.+)")
_numbers = itertools.count()


@dataclass(frozen=True)
class Trap:
    """One way to have code run when a database is read."""

    name: str
    sentence: str
    springs: tuple[str, ...]
    as_reader: bool
    breaks: str
    not_held: str
    names: str
    majors: tuple[int, int]
    needs: str
    sql: str


def traps() -> tuple[Trap, ...]:
    """Every trap.

    Raises:
        KeyError: a file has no proper header.
    """
    return tuple(map(_read, sorted((HOSTILE / "traps").glob("*.sql"))))


def _read(path: Path) -> Trap:
    text = path.read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in itertools.takewhile(lambda line: line.startswith("--"), text.splitlines()):
        match = _HEADER.fullmatch(line)
        assert match is not None, (path, line)
        found.setdefault(match["key"], []).append(match["value"])
    low, _, high = found.get("Majors", ["-"])[0].partition("-")
    one = {key: values[0] for key, values in found.items()}
    return Trap(path.stem, one["Trap"], tuple(found["Springs"]), one.get("As") == "reader", one.get("Breaks", ""),
                one.get("Not held", ""), one.get("Names", ""), (int(low or 0), int(high or 99)), one.get("Needs", ""), text)


@dataclass
class HostileBench:
    """A server on which hostile databases are made, and the folder in which their traps leave marks."""

    bench: Bench
    marks: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="trapped-")))

    def __post_init__(self) -> None:
        self.marks.chmod(0o777)  # the server runs as somebody else

    @cached_property
    def built_with(self) -> str:
        """How the server was configured."""
        return str(_run(self.bench.server.dsn(), "SELECT setting FROM pg_config WHERE name = 'CONFIGURE'"))

    def knows(self, trap: Trap) -> bool:
        """Whether this server has what `trap` takes."""
        return trap.majors[0] <= self.bench.major <= trap.majors[1] and trap.needs in self.built_with

    @cached_property
    def ground(self) -> str:
        """The name of a database with this repository's migrations and all shadows."""
        name = f"hostile_{os.getpid()}_{next(_numbers)}"
        dsn = self.bench.server.create_database(name)
        for file in MIGRATIONS:
            self.bench.server.execute(file.read_text(encoding="utf-8"), database=name)
        _run(dsn, (HOSTILE / "ground.sql").read_text(encoding="utf-8").replace("{marks}", str(self.marks)))
        return name

    def complaints(self, trap: Trap, found: Mapping[str, Verdict]) -> list[str]:
        """What the verdicts on a hostile database fail to tell of its trap."""
        claim = trap.breaks or trap.not_held
        if not claim:
            return []
        verdict = found[claim]
        told = f"{claim} is {verdict.verdict}: {verdict.detail}"
        right = verdict.verdict == "broken" if trap.breaks else verdict.verdict != "held"
        named = trap.names in verdict.detail.replace("Row", "row") or "rests on" in verdict.detail
        return [] if right and named else [told]

    @contextlib.contextmanager
    def database(self, trap: Trap) -> Iterator[str]:
        """The DSN of a fresh database with `trap` set, and no mark left yet."""
        name = f"hostile_{os.getpid()}_{next(_numbers)}"
        copy = " STRATEGY file_copy" if self.bench.major >= 15 else ""
        self.bench.server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.ground}"{copy}')
        for setting in ("constraint_exclusion = on", "enable_seqscan = off", "enable_hashjoin = off"):
            self.bench.server.execute(f'ALTER DATABASE "{name}" SET {setting}')
        dsn = self.bench.server.dsn(name)
        try:
            _run(dsn, trap.sql)
            self.forget(dsn)
            yield dsn
        finally:
            self.bench.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def forget(self, dsn: str) -> None:
        """Takes all marks away."""
        _run(dsn, "SELECT pg_catalog.setval('trap.hits', 1, false)")
        for mark in self.marks.iterdir():
            mark.unlink()

    def sprung(self, dsn: str) -> list[str]:
        """What left a mark."""
        found = sorted(mark.read_text(encoding="utf-8").strip() for mark in self.marks.iterdir())
        return found + (["a step of the sequence"] if _run(dsn, "SELECT is_called FROM trap.hits") == [(True,)] else [])

    def spring(self, dsn: str, trap: Trap, statement: str) -> None:
        """Sends what a naive reader would, READ ONLY, and rolls it back."""
        with contextlib.closing(psycopg2.connect(self.bench.as_reader(dsn) if trap.as_reader else dsn)) as connection:
            connection.set_session(readonly=not statement.startswith("INSERT"))
            with connection.cursor() as cursor, contextlib.suppress(psycopg2.Error):
                cursor.execute(statement)
            connection.rollback()

    def close(self) -> None:
        """Drops the ground."""
        if "ground" in vars(self):
            self.bench.server.execute(f'DROP DATABASE IF EXISTS "{self.ground}" WITH (FORCE)')
        shutil.rmtree(self.marks, ignore_errors=True)


def _run(dsn: str, sql: str) -> list[tuple[object, ...]]:
    """Runs a script as the hostile owner, for whom names mean what they say."""
    with contextlib.closing(psycopg2.connect(dsn, options="-c search_path=pg_catalog,pg_temp")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []
