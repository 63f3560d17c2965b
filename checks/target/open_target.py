"""Target -> a place that can be asked: its server started, migrated and reachable by its route, and gone at exit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from checks.contract.contract import Contract
from checks.contract.migration import Migration
from checks.lambdas.client import lambda_client
from checks.target.local_lambdas import local_lambdas
from checks.target.migrate import bring_up
from checks.target.routes import ROUTES
from checks.target.servers import SCRATCH, ScratchServer
from checks.target.session import Session
from checks.target.target import Secret, Target
from checks.target.ways.opened import way_in

DATABASE = "postdeploy"
"""The database that is made on a server of ours."""


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
        return ROUTES[self.target.spec.route](self.target, self.dsn, self.endpoint_url)

    def client(self) -> Any:
        """A Lambda client for the target."""
        return lambda_client(self.target.spec, self.endpoint_url)


@contextmanager
def open_place(target: Target, contract: Contract, migrations: tuple[Migration, ...]) -> Iterator[Place]:
    """Starts what the target needs. A server of ours comes up with just `migrations` applied.

    Raises:
        UsageError: the `local` extra is not installed, or a migration does not replay, or the way in is written wrong.
        Unverified: the server, the endpoint or the way in does not open.
    """
    if not target.ours:
        with way_in(target) as dsn:
            yield Place(target, dsn)
        return
    with ExitStack() as stack:
        server = stack.enter_context(SCRATCH[target.spec.server](target.spec, contract.replay.stub_extensions))
        dsn = Secret(server.create_database(DATABASE))
        bring_up(dsn, contract, migrations)
        place = Place(target, dsn, server=server)
        if target.spec.route == "lambda":
            spec, endpoint_url = stack.enter_context(local_lambdas(target.spec, contract, server, dsn))
            place = replace(place, target=replace(target, spec=spec), endpoint_url=endpoint_url)
        yield place
