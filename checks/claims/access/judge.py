"""The access claims, a case a role and one for PUBLIC. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checks.catalog.snapshot import Snapshot
from checks.claims.access.of_public import default_privileges, public_code, public_tables
from checks.claims.access.of_role import attributes, functions, privilege
from checks.claims.access.role import PUBLIC, VERBS, Role, role_names, role_of, speaks_of_access
from checks.contract.access import PRIVILEGES
from checks.expectation.expectation import Expectation
from checks.expectation.settled import ELSEWHERE, Settled
from checks.values import Case, Verdict


def judge_access(settled: Settled, *, ours: bool) -> tuple[Case, ...]:
    """A case for each role, and one for PUBLIC."""
    expectation, found = settled.expectation, settled.found
    if not speaks_of_access(expectation):
        return ()
    verdicts = {name: tuple(_of_role(role_of(name, expectation, found), expectation, found))
                for name in role_names(expectation, ours=ours)}
    if expectation.derived is not None:
        of_public = (public_tables, public_code, default_privileges)
        verdicts[PUBLIC] = tuple(kind(PUBLIC, expectation, found) for kind in of_public)
    if settled.elsewhere:
        verdicts = {name: tuple(map(_elsewhere, each)) for name, each in verdicts.items()}
    return tuple(Case("access", name, each) for name, each in verdicts.items())


def _elsewhere(verdict: Verdict) -> Verdict:
    """What is denied in an empty database is not held there: nothing was looked at."""
    if verdict.verdict != "held":
        return verdict
    return replace(verdict, verdict=ELSEWHERE.word, detail=ELSEWHERE.detail, next_step=ELSEWHERE.next_step, note="")


def _of_role(role: Role, expectation: Expectation, found: Snapshot) -> Iterator[Verdict]:
    yield attributes(role, expectation, found)
    yield from (privilege(role, word, VERBS[word], role.listed(word), expectation, found) for word in PRIVILEGES)
    if expectation.derived is not None:
        yield functions(role, expectation, found)
