"""Looks at every sabotaged and every honest database, recorded once, so that judges can be tried without a server.

    python -m tests.mutation.record FOLDER
"""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checks.catalog.snapshot import Snapshot
from checks.expectation.expectation import Expectation
from checks.observation.observe import Observation, observe
from checks.target.servers import embedded
from checks.target.target import Target
from tests.claims.test_lookalikes import APART, REFERENCE, SMALL
from tests.mutation.fast import complaints_about
from tests.support.pg_dump import Mutation, Pairs, binary, mutation_files
from tests.support.sabotage_harness import (
    Bench,
    Project,
    Saboteur,
    commit,
    commit_sql,
    projects,
    saboteurs,
    session_of,
    target_of,
)


@dataclass(frozen=True)
class Looked:
    """One look at one database."""

    name: str
    saboteur: Saboteur | None
    """None: an honest database, in which nothing may be broken."""
    project: str
    route: str
    seen: Observation


@dataclass(frozen=True)
class Pair:
    """Two catalogues and the change between them."""

    mutation: Mutation
    schemas: tuple[str, ...]
    before: Snapshot
    after: Snapshot


@dataclass(frozen=True)
class Record:
    """All that was recorded."""

    expectations: dict[str, Expectation]
    """By project."""
    looks: tuple[Looked, ...]
    pairs: tuple[Pair, ...]
    major: int
    extension: str


def target(route: str) -> Target:
    """The target that a look by `route` is judged for."""
    return target_of("direct", "scratch" if route == "scratch" else "never")


def _looked(bench: Bench, project: Project, dsn: str, name: str, saboteur: Saboteur | None) -> Iterator[Looked]:
    expectation = bench.project(project)[1]
    for route in ("direct", "scratch"):
        session = session_of(route, bench, dsn)
        try:
            yield Looked(name, saboteur, project.name, route,
                         observe(session, expectation.contract, expectation.objects))
        finally:
            session.close()


def looks(bench: Bench) -> Iterator[Looked]:
    """Sabotaged, then honest."""
    there = {project.name: project for project in projects()}
    for saboteur in saboteurs():
        if saboteur.fits(bench.major):
            with bench.database(there[saboteur.project]) as dsn:
                commit(saboteur, dsn)
                yield from _looked(bench, there[saboteur.project], dsn, saboteur.name, saboteur)
    honest = {("reference", name): (sql,) for name, sql in REFERENCE.items()}
    honest |= {("reference", name): parts for name, parts in APART.items()}
    honest |= {key: (sql,) for key, sql in SMALL.items()}
    honest |= {(name, "healthy"): () for name in there if name != "numbering"}
    for (project, name), statements in honest.items():
        with bench.database(there[project]) as dsn:
            commit_sql(dsn, *statements)
            yield from _looked(bench, there[project], dsn, name, None)


def pairs(made: Pairs) -> Iterator[Pair]:
    """Every change that the server knows; those that it must be asked about are left out by `main`."""
    for file in mutation_files():
        if not file.needs_icu:
            _, before = made.before(file)
            for mutation in file.mutations:
                if mutation.since <= made.major:
                    with made.changed(file, mutation) as after:
                        yield Pair(mutation, file.schemas, before.snapshot, after.snapshot)


def main(folder: Path) -> None:
    """Writes `folder`/looks.pickle."""
    with embedded() as server:
        bench = Bench(server)
        found = tuple(looks(bench))
        expectations = {project.name: bench.project(project)[1] for project in projects()}
        made = Pairs(server, binary("pg_dump"), dumps=False)
        with tempfile.TemporaryDirectory() as scratch:
            settled = tuple(pair for pair in pairs(made)
                            if not [*complaints_about(pair, bench.major, made.extension, Path(scratch))])
        record = Record(expectations, found, settled, bench.major, made.extension)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "looks.pickle").write_bytes(pickle.dumps(record))


if __name__ == "__main__":
    from tests.mutation import record  # what is pickled must be of the module's name

    record.main(Path(sys.argv[1]))
