"""migrations/ -> the derived half of the contract: what each file changed, learnt by replaying them.

The same reader reads both sides: a scratch database after each file, and the target. What file n changed is kept
as whole objects; a later run needs no scratch server, only the cache or the lock file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from checks.harness import catalog_sql, objects, snapshot
from checks.harness.contract import Contract, LedgerSpec
from checks.harness.dedupe_plan import PlannedInsert, plan_insert
from checks.harness.direct import connect, execute
from checks.harness.migrations import Migration, digest, read_migrations
from checks.harness.servers import ScratchServer
from checks.harness.snapshot import Object, decode, from_json, to_json
from checks.harness.sqltext import ident, literal
from checks.harness.target import Secret
from checks.harness.values import Rejected, UsageError


class Effect(NamedTuple):
    """What a migration did to one object and the head still has."""

    key: str
    made: bool
    """Whether it made the object; else it only changed it."""
    fields: tuple[str, ...]
    """The fields that it set."""

    @property
    def facts(self) -> int:
        """How many facts that is."""
        return self.made + len(self.fields)


@dataclass(frozen=True)
class Step:
    """What one migration changed."""

    version: str
    file: str
    sets: Mapping[str, Object]
    drops: tuple[str, ...]
    notices: tuple[str, ...] = ()
    """The server's words about statements that did nothing, and names it cut."""


@dataclass(frozen=True)
class Derived:
    """The catalogue after each migration."""

    digest: str
    major: int
    """The PostgreSQL major that deparsed it."""
    steps: tuple[Step, ...]
    inserts: Mapping[str, PlannedInsert] = field(default_factory=dict)
    """The contract's `statements`, by their text, as planned at the last file."""

    def objects(self, version: str | None = None) -> dict[str, Object]:
        """Every object after `version`, or after the last file."""
        found: dict[str, Object] = {}
        for step in self.steps:
            found.update(step.sets)
            for key in step.drops:
                found.pop(key, None)
            if step.version == version:
                break
        return dict(sorted(found.items()))

    def effects(self, head: Mapping[str, Object]) -> dict[str, tuple[Effect, ...]]:
        """Each migration's own effects: what it changed and `head` still has, object by object."""
        before: dict[str, Object] = {}
        found = {}
        for step in self.steps:
            effects = (_effect(key, before.get(key), item, head[key])
                       for key, item in step.sets.items() if key in head)
            found[step.version] = tuple(effect for effect in effects if effect.facts)
            before.update(step.sets)
            for key in step.drops:
                before.pop(key, None)
        return found

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Every version, in the order they apply."""
        return tuple(step.version for step in self.steps)


def _effect(key: str, before: Object | None, after: Object, head: Object) -> Effect:
    if type(head) is not type(after):
        return Effect(key, False, ())
    made = type(before) is not type(after)
    if made and head is after:
        return Effect(key, True, after._fields)
    return Effect(key, made, tuple(
        name for name in after._fields if getattr(head, name) == getattr(after, name)
        and (made or getattr(before, name) != getattr(after, name))))


FORMAT = "1"
"""Raised when what a Snapshot holds changes its meaning; a lock of another format must be made again."""


def derive(contract: Contract, scratch: Callable[[], AbstractContextManager[ScratchServer]]) -> Derived:
    """The derived contract: from the lock file, else from the cache, else by replay on a server of `scratch`.

    Raises:
        UsageError: the lock is of other migrations, a migration does not replay, or there is nothing to replay on.
    """
    migrations = read_migrations(contract)
    wanted = digest(migrations, (*contract.schemas, *statements(contract)), FORMAT)
    lock = lock_path(contract)
    if lock.exists():
        return _locked(lock, migrations, contract)
    cached = _cache_path(wanted)
    try:
        return _load(cached.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        with scratch() as server:
            found = replay(migrations, contract, server, wanted)
    except UsageError as error:
        if "[local]" not in str(error):
            raise
        raise UsageError("What the migrations make is not known here: there is no "
                         f"{lock.name} beside the contract and no local server to replay them on. Run "
                         "`python -m checks lock` where the local extra is installed and commit the file, or "
                         "install it here: pip install 'postdeploy-checks[local]'.") from None
    _store(cached, dump(found))
    return found


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
        found = replay(migrations, contract, server, digest(migrations, (*contract.schemas, *statements(contract)), FORMAT))
    path = lock_path(contract)
    try:
        path.write_text(dump(found), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return path, found


def replay(migrations: tuple[Migration, ...], contract: Contract, server: ScratchServer, key: str) -> Derived:
    """Applies each file to a fresh database and reads the catalogue after it.

    Raises:
        UsageError: a file does not replay; names file, line, statement and the server's words.
    """
    dsn = Secret(server.create_database(f"replay_{os.getpid()}"))
    connection = connect(dsn, "the scratch server")
    question = catalog_sql.snapshot_select(contract.schemas, contract.ledger.table if contract.ledger else None)
    steps: list[Step] = []
    empty = decode(execute(connection, question)[0][0])
    before = empty.objects
    try:
        for migration in migrations:
            del connection.notices[:]
            apply_file(lambda sql: execute(connection, sql), migration)
            execute(connection, "RESET ALL")
            notices = tuple(_telling(connection.notices))
            after = decode(execute(connection, question)[0][0]).objects
            steps.append(Step(migration.version, migration.file,
                              {name: item for name, item in after.items() if before.get(name) != item},
                              tuple(name for name in before if name not in after), notices))
            before = after
        inserts = {text: plan_insert(lambda sql: execute(connection, sql), text) for text in statements(contract)}
    finally:
        connection.close()
    return Derived(key, empty.identity["server_version_num"] // 10_000, tuple(steps), inserts)


def apply_file(run: Callable[[str], Any], migration: Migration) -> None:
    """Sends one file whole on a scratch server; a role it grants to but nobody made is made.

    Raises:
        UsageError: see replay.
    """
    for _ in range(20):
        try:
            run(migration.sql)
            return
        except Rejected as refusal:
            role = re.fullmatch(r'role "(.+)" does not exist', refusal.message)
            if not role or refusal.sqlstate != "42704":
                raise UsageError(f"{migration.file} does not replay: {told(refusal)}") from None
        run("ROLLBACK")
        run('CREATE ROLE "{}"'.format(role.group(1).replace('"', '""')))
    raise UsageError(f"{migration.file} does not replay: it names more than 20 roles that nobody makes.")


def record(run: Callable[[str], Any], ledger: LedgerSpec | None, migration: Migration) -> None:
    """Writes the ledger row of a file that does not write its own.

    Raises:
        UsageError: there is no such ledger, or a row needs more than a version.
    """
    if ledger is None:
        return
    table, column, version = ident(ledger.schema, ledger.table), ident(ledger.version), literal(migration.version)
    try:
        run(f"INSERT INTO {table} ({column}) SELECT {version} "
            f"WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = {version})")
    except Rejected as refusal:
        raise UsageError(f"{migration.file} was applied, but could not be recorded in {ledger.shown}: {refusal}. Let the "
                         "first migration make that table, or correct [ledger] in the contract.") from None


def told(refusal: Rejected) -> str:
    """The server's words about a file of ours, with the line and the statement they are about."""
    where = ""
    if refusal.position:
        at = refusal.position - 1
        line = refusal.statement.count("\n", 0, at) + 1
        start = refusal.statement.rfind(";", 0, at) + 1
        statement = " ".join(re.sub(r"--[^\n]*", "", refusal.statement[start:]).split(";")[0].split())
        where = f"line {line}, in `{statement[:120]}`: "
    return f"{where}{refusal}"


