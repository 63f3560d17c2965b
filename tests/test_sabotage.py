"""Every saboteur breaks the claim it names, over both routes; every kind of claim has a saboteur."""

from __future__ import annotations

import os

import pytest

from checks.harness.servers import ScratchServer
from tests.sabotage_harness import (
    Bench,
    Project,
    Saboteur,
    commit,
    complaints,
    look_at,
    projects,
    saboteurs,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}
SABOTEURS = saboteurs()
MATRIX = os.environ.get("POSTDEPLOY_MATRIX", "").split()


@pytest.fixture(scope="session")
def bench(scratch_server: ScratchServer) -> Bench:
    """The embedded server."""
    return Bench(scratch_server)


def named(saboteur: Saboteur) -> str:
    """`reference/N3_index_name_on_other_table`."""
    return f"{saboteur.project}/{saboteur.name}"


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=named)
def test_breaks_what_it_names(saboteur: Saboteur, bench: Bench) -> None:
    """The claim is broken, names the object and shows a witness: read-only, through the Lambda, and with attempts."""
    if not saboteur.fits(bench.major):
        pytest.skip(f"PostgreSQL {bench.major} has no such fault; set POSTDEPLOY_MATRIX to servers of other majors")
    assert told(saboteur, bench) == {"direct": [], "lambda": [], "scratch": []}


def told(saboteur: Saboteur, bench: Bench) -> dict[str, list[str]]:
    """Route -> complaints."""
    project = PROJECTS[saboteur.project]
    with bench.database(project) as dsn:
        commit(saboteur, dsn)
        return {route: complaints(saboteur, look_at(bench, project, dsn, route))
                for route in ("direct", "lambda", "scratch")}


@pytest.mark.parametrize("project", PROJECTS.values(), ids=lambda project: project.name)
@pytest.mark.parametrize("route", ["direct", "lambda", "scratch"])
def test_the_healthy_twin_holds(project: Project, route: str, bench: Bench) -> None:
    """Before the sabotage every claim holds, so that it is the saboteur who breaks it."""
    with bench.database(project) as dsn:
        assert not_held(bench, project, dsn, route) == []


def not_held(bench: Bench, project: Project, dsn: str, route: str = "direct") -> list[str]:
    """Every claim that does not hold, with why."""
    found = verdicts(look_at(bench, project, dsn, route))
    return [f"{v.verdict} {v.claim}: {v.detail}" for v in found.values() if v.verdict != "held"]
