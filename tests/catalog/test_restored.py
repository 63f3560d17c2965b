"""A database that was dumped and restored is the same database: nothing is broken, and nothing is left undecided."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.catalog.decode import decode
from checks.catalog.select import snapshot_select
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from tests.support import OTHER_MAJORS
from tests.support.pg_dump import Seen, binary, embedded_16, expectation_of, verdicts

SCHEMAS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "schemas").glob("*.sql"))}


def listed(sql: str) -> tuple[str, ...]:
    """The schemas of the contract, as a file's first line names them."""
    return tuple(sql.partition("\n")[0].removeprefix("-- Schemas: ").split())


class Restored:
    """Databases on one server."""

    def __init__(self, server: ScratchServer) -> None:
        self.server = server
        self._made: list[str] = []

    def made(self, name: str, sql: str) -> str:
        """The DSN of a database that `sql` makes, by psql as a restored dump does."""
        database = f"restored_{name}_{len(self._made)}"
        dsn = self.server.create_database(database)
        self._made.append(database)
        done = subprocess.run([binary("psql"), "-X", "-q", dsn], input=sql, capture_output=True, text=True)
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line and "transaction_timeout" not in line]
        assert errors == [], errors
        return dsn

    def close(self) -> None:
        """Drops them."""
        for name in self._made:
            self.server.drop_database(name)


def seen(dsn: str, schemas: tuple[str, ...]) -> Seen:
    """A database as the reader sees it."""
    connection = connect(Secret(dsn), "the database")
    try:
        (document,), = execute(connection, snapshot_select(schemas, None))
    finally:
        connection.close()
    return Seen(dsn, "", decode(document))


def dumped(dsn: str) -> str:
    """What pg_dump writes of a database."""
    done = subprocess.run([binary("pg_dump"), "-s", "--no-owner", dsn], capture_output=True, text=True, check=True)
    return done.stdout


def not_held(there: Seen, by: Seen, schemas: tuple[str, ...], folder: Path) -> list[str]:
    """Every claim that does not hold about one database, by what another is."""
    major = int(by.snapshot.identity["server_version_num"]) // 10_000
    found = verdicts(there, expectation_of(by.snapshot.objects, schemas, major, folder))
    assert len(found) > 30
    return [f"{each.verdict} {each.claim}: {each.detail}" for each in found if each.verdict != "held"]


@pytest.fixture(scope="module")
def newest(scratch_server: ScratchServer) -> Iterator[Restored]:
    made = Restored(scratch_server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def older() -> Iterator[Restored]:
    with embedded_16() as server:
        yield Restored(server)


@pytest.fixture(scope="module", params=OTHER_MAJORS)
def other(request: pytest.FixtureRequest) -> Iterator[Restored]:
    made = Restored(ScratchServer(request.param))
    yield made
    made.close()


def restored_ones(at: Restored, newest: Restored, name: str, folder: Path) -> dict[str, list[str]]:
    """What does not hold: of a restored database by the one it was dumped from, and across majors."""
    schemas = listed(SCHEMAS[name])
    first = at.made(name, SCHEMAS[name])
    dump = dumped(first)
    again = at.made(name, dump)
    found = {"restored": not_held(seen(again, schemas), seen(first, schemas), schemas, folder),
             "dumped": not_held(seen(first, schemas), seen(again, schemas), schemas, folder)}
    if at is not newest:
        expected, upgraded = newest.made(name, SCHEMAS[name]), newest.made(name, dump)
        found |= {"of another major": not_held(seen(first, schemas), seen(expected, schemas), schemas, folder),
                  "restored, of another major": not_held(seen(again, schemas), seen(expected, schemas), schemas, folder),
                  "upgraded": not_held(seen(upgraded, schemas), seen(expected, schemas), schemas, folder),
                  "locked before the upgrade": not_held(seen(upgraded, schemas), seen(first, schemas), schemas, folder)}
    return {way: wrong for way, wrong in found.items() if wrong}


@pytest.mark.parametrize("name", SCHEMAS)
def test_restored_on_the_newest(name: str, newest: Restored, tmp_path: Path) -> None:
    assert restored_ones(newest, newest, name, tmp_path) == {}


@pytest.mark.parametrize("name", SCHEMAS)
def test_restored_on_another_major(name: str, older: Restored, newest: Restored, tmp_path: Path) -> None:
    assert restored_ones(older, newest, name, tmp_path) == {}


@pytest.mark.parametrize("name", SCHEMAS)
def test_restored_on_the_matrix(name: str, other: Restored, newest: Restored, tmp_path: Path) -> None:
    assert restored_ones(other, newest, name, tmp_path) == {}