def _telling(notices: list[str]) -> Iterator[str]:
    for notice in notices:
        text = notice.partition(":")[2].strip().splitlines()[0]
        if "will be truncated" in text or "already exists, skipping" in text or (
                text.startswith("relation") and "does not exist, skipping" in text):
            yield text


def statements(contract: Contract) -> tuple[str, ...]:
    """The application's INSERT statements that the contract lists."""
    return tuple(dict.fromkeys(text for spec in contract.dedupe for text in spec.statements))


def lock_path(contract: Contract) -> Path:
    """Where the lock file of `contract` is: beside it."""
    return contract.file.with_suffix(".lock.json")


def dump(derived: Derived) -> str:
    """A reviewable text: one line an object, in order, under the migration that set it."""
    lines = ["{", f' "digest": "{derived.digest}",', f' "major": {derived.major},',
             f' "inserts": {json.dumps({text: plan._asdict() for text, plan in derived.inserts.items()})},',
             ' "migrations": [']
    for number, step in enumerate(derived.steps):
        body = [f"    {json.dumps(key)}: {json.dumps(to_json(item))}" for key, item in step.sets.items()]
        lines += [f'  {{"version": {json.dumps(step.version)}, "file": {json.dumps(step.file)},',
                  f'   "notices": {json.dumps(step.notices)}, "drops": {json.dumps(step.drops)},',
                  '   "sets": {', ",\n".join(body), "   }}" + ("," if number < len(derived.steps) - 1 else "")]
    return "\n".join([*lines, " ]", "}", ""])


def _load(text: str) -> Derived:
    data = json.loads(text)
    return Derived(data["digest"], data["major"], tuple(
        Step(step["version"], step["file"], {key: from_json(key, item) for key, item in step["sets"].items()},
             tuple(step["drops"]), tuple(step["notices"]))
        for step in data["migrations"]),
        {text: PlannedInsert(**{**plan, "arbiters": tuple(plan["arbiters"])}) for text, plan in data["inserts"].items()})


def _locked(lock: Path, migrations: tuple[Migration, ...], contract: Contract) -> Derived:
    again = "Run `python -m checks lock` and commit the result."
    try:
        found = _load(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{lock.name} is not a lock file that this version reads. {again}") from None
    if found.digest != digest(migrations, (*contract.schemas, *statements(contract)), FORMAT):
        files = {step.file for step in found.steps}
        names = [m.file for m in migrations if m.file not in files]
        more = f" It knows nothing of {', '.join(names[:3])}." if names else ""
        raise UsageError(f"{lock.name} was not made of these migrations and statements.{more} {again}")
    return found


def _cache_path(key: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    reader = hashlib.sha256("".join(Path(module.__file__ or "").read_text(encoding="utf-8")
                                    for module in (catalog_sql, objects, snapshot)).encode()).hexdigest()
    return Path(base) / "postdeploy-checks" / f"{key[:32]}-{reader[:16]}.json"


def _store(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError:
        return  # a cache that cannot be kept costs the next run a replay, nothing else
