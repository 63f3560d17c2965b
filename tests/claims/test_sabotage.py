"""Every saboteur breaks the claim it names, by every route; every sort of claim of the look has one."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain

import pytest

from checks.claims.verify import Report
from checks.values import Verdict
from tests.support import ROOT, saboteur_index
from tests.support.remedies import run_remedies
from tests.support.sabotage_harness import (
    ROUTES,
    Bench,
    Project,
    Saboteur,
    aimed_at,
    commit,
    complaints,
    look_at,
    not_held,
    projects,
    report_on,
    saboteurs,
    target_of,
    verdicts,
)

PROJECTS = {project.name: project for project in projects()}
SABOTEURS = saboteurs()


def named(saboteur: Saboteur) -> str:
    """`reference/N3_index_name_on_other_table`."""
    return f"{saboteur.project}/{saboteur.name}"


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=named)
def test_breaks_what_it_names(saboteur: Saboteur, bench: Bench, record_property: Callable[[str, object], None]) -> None:
    """The claim is broken, names the object and shows a witness: read-only, through the Lambda, and with attempts.

    Then each remedy is run that holds SQL, and helps.
    """
    if not saboteur.fits(bench.major):
        pytest.skip(f"PostgreSQL {bench.major} has no such fault; set POSTDEPLOY_TEST_SERVERS to servers of other majors")
    project = PROJECTS[saboteur.project]
    with bench.database(project) as dsn:
        commit(saboteur, dsn)
        reports = reported(project, bench, dsn)
        assert told(saboteur, reports) == {route: [] for route in ROUTES}
        saboteur_index.saw(named(saboteur), chain(*(aimed_at(saboteur, report) for report in reports.values())))
        for claim in run_remedies(verdicts(reports["direct"]), bench, project, saboteur, dsn):
            record_property("remedy", claim)


def reported(project: Project, bench: Bench, dsn: str) -> dict[str, Report]:
    """Route -> what is said of a database."""
    return {route: look_at(bench, project, dsn, route) for route in ROUTES}


def sabotaged(saboteur: Saboteur, bench: Bench) -> dict[str, Report]:
    """Route -> what is said of a database in which the fault was committed."""
    project = PROJECTS[saboteur.project]
    with bench.database(project) as dsn:
        commit(saboteur, dsn)
        return reported(project, bench, dsn)


def told(saboteur: Saboteur, reports: Mapping[str, Report]) -> dict[str, list[str]]:
    """Route -> complaints."""
    return {route: complaints(saboteur, report) for route, report in reports.items()}


HEALTHY = [project for project in PROJECTS.values() if project.name != "numbering"]
"""The fault of `numbering` is in its file names, so it has no healthy twin but the others."""


@pytest.mark.parametrize("project", HEALTHY, ids=lambda project: project.name)
@pytest.mark.parametrize("route", ROUTES)
def test_the_healthy_twin_holds(project: Project, route: str, bench: Bench) -> None:
    """Before the sabotage every claim holds, so that it is the saboteur who breaks it."""
    with bench.database(project) as dsn:
        assert not_held(bench, project, dsn, route) == []


def test_every_sort_of_claim_has_a_saboteur(bench: Bench) -> None:
    """Finer than kinds: a primary key is not a foreign key (the headers are proven by test_breaks_what_it_names)."""
    healthy: dict[str, list[tuple[str, str]]] = {}
    for project in PROJECTS.values():
        with bench.database(project) as dsn:
            for verdict in verdicts(look_at(bench, project, dsn)).values():
                healthy.setdefault(sort_of(verdict), []).append((project.name, verdict.claim))
    safe = {kind: claims for kind, claims in healthy.items() if not any(
        fnmatch.fnmatchcase(claim, pattern.replace("[", "[[]")) for name, claim in claims
        for saboteur in SABOTEURS if saboteur.project == name for pattern in saboteur.breaks)}
    assert safe.pop("drift: nothing is there that no migration makes", None) is not None
    assert safe == {}
    everything = {claim for claims in healthy.values() for _, claim in claims}
    assert [saboteur for saboteur in SABOTEURS if saboteur.name.startswith("U_extra")
            and all(pattern not in everything for pattern in saboteur.breaks)]
    assert len(healthy) > 20


def sort_of(verdict: Verdict) -> str:
    """A claim's sentence without its objects: `constraints: foreign key`."""
    if verdict.area in ("enums", "constraints"):
        known = re.match(r"CHECK|primary key|unique index|unique|foreign key|exclusion|nothing on or around|",
                         verdict.sentence)
        return f"{verdict.area}: {(known and known[0]) or 'itself'}"
    if verdict.area == "drift":
        loose = re.match(r"(enum|domain|function|sequence) ", verdict.sentence)
        return "drift: " + (loose[1] if loose else re.sub(r"^.* is what", "a table is what", verdict.sentence))
    if verdict.area == "ledger" and "in the order of the migrations" in verdict.sentence:
        return "ledger: times"
    last = re.sub(r"\d+$", "", verdict.claim.rpartition(".")[2])
    return f"{verdict.area}: {'row and effects' if verdict.sentence.endswith('what it did is there') else last}"


REAL = ["C1_excused_by_status", "L2_ddl_without_row", "N3_index_name_on_other_table", "U_every_table_dropped"]


def test_through_a_deployed_function(bench: Bench) -> None:
    """A few of them through AWS's own runtime client: the bulk runs the handler in this process."""
    from checks.lambdas.client import lambda_client
    from checks.lambdas.local.endpoint import local_aws
    from checks.lambdas.package import pack
    from checks.target.routes.through_lambda import LambdaSession

    project = PROJECTS["reference"]
    target = target_of("lambda")
    chosen = [saboteur for saboteur in SABOTEURS if saboteur.project == "reference" and saboteur.name in REAL]
    with local_aws("us-west-2") as aws, bench.database(project) as healthy:
        def report(name: str, dsn: str) -> Report:
            aws.deploy(name, pack(ROOT / "fixtures" / "lambdas" / "db_query"),
                       environment={"DATABASE_URL": bench.as_reader(dsn)})
            spec = replace(target.spec, query_function=name)
            return report_on(LambdaSession(spec, lambda_client(spec, aws.endpoint_url)),
                             bench.project(project)[1], replace(target, spec=spec))

        assert {v.verdict for v in verdicts(report("healthy", healthy)).values()} == {"held"}
        for saboteur in chosen:
            with bench.database(project) as dsn:
                commit(saboteur, dsn)
                assert complaints(saboteur, report(saboteur.name, dsn)) == []
    assert len(chosen) == len(REAL)


def test_other_majors(other_major: Bench, bench: Bench) -> None:
    """Every fourth saboteur and every healthy twin, by what the embedded server derived."""
    for project in HEALTHY:
        other_major.expects(project, bench.project(project)[1])
        with other_major.database(project) as dsn:
            assert (project.name, not_held(other_major, project, dsn)) == (project.name, [])
    wrong = {named(saboteur): found for number, saboteur in enumerate(SABOTEURS)
             if saboteur.fits(other_major.major) and (number % 4 == 0 or saboteur.majors != (0, 99))
             and any((found := told(saboteur, sabotaged(saboteur, other_major))).values())}
    assert wrong == {}
