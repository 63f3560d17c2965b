"""What an audit prepares once: the reference system before V as a template, its twin after V, and the reply with which
the reference migration function tells of V."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from checks.contract.contract import LOCAL_MIGRATION, LOCAL_QUERY, NO_SEEDS, Contract, Seeds
from checks.contract.ledger import LedgerSpec
from checks.contract.migration import Migration
from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.expectation.expectation import Expectation
from checks.lambdas.client import REGION, plain_name
from checks.lambdas.local.endpoint import LocalAws, local_aws
from checks.lambdas.package import bundle
from checks.lambdas.reference import deploy_migration, deploy_query, sources
from checks.lambdas.replies.reply import UnreadableError, read_json
from checks.resources import LAMBDAS
from checks.target.migrate import bring_up, record
from checks.target.reader import make_reader
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.values import UsageError

BASE, TWIN = "audit_base", "audit_twin"
"""The databases before and after V."""


@dataclass(frozen=True)
class WorldRole:
    """What a function is, and how its replies are built."""

    kind: str
    """`query` or `migration`."""
    shape: ReplyShape
    qualifier: str | None = None


def roles_of(contract: Contract) -> dict[str, WorldRole]:
    """Function name -> its role, for every function that a target of the contract uses."""
    found: dict[str, WorldRole] = {}
    for spec in contract.targets.values():
        for name, kind, shape in ((spec.query_function, "query", spec.query_reply),
                                  (spec.migration_function, "migration", spec.reply)):
            if name:
                found.setdefault(plain_name(name), WorldRole(kind, shape, spec.qualifier))
    found.setdefault(LOCAL_QUERY, WorldRole("query", REFERENCE))
    found.setdefault(LOCAL_MIGRATION, WorldRole("migration", REFERENCE))
    return found


@dataclass(frozen=True)
class Prepared:
    """What every LyingEndpoint of one audit shares."""

    contract: Contract
    expectation: Expectation
    """Up to and with V."""
    server: ScratchServer
    roles: Mapping[str, WorldRole]
    folder: Path
    """Sources of the reference Lambdas."""
    region: str
    perfect: bytes
    """The payload with which the reference migration function told that it applied V."""
    hang_s: float
    seeds: Seeds = NO_SEEDS

    @property
    def version(self) -> str:
        """V."""
        return self.expectation.migrations[-1].version

    @property
    def known_text(self) -> str:
        """Text in which every name that a question may hold is found."""
        return "\n".join(f"{m.version}\n{m.sql}" for m in self.expectation.migrations)

    def deploy_query(self, aws: LocalAws, name: str, database: str, *, publish: bool = False) -> None:
        """The reference query function over `database`."""
        reader = make_reader(self.server, Secret(self.server.dsn(database)))
        deploy_query(aws, name, self.folder, reader.reveal(), publish=publish)

    def deploy_migration(self, aws: LocalAws, name: str, database: str, *, publish: bool = False) -> None:
        """The reference migration function over `database`, with every file up to V."""
        ledger = self.contract.ledger
        versions = {migration.version: _recorded(migration, ledger) for migration in self.expectation.migrations}
        deploy_migration(aws, name, self.folder, self.server.dsn(database), bundle(versions), ledger, publish=publish)


@contextmanager
def prepare(contract: Contract, expectation: Expectation, server: ScratchServer, hang_s: float,
            seeds: Seeds = NO_SEEDS) -> Iterator[Prepared]:
    """Makes the template, the twin and the reference reply.

    Raises:
        UsageError: the reference Lambdas are not to be found, or a migration does not replay.
    """
    default = [spec for name, spec in contract.targets.items() if name == contract.default_target]
    region = next((s.region for s in (*default, *contract.targets.values()) if s.region), REGION)
    folders = [*(contract.root / s.functions for s in contract.targets.values()), LAMBDAS]
    folder = sources(folders)
    if folder is None:
        raise UsageError(f"The audit needs the reference Lambdas, and {folders[0]} has no db_query and db_migration; "
                         f"set target.NAME.functions in {contract.file.name}.")
    prepared = Prepared(contract, expectation, server, roles_of(contract), folder, region, b"", hang_s, seeds)
    dsn = server.create_database(BASE)
    bring_up(Secret(dsn), contract, expectation.migrations[:-1])
    server.copy_database(TWIN, BASE)
    yield replace(prepared, perfect=_perfect(prepared))


def _perfect(prepared: Prepared) -> bytes:
    """Lets the reference migration function apply V to the twin, and returns what it says."""
    with local_aws(prepared.region) as aws:
        prepared.deploy_migration(aws, LOCAL_MIGRATION, TWIN)
        answer = aws.client("lambda").invoke(FunctionName=LOCAL_MIGRATION, Payload=b"{}")
        payload: bytes = answer["Payload"].read()
    try:
        body = read_json(read_json(payload)["body"])
        applied = prepared.version in body["migrations_applied"]
    except (UnreadableError, KeyError, TypeError):
        body, applied = {}, False
    if not applied:
        raise UsageError(f"The reference migration function in {prepared.folder} does not apply {prepared.version}: "
                         f"{str(body.get('error') or payload[:200])[:200]}")
    return payload


def _recorded(migration: Migration, ledger: LedgerSpec | None) -> str:
    """The file's SQL, and after it what records a file that does not record itself."""
    statements = [migration.sql]
    record(statements.append, ledger, migration)
    return "\n;".join(statements)
