"""Table of contents of the self-tests' fixtures."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.target.servers import ScratchServer, embedded

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))


@pytest.fixture(scope="session")
def scratch_server() -> Iterator[ScratchServer]:
    """One embedded PostgreSQL for this test process."""
    with embedded() as server:
        yield server


@pytest.fixture(scope="session")
def fresh_database(scratch_server: ScratchServer) -> Callable[[], str]:
    """Makes an empty database and returns its DSN."""
    numbers = itertools.count()
    return lambda: scratch_server.create_database(f"t{os.getpid()}_{next(numbers)}")


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


_numbers = itertools.count()
