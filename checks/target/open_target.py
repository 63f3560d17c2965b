"""Target -> a place that can be asked: its server started, migrated and reachable by its route, and gone at exit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from checks.contract.contract import Contract
from checks.contract.migrations import Migration
from checks.target.direct import DirectSession, connect, execute
from checks.target.migrate import apply_file, record
from checks.target.servers import ScratchServer, container, embedded
from checks.target.session import Session
from checks.target.target import Secret, Target
from checks.target.through_lambda import LambdaSession, lambda_client
from checks.values import UsageError

READER = "postdeploy_reader"
"""The SELECT-only role that local query functions log in as."""
DATABASE = "postdeploy"
LOCAL_QUERY, LOCAL_MIGRATION = "db-query", "db-migration"


@dataclass(frozen=True)
class Place:
    """A target whose server is up."""

    target: Target
    dsn: Secret | None
    """The database itself; None when only a function reaches it."""
    endpoint_url: str | None = None
    """The local AWS endpoint, for targets of ours."""
    server: ScratchServer | None = None

    def session(self) -> Session:
        """A fresh session by the target's route.

        Raises:
            Unreachable: nobody answers.
        """
        spec = self.target.spec
        if spec.route == "lambda":
            return LambdaSession(spec, lambda_client(spec, self.endpoint_url))
        if self.dsn is None:
            raise UsageError(f"Target {spec.name!r} has no database of its own to be asked directly.")
        return DirectSession(self.dsn, f"target {spec.name!r}" if not self.target.ours else "the scratch server",
                             can_run=self.target.scratch)

    def client(self) -> Any:
        """A Lambda client for the target."""
        return lambda_client(self.target.spec, self.endpoint_url)


@contextmanager
def open_place(target: Target, contract: Contract, migrations: tuple[Migration, ...]) -> Iterator[Place]:
    """Starts what the target needs. A server of ours comes up with just `migrations` applied.

    Raises:
        UsageError: the `local` extra is not installed, or a migration does not replay.
        Unverified: the server or the endpoint does not start.
    """
    if not target.ours:
        yield Place(target, target.dsn)
        return
    with ExitStack() as stack:
        server = stack.enter_context(embedded() if target.spec.server == "embedded"
                                     else container(target.spec.image))
        dsn = Secret(server.create_database(DATABASE))
        with closing(connect(dsn, "the scratch server")) as connection:
            for migration in migrations:
                apply_file(lambda sql: execute(connection, sql), migration)
                record(lambda sql: execute(connection, sql), contract.ledger, migration)
        place = Place(target, dsn, server=server)
        if target.spec.route == "lambda":
            place = stack.enter_context(_local_lambdas(place, contract))
        yield place


@contextmanager
def _local_lambdas(place: Place, contract: Contract) -> Iterator[Place]:
    """The reference Lambdas behind a local endpoint, the query function with a role that can only SELECT."""
    from checks.lambdas.local.endpoint import local_aws, pack, pack_migrations

    spec, dsn = place.target.spec, place.dsn
    folder = contract.root / spec.functions
    if not (folder / "db_query").is_dir() or not (folder / "db_migration").is_dir():
        raise UsageError(f"Target {spec.name!r} runs the Lambdas in {folder}, which has no db_query and db_migration; "
                         f"set target.{spec.name}.functions in {contract.file.name}.")
    if place.server is None or dsn is None or contract.migrations is None:
        raise UsageError(f"Target {spec.name!r} needs `migrations` in {contract.file.name}.")
    reader = make_reader(place.server, dsn)
    ledger = contract.ledger
    names = {"LEDGER_TABLE": ledger.table, "LEDGER_VERSION": ledger.version} if ledger else {}
    query = spec.query_function or LOCAL_QUERY
    migrate = spec.migration_function or LOCAL_MIGRATION
    with local_aws(spec.region or "us-west-2") as aws:
        aws.deploy(query, pack(folder / "db_query"), environment={"DATABASE_URL": reader.reveal()})
        bundle = pack_migrations(contract.migrations)
        aws.deploy(migrate, pack(folder / "db_migration", {"migrations_bundle.py": bundle}),
                   environment={"DATABASE_URL": dsn.reveal(), **names})
        ours = replace(place.target, spec=replace(spec, query_function=query, migration_function=migrate))
        yield replace(place, target=ours, endpoint_url=aws.endpoint_url)


def make_reader(server: ScratchServer, dsn: Secret) -> Secret:
    """Makes the SELECT-only role on `server` and returns the DSN with which it reaches the same database."""
    if not server.has_role(READER):
        server.execute(f"CREATE ROLE {READER} LOGIN PASSWORD 'reader'", f"GRANT pg_read_all_data TO {READER}")
    scheme, _, rest = dsn.reveal().partition("://")
    _, _, place = rest.partition("@")
    return Secret(f"{scheme}://{READER}:reader@{place}")


