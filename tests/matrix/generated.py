"""Generated sabotage: each step of steps.py on each object of each schema, undone after one look in its own transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg2

from checks.catalog.decode import decode
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.expectation.expectation import Expectation
from checks.observation.observe import observe
from checks.sql.names import literal
from checks.target.routes.direct import DirectSession
from checks.target.routes.pinned import SESSION_PATH, SETTINGS
from checks.target.session import Cost, Row
from checks.target.target import Secret
from checks.values import Verdict
from tests.matrix.random_schema import random_schema
from tests.matrix.steps import STEPS, Step
from tests.matrix.trial import Trial, Word
from tests.support.pg_dump import expectation_of, judged
from tests.support.sabotage_harness import Bench, projects

KEPT = f"SELECT pg_catalog.set_config('{SESSION_PATH}', pg_catalog.current_setting('search_path'), true)"
PINNED = "; ".join(f"SET LOCAL {name} = {value if name == 'search_path' else literal(value)}"
                   for name, value in SETTINGS.items())
SCHEMAS = Path(__file__).parents[1] / "catalog" / "schemas"
RANDOM = tuple(range(1, 7))
"""Seeds of random schemas."""


def sources(bench: Bench) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(name, schemas, a database) of the reference system, the tests' projects and schemas, and random schemas."""
    for project in projects():
        with bench.database(project) as dsn:
            yield project.name, project.contract.schemas, dsn
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SCHEMAS.glob("*.sql"))}
    texts |= {f"random {seed}": random_schema(Random(seed)) for seed in RANDOM}
    for name, sql in texts.items():
        first = sql.partition("\n")[0]
        schemas = tuple(first.removeprefix("-- Schemas: ").split()) if first.startswith("-- Schemas: ") else ("public",)
        database = f"generated_{os.getpid()}"
        dsn = bench.server.create_database(database)
        bench.server.execute(sql, database=database)
        yield name, schemas, dsn
        bench.server.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def trials(bench: Bench, folder: Path, steps: tuple[Step, ...] = STEPS, most: int = 2) -> Iterator[Trial]:
    """Every step on every object of every schema; of each step and schema at most `most` objects."""
    for name, schemas, dsn in sources(bench):
        yield from Stepped(name, schemas, dsn, bench.major, folder).trials(steps, most)


class Stepped:
    """One schema and the steps away from it."""

    def __init__(self, name: str, schemas: tuple[str, ...], dsn: str, major: int, folder: Path) -> None:
        self.name, self.schemas, self.dsn, self.major = name, schemas, dsn, major
        self._connection = psycopg2.connect(dsn)
        self._cursor = self._connection.cursor()
        self._expected: Expectation = expectation_of(self._seen().objects, schemas, major, folder)
        self._connection.rollback()

    def trials(self, steps: tuple[Step, ...], most: int) -> Iterator[Trial]:
        """What is said after each; a step that PostgreSQL refuses is none."""
        for step in steps:
            for named, statement in self.objects(step)[:most]:
                said = self._after(statement)
                if said is not None:
                    word, why = _judged(step, named, said)
                    yield Trial("generated", f"{self.name}: {step.title}: {named}", (), word, "direct", self.major, why)
        self.close()

    def objects(self, step: Step) -> list[tuple[str, str]]:
        """(name that must be told, statement) of every object that the step fits."""
        self._cursor.execute("SET LOCAL search_path = pg_catalog")
        self._cursor.execute(step.query, {"schemas": list(self.schemas)})
        found: list[tuple[str, str]] = self._cursor.fetchall()
        self._connection.rollback()
        return found

    def elsewhere(self, dsn: str) -> tuple[Verdict, ...]:
        """What is said of another database, by what this one is."""
        session = DirectSession(Secret(dsn), "the database")
        try:
            return judged(self._expected, observe(session, self._expected.contract, self._expected.objects))
        finally:
            session.close()

    def close(self) -> None:
        """Leaves the database."""
        self._connection.close()

    def _after(self, statement: str) -> tuple[Verdict, ...] | None:
        try:
            self._cursor.execute(KEPT)
            self._cursor.execute(statement)
            found = observe(_Within(self._cursor), self._expected.contract, self._expected.objects)
            return judged(self._expected, found)
        except psycopg2.Error:
            return None
        finally:
            self._connection.rollback()

    def _seen(self) -> Snapshot:
        self._cursor.execute(f"{KEPT}; {PINNED}")
        self._cursor.execute(snapshot_select(self.schemas, None))
        (document,) = self._cursor.fetchone()
        return decode(document)


class _Within:
    """A session in the transaction that the step was made in."""

    can_run = False
    question_bytes = 200_000_000

    def __init__(self, cursor: Any) -> None:
        self.cost, self._cursor = Cost(), cursor

    def ask(self, select: str, *, scan: bool = False) -> list[Row]:
        """See Session."""
        self._cursor.execute(PINNED)
        self._cursor.execute(select)
        return [tuple(row) for row in self._cursor.fetchall()]

    def rest(self) -> None:
        """See Session."""

    def close(self) -> None:
        """See Session."""


def _judged(step: Step, named: str, said: tuple[Verdict, ...]) -> tuple[Word, str]:
    told = [f"{verdict.claim}: {verdict.detail}" for verdict in said if verdict.verdict == "broken"]
    if not step.loud:
        unsure = [f"{verdict.claim}: {verdict.detail}" for verdict in said if verdict.verdict == "unverified"]
        return ("alarmed" if told or unsure else "quiet"), "; ".join([*told, *unsure])
    if any(name in text for text in told for name in (named, named.replace('"', '""'))):
        return "caught", ""
    return ("misdiagnosed" if told else "missed"), "; ".join(told)
