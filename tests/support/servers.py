"""Databases, benches and the local AWS endpoint that tests are given."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Iterator

import pytest

from checks.lambdas.local.endpoint import LocalAws, local_aws
from checks.target.servers import ScratchServer, embedded
from tests.support import MIGRATIONS, OTHER_MAJORS
from tests.support.sabotage_harness import Bench

_numbers = itertools.count()


@pytest.fixture(scope="session")
def scratch_server() -> Iterator[ScratchServer]:
    """One embedded PostgreSQL for this test process."""
    with embedded() as server:
        yield server


@pytest.fixture(scope="session")
def fresh_database(scratch_server: ScratchServer) -> Callable[[], str]:
    """Makes an empty database and returns its DSN."""
    return lambda: scratch_server.create_database(f"t{os.getpid()}_{next(_numbers)}")


@pytest.fixture(scope="session")
def migrated_template(scratch_server: ScratchServer) -> str:
    """The name of a database on which migrations/ was applied; copy it, do not touch it."""
    name = f"template_{os.getpid()}"
    scratch_server.create_database(name)
    for file in MIGRATIONS:
        scratch_server.execute(file.read_text(), database=name)
    return name


@pytest.fixture
def migrated(scratch_server: ScratchServer, migrated_template: str) -> Iterator[str]:
    """The DSN of a database of this test's own, with every migration applied."""
    name = f"m{os.getpid()}_{next(_numbers)}"
    scratch_server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield scratch_server.dsn(name)
    scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def bench(scratch_server: ScratchServer) -> Bench:
    """The embedded server as a bench for saboteurs and look-alikes."""
    return Bench(scratch_server)


@pytest.fixture(scope="module", params=OTHER_MAJORS)
def other_major(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A bench on each server of the matrix."""
    bench = Bench(ScratchServer(request.param))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS endpoint with nothing deployed yet."""
    with local_aws() as endpoint:
        yield endpoint


@pytest.fixture
def gate() -> Iterator[socket.socket]:
    """A listening socket that handlers connect to, so that tests know where they are."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        yield listening
