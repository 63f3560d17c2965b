"""Table of contents of the self-tests' fixtures."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

from checks.contract.consumers import PythonConsumer
from checks.contract.contract import Contract
from checks.lambdas.local.endpoint import LocalAws, local_aws
from checks.lambdas.package import pack
from checks.replays.consumers import start
from checks.replays.consumers.delivery import Lane
from checks.replays.consumers.running import Running
from checks.replays.proxy.proxy import Proxy, Upstream
from checks.target.servers import ScratchServer, embedded
from tests.claims.functions import live
from tests.replays.consumers.driven import children, server
from tests.support import MIGRATIONS, OTHER_MAJORS, ROOT
from tests.support.installed import Installed, install
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


@pytest.fixture
def database(fresh_database: Callable[[], str]) -> Iterator[psycopg2.extensions.connection]:
    """A connection to a database with an empty table t (n), past the proxy."""
    admin = psycopg2.connect(fresh_database())
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n int PRIMARY KEY)")
    yield admin
    admin.close()


@pytest.fixture
def proxy(database: psycopg2.extensions.connection) -> Iterator[Proxy]:
    """A proxy before that database."""
    with Proxy(Upstream(database.info.host, database.info.port), database.info.dbname) as proxy:
        yield proxy
    assert proxy.pids() == []


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], PythonConsumer]:
    """Writes a consumer's source and names it."""
    def write(source: str) -> PythonConsumer:
        (tmp_path / "consume.py").write_text(source)
        return PythonConsumer("consume.py", "handle")
    return write


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a consumer."""
    with ExitStack() as stack:
        def begin(spec: Any, url: str = "postgresql://nobody@127.0.0.1:1/x", root: Path = tmp_path) -> Running:
            running = start(spec, url, root)
            stack.callback(running.close)
            return running
        yield begin


@pytest.fixture
def lane(migrated: str) -> Iterator[Callable[..., Lane]]:
    """Starts a consumer behind a proxy of its own, on a migrated database."""
    with ExitStack() as stack:
        def begin(spec: Any, root: Path = ROOT, timeout_s: float = 10.0) -> Lane:
            made = Lane(spec, server(migrated), root, timeout_s)
            stack.callback(made.close)
            return made
        yield begin


@pytest.fixture
def nothing_left_running() -> Iterator[None]:
    """No consumer and no proxy outlives the test."""
    yield
    assert [process for process in children() if "resource_tracker" not in process] == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("replay-proxy")] == []


@pytest.fixture(scope="module")
def behind(scratch_server: ScratchServer, migrated_template: str) -> Iterator[str]:
    """The name of a migrated database behind the functions of a module."""
    name = f"false_success_{next(_numbers)}"
    scratch_server.execute(f'DROP DATABASE IF EXISTS "{name}"',
                           f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    yield name
    scratch_server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def functions_reader(scratch_server: ScratchServer, behind: str) -> Iterator[str]:
    """The DSN of a role that may only read."""
    with live.role(scratch_server, behind) as (_, dsn):
        yield dsn


@pytest.fixture
def deployed(aws: LocalAws, functions_reader: str) -> Iterator[LocalAws]:
    """The endpoint with both reference Lambdas as they should be."""
    aws.deploy(live.QUERY, pack(live.LAMBDAS / "db_query"), environment={"DATABASE_URL": functions_reader})
    aws.deploy(live.MIGRATION, live.migration_zip(), environment={"DATABASE_URL": "postgresql://never/used"})
    aws.invocations.clear()
    yield aws
    aws.intercept = None
    assert not [i for i in aws.invocations if i.function == live.MIGRATION], "the migration function was invoked"


@pytest.fixture
def bundled(tmp_path: Path) -> Contract:
    """The contract, from a folder that holds the built zip."""
    (tmp_path / "build.zip").write_bytes(live.migration_zip())
    return replace(live.CONTRACT, file=tmp_path / "contract.toml")


@pytest.fixture
def partly_broken(migrated: str) -> str:
    """The DSN of a migrated database that lost one constraint: claims of three areas are broken, all others held."""
    connection = psycopg2.connect(migrated)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side")
    connection.close()
    return migrated


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, built and installed; what it depends on is borrowed from this environment."""
    return install(tmp_path_factory.mktemp("installed"))
