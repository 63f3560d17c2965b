"""What targets have in common is judged once, and comes to just what each comes to by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checks.check import Deploy, check
from checks.claims.fleet import shared as room
from checks.claims.fleet.shared import Shared
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.target.servers import ScratchServer
from checks.target.target import resolve_target
from tests.support import MIGRATIONS, ROOT

ONE_LOST = "ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side"
STATES = (
    (), (), (ONE_LOST,), ("DELETE FROM schema_migrations WHERE version LIKE '%0003%'",),
    ("UPDATE schema_migrations SET applied_at = applied_at - interval '1 day'",),
    ("UPDATE schema_migrations SET applied_at = applied_at + interval '1 year'",),
    ("CREATE TABLE own (id int)",), (ONE_LOST,),
    ('ALTER DATABASE "{name}" SET session_replication_role = replica',),
    ('ALTER DATABASE "{name}" SET session_replication_role = replica',))
"""What was done to each database after the migrations; two that had the same done look alike."""


@pytest.fixture
def databases(scratch_server: ScratchServer, migrated_template: str) -> Iterator[list[str]]:
    """One database a state; the second was migrated by itself, so that its oids are its own."""
    names = [f"{migrated_template}_{number}" for number in range(len(STATES))]
    for number, (name, statements) in enumerate(zip(names, STATES, strict=True)):
        scratch_server.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{migrated_template}"' if number != 1 else ""))
        if number == 1:
            for file in MIGRATIONS:
                scratch_server.execute(file.read_text(), database=name)
        for statement in statements:
            scratch_server.execute(statement.format(name=name), database=name)
    yield [scratch_server.dsn(name) for name in names]
    for name in names:
        scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_what_is_shared_comes_to_the_same_as_each_by_itself(databases: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    contract = read_contract(ROOT / "contract.toml")
    targets = [resolve_target(dsn, contract) for dsn in databases]
    expectation = expectation_of(contract, targets[0])
    judged = room.of_the_rest
    times = []
    monkeypatch.setattr(room, "of_the_rest", lambda *given: times.append(1) or judged(*given))
    shared = Shared()
    together = [check(target, expectation, deploy=Deploy(shared=shared)) for target in targets]
    alone = [check(target, expectation) for target in targets]
    assert [report.cases for report in together] == [report.cases for report in alone]
    assert [report.identity for report in together] == [report.identity for report in alone]
    assert len({report.identity["database"] for report in together}) == len(STATES)
    assert len(times) == 5  # three states differ in the ledger's rows only; a setting is told with its database
