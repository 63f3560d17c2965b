"""The access claims, a case a role and one for PUBLIC. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from checks.catalog.snapshot import Snapshot
from checks.claims.access.of_public import default_privileges, public_code, public_tables
from checks.claims.access.of_role import attributes, functions, privilege
from checks.claims.access.role import PUBLIC, VERBS, Role, role_names, role_of, speaks_of_access
from checks.contract.access import PRIVILEGES
from checks.expectation.expectation import Expectation
from checks.expectation.settled import Settled
from checks.values import Case, Verdict


def judge_access(settled: Settled, *, ours: bool) -> tuple[Case, ...]:
    """A case for each role, and one for PUBLIC."""
    expectation, found = settled.expectation, settled.found
    if not speaks_of_access(expectation):
        return ()
    cases = [Case("access", name, tuple(_of_role(role_of(name, expectation, found), expectation, found)))
             for name in role_names(expectation, ours=ours)]
    if expectation.derived is not None:
        cases.append(Case("access", PUBLIC, tuple(
            kind(PUBLIC, expectation, found) for kind in (public_tables, public_code, default_privileges))))
    return tuple(cases)


def _of_role(role: Role, expectation: Expectation, found: Snapshot) -> Iterator[Verdict]:
    yield attributes(role, expectation, found)
    yield from (privilege(role, word, VERBS[word], role.listed(word), expectation, found) for word in PRIVILEGES)
    if expectation.derived is not None:
        yield functions(role, expectation, found)
