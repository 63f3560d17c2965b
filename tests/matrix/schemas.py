"""Sabotaged and honest databases: the files of fixtures/sabotage, honest changes, and ways to hold an enum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checks.claims.verify import Report
from checks.contract.reader import read_contract
from checks.expectation.expectation import Expectation
from tests.claims.test_enum_holders import HOLDERS
from tests.claims.test_lookalikes import APART, REFERENCE, SMALL
from tests.matrix.trial import Trial, Word, fault_of
from tests.support.sabotage_harness import (
    ROUTES,
    Bench,
    Project,
    Saboteur,
    commit,
    commit_sql,
    complaints,
    look_at,
    not_held,
    projects,
    report_on,
    saboteurs,
    session_of,
    target_of,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}
HONEST: dict[tuple[str, str], tuple[str, ...]] = {
    **{("reference", name): (sql,) for name, sql in REFERENCE.items()},
    **{("reference", name): parts for name, parts in APART.items()},
    **{key: (sql,) for key, sql in SMALL.items()},
    **{(name, "as its migrations make it"): () for name in PROJECTS if name != "numbering"},
}
"""(project, change) -> statements after which every claim still holds."""


def trials(bench: Bench, expected: Bench, folder: Path) -> Iterator[Trial]:
    """All of them on one server.

    Args:
        expected: the bench whose server says what the migrations make.
        folder: for the contract of the enums' table.
    """
    for project in PROJECTS.values():
        bench.expects(project, expected.project(project)[1])
    for saboteur in saboteurs():
        if saboteur.fits(bench.major):
            yield from _sabotaged(bench, PROJECTS[saboteur.project], saboteur)
    for (name, change), statements in HONEST.items():
        yield from _honest(bench, PROJECTS[name], change, statements)
    yield from _holders(bench, folder)


def _sabotaged(bench: Bench, project: Project, saboteur: Saboteur) -> Iterator[Trial]:
    with bench.database(project) as dsn:
        commit(saboteur, dsn)
        for route in ROUTES:
            word, why = judged(saboteur, look_at(bench, project, dsn, route))
            yield Trial("schemas", f"{project.name}/{saboteur.name}", fault_of(saboteur.name), word, route, bench.major,
                        why)


def judged(saboteur: Saboteur, report: Report) -> tuple[Word, str]:
    """What a report makes of a saboteur; something else broken than what it names is a wrong diagnosis."""
    wrong = complaints(saboteur, report)
    broken = any(verdict.verdict == "broken" for verdict in verdicts(report).values())
    return ("caught" if not wrong else "misdiagnosed" if broken else "missed"), "; ".join(wrong)


def _honest(bench: Bench, project: Project, change: str, statements: tuple[str, ...]) -> Iterator[Trial]:
    with bench.database(project) as dsn:
        commit_sql(dsn, *statements)
        for route in ROUTES:
            told = not_held(bench, project, dsn, route)
            yield Trial("schemas", f"{project.name}/{change}", ("C10",) if "CHECK" in change else (),
                        "alarmed" if told else "quiet", route, bench.major, "; ".join(told))


def _holders(bench: Bench, folder: Path) -> Iterator[Trial]:
    """Ways to hold an enum; those of which nobody can say either are neither saboteurs nor look-alikes."""
    name = "matrix_enum_holders"
    bench.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    dsn = bench.server.create_database(name)
    commit_sql(dsn, *(each.sql for each in HOLDERS))
    file = folder / "enums.toml"
    file.write_text("[enums]\n" + "".join(f'"{each.name}.side" = ["long", "short"]\n' for each in HOLDERS))
    expectation = Expectation(read_contract(file), None, (), ())
    for route in ROUTES:
        found = verdicts(report_on(session_of(route, bench, dsn), expectation, target_of(route, "never")))
        for each in HOLDERS:
            said = found[f"enums:{each.name}.side"]
            if each.verdict != "unverified" and route != "scratch":
                right: Word = "caught" if each.verdict == "broken" else "quiet"
                wrong: Word = "missed" if each.verdict == "broken" else "alarmed"
                yield Trial("enums", each.name, ("C11",) if each.verdict == "broken" else (),
                            right if said.verdict == each.verdict else wrong, route, bench.major, said.detail)
    bench.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
