"""What an audit prepares once: the reference system before V as a template, its twin after V, and the reply with which
the reference migration function tells of V."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from checks.contract.contract import Contract
from checks.contract.reply_shape import ReplyShape
from checks.expectation.expectation import Expectation
from checks.lambdas.local.endpoint import local_aws, pack
from checks.lambdas.replies.reply import UnreadableError, read_json
from checks.resources import LAMBDAS
from checks.target.direct import connect, execute
from checks.target.migrate import apply_file, record
from checks.target.open_target import LOCAL_MIGRATION, LOCAL_QUERY, READER
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.target.through_lambda import plain_name
from checks.values import UsageError

BASE, TWIN = "audit_base", "audit_twin"
REFERENCE = ReplyShape()


@dataclass(frozen=True)
class Role:
    """What a function is, and how its replies are built."""

    kind: str
    """`query` or `migration`."""
    shape: ReplyShape
    qualifier: str | None = None


def roles_of(contract: Contract) -> dict[str, Role]:
    """Function name -> its role, for every function that a target of the contract uses."""
    found: dict[str, Role] = {}
    for spec in contract.targets.values():
        for name, kind, shape in ((spec.query_function, "query", spec.query_reply),
                                  (spec.migration_function, "migration", spec.reply)):
            if name:
                found.setdefault(plain_name(name), Role(kind, shape, spec.qualifier))
    found.setdefault(LOCAL_QUERY, Role("query", REFERENCE))
    found.setdefault(LOCAL_MIGRATION, Role("migration", REFERENCE))
    return found


@dataclass(frozen=True)
class Grounds:
    """What every World of one audit shares."""

    contract: Contract
    expectation: Expectation
    """Up to and with V."""
    server: ScratchServer
    roles: Mapping[str, Role]
    folder: Path
    """Sources of the reference Lambdas."""
    region: str
    perfect: bytes
    """The payload with which the reference migration function told that it applied V."""
    hang_s: float

    @property
    def version(self) -> str:
        """V."""
        return self.expectation.migrations[-1].version

    @property
    def known_text(self) -> str:
        """Text in which every name that a question may hold is found."""
        return "\n".join(f"{m.version}\n{m.sql}" for m in self.expectation.migrations)

    def reader(self, database: str) -> str:
        """The DSN with which the query function reaches `database`."""
        return _as_reader(self.server.dsn(database))


@contextmanager
def open_grounds(contract: Contract, expectation: Expectation, server: ScratchServer, hang_s: float,
                 ) -> Iterator[Grounds]:
    """Makes the template, the twin and the reference reply.

    Raises:
        UsageError: the reference Lambdas are not to be found, or a migration does not replay.
    """
    spec = contract.targets[contract.default_target]
    region = spec.region or next((s.region for s in contract.targets.values() if s.region), None) or "us-west-2"
    folders = [contract.root / s.functions for s in contract.targets.values()] + [LAMBDAS]
    folder = next((f for f in folders if (f / "db_query").is_dir() and (f / "db_migration").is_dir()), None)
    if folder is None:
        raise UsageError(f"The audit needs the reference Lambdas, and {folders[0]} has no db_query and db_migration; "
                         f"set target.NAME.functions in {contract.file.name}.")
    grounds = Grounds(contract, expectation, server, roles_of(contract), folder, region, b"", hang_s)
    dsn = server.create_database(BASE)
    with closing(connect(Secret(dsn), "the scratch server")) as connection:
        for migration in expectation.migrations[:-1]:
            apply_file(lambda sql: execute(connection, sql), migration)
            record(lambda sql: execute(connection, sql), contract.ledger, migration)
    server.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{READER}') THEN "
        f"CREATE ROLE {READER} LOGIN PASSWORD 'reader'; END IF; END $$", f"GRANT pg_read_all_data TO {READER}",
        f'DROP DATABASE IF EXISTS "{TWIN}" WITH (FORCE)', f'CREATE DATABASE "{TWIN}" TEMPLATE "{BASE}"')
    yield replace(grounds, perfect=_perfect(grounds))


def _perfect(grounds: Grounds) -> bytes:
    """Lets the reference migration function apply V to the twin, and returns what it says."""
    with local_aws(grounds.region) as aws:
        aws.deploy(LOCAL_MIGRATION, migration_zip(grounds), environment=migration_variables(grounds, TWIN))
        answer = aws.client("lambda").invoke(FunctionName=LOCAL_MIGRATION, Payload=b"{}")
        payload: bytes = answer["Payload"].read()
    try:
        body = read_json(read_json(payload)["body"])
        applied = grounds.version in body["migrations_applied"]
    except (UnreadableError, KeyError, TypeError):
        body, applied = {}, False
    if not applied:
        raise UsageError(f"The reference migration function in {grounds.folder} does not apply {grounds.version}: "
                         f"{str(body.get('error') or payload[:200])[:200]}")
    return payload


def migration_zip(grounds: Grounds) -> bytes:
    """The migration function with every file up to V; a file that does not record itself is recorded."""
    statements: list[str] = []
    lines = []
    for migration in grounds.expectation.migrations:
        record(statements.append, grounds.contract.ledger, migration)
        lines.append(f"    {migration.version!r}: {migration.sql + chr(10) + ';' + statements[-1]!r},\n")
    bundle = ("MIGRATIONS = {\n" + "".join(lines) + "}\n").encode()
    return pack(grounds.folder / "db_migration", {"migrations_bundle.py": bundle})


def migration_variables(grounds: Grounds, database: str) -> dict[str, str]:
    """The environment of a migration function that writes to `database`."""
    ledger = grounds.contract.ledger
    if ledger is None:
        raise UsageError(f"An audit needs [ledger] in {grounds.contract.file.name}.")
    return {"DATABASE_URL": grounds.server.dsn(database), "LEDGER_TABLE": f"{ledger.schema}.{ledger.table}",
            "LEDGER_VERSION": ledger.version}


def _as_reader(dsn: str) -> str:
    scheme, _, rest = dsn.partition("://")
    return f"{scheme}://{READER}:reader@{rest.partition('@')[2]}"
