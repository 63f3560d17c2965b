"""`python -m checks init`: looks at the repository and at the database, and writes a commented contract.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from checks.adopt.candidates import PlainLedger, dedupe_keys, enums, lookups, plain_ledger
from checks.adopt.flyway_settings import flyway_settings
from checks.adopt.functions import FoundFunctions, find_functions
from checks.adopt.repository import FoundMigrations, find_migrations
from checks.catalog.decode import decode
from checks.catalog.difference import column_types
from checks.catalog.key import Key
from checks.catalog.objects import Object
from checks.catalog.select import snapshot_select
from checks.catalog.snapshot import Snapshot
from checks.contract.ledgers.presets import BUILDS, PRESETS
from checks.contract.migrations import version_of
from checks.contract.reader import read_contract
from checks.expectation.derive import expectation_of
from checks.files import write_whole
from checks.sql.names import as_text, ident, shown, split_path
from checks.target.routes.direct import DirectSession
from checks.target.target import Secret, Target, holds_secret
from checks.values import HarnessError, Rejected, Say, UsageError

_SCHEMAS = ("SELECT format('%s', coalesce(json_agg(DISTINCT n.nspname), '[]'::json)) AS doc FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' "
            "AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d "
            "WHERE d.objid = c.oid AND d.deptype = 'e')")


@dataclass(frozen=True)
class Seen:
    """What was found out."""

    root: Path
    found: FoundMigrations
    url: Secret | None
    schemas: tuple[str, ...] = ("public",)
    ledger: str = ""
    """The table that the tool's ledger is, as the contract writes it; empty: the tool's usual one."""
    objects: Mapping[Key, Object] = field(default_factory=dict)
    """What the migrations make, or what the database has where they could not be replayed."""
    rows: tuple[str, ...] = ()
    functions: FoundFunctions | None = None


def init(root: Path, file: Path, url: str | None, migrations: Path | None, say: Say) -> None:
    """Writes `file`.

    Args:
        root: the repository.
        file: the contract to be written.
        url: of a database to look at, reading only; None: none.
        migrations: where the user says the migrations are.
        say: takes a line about what was found.

    Raises:
        UsageError: a contract is there already, or no migrations are found.
        Unverified: the database cannot be looked at.
    """
    if file.exists():
        raise UsageError(f"{file} is there already; remove it, or name another file with --contract FILE.")
    found = find_migrations(root, migrations)
    say(f"migrations: {found.told(root)}")
    dsn = None if url is None else Secret(url)
    seen = Seen(root, found, dsn, functions=find_functions())
    if found.tool == "flyway":
        settings = flyway_settings(root, found.folder)
        seen = replace(seen, schemas=settings.schemas, ledger=settings.ledger)
    if dsn is not None:
        seen = _with_database(seen, dsn, say)
    write_whole(file, "\n".join(_lines(seen)) + "\n")
    try:
        contract = read_contract(file)
        expectation = expectation_of(contract, Target(contract.targets[contract.default_target], None))
    except HarnessError as error:
        say(f"the migrations do not replay yet, so {file.name} says nothing of enums and keys: {error}")
        return
    rows = _versions(dsn, plain_ledger(expectation.objects)) if dsn is not None and found.tool == "plain" else ()
    seen = replace(seen, objects=expectation.objects, rows=rows)
    write_whole(file, "\n".join(_lines(seen)) + "\n")
    read_contract(file)
    say(f"written: {file}. Next: pytest checks/" + (" (or postdeploy-checks verify)"))


def _with_database(seen: Seen, dsn: Secret, say: Say) -> Seen:
    with closing(DirectSession(dsn, "the database")) as session:
        (doc, *_), = session.ask(_SCHEMAS)
        schemas = tuple(json.loads(doc))
        (document, *_), = session.ask(snapshot_select(schemas or ("public",), None))
        session.rest()
    snapshot = decode(document)
    ledger = _ledger_in(seen.found.tool, snapshot)
    own = {split_path(ledger)[0]} if ledger.count(".") else set()
    homes = tuple(schema for schema in schemas if schema not in own) or ("public",)
    ordered = ("public", *(s for s in homes if s != "public")) if "public" in homes else homes
    say(f"database: PostgreSQL {snapshot.identity['server_version']}, schemas {', '.join(ordered)}"
        + (f", ledger {ledger}" if ledger else ""))
    return replace(seen, url=dsn, schemas=ordered, ledger=ledger, objects=snapshot.objects)


def _versions(dsn: Secret, ledger: PlainLedger | None) -> tuple[str, ...]:
    """What the ledger of the database calls its migrations, as far as the role may read it and reading it runs nothing."""
    if ledger is None:
        return ()
    path, version = split_path(ledger.table), split_path(ledger.version)[0]
    schema, table = path if len(path) > 1 else ("public", *path)
    with closing(DirectSession(dsn, "the database")) as session:
        try:
            (document, *_), = session.ask(snapshot_select((schema,), None))
            found = decode(document)
            types = column_types(found, shown(schema, table))
            if version not in types or not found.may_read(shown(schema, table), (version,)):
                return ()
            cell = as_text(f"l.{ident(version)}", types[version])
            (doc, *_), = session.ask("SELECT format('%s', coalesce(json_agg(r.version), '[]'::json)) AS doc "
                                     f"FROM (SELECT {cell} AS version FROM {ident(schema, table)} l) r")
            return tuple(map(str, json.loads(doc)))
        except Rejected:
            return ()


def _ledger_in(tool: str, found: Snapshot) -> str:
    """The table of `found` that is the tool's ledger, where it is not where the tool usually puts it."""
    usual = str(PRESETS[tool].get("table", "schema_migrations"))
    name = split_path(usual)[-1]
    homes = [relation for relation in found.tables if split_path(relation)[-1] == name]
    return homes[0] if len(homes) == 1 and tool != "plain" else ""


def _lines(seen: Seen) -> Iterator[str]:
    yield "# Written by `python -m checks init`. Every key: docs/contract.md of postdeploy-checks."
    yield f'default_target = "{"database" if seen.url else "embedded"}"'
    yield f"schemas = {_list(seen.schemas)}"
    yield ""
    yield from _migrations(seen)
    yield ""
    yield from _ledger(seen)
    yield from _targets(seen)
    yield from _enums(seen)
    yield from _dedupe(seen)


def _migrations(seen: Seen) -> Iterator[str]:
    found = seen.found
    folder = found.folder.relative_to(seen.root).as_posix()
    if found.tool == "plain":
        yield f'migrations = "{folder}"  # .sql files, applied in the order of their names' if seen.ledger == "" else ""
        return
    yield "[migrations]"
    yield f'folder = "{folder}"'
    yield f'tool = "{found.tool}"'
    if found.code:
        command = [word.replace("{folder}", folder) for word in BUILDS[found.tool]]
        yield f"build = {_list(command)}  # brings an empty database, DATABASE_URL, to the head"


def _ledger(seen: Seen) -> Iterator[str]:
    if seen.found.tool != "plain":
        yield "[ledger]"
        yield f'tool = "{seen.found.tool}"'
        if seen.ledger and seen.ledger != PRESETS[seen.found.tool].get("table", "schema_migrations"):
            yield f"table = {_text(seen.ledger)}"
        yield ""
        return
    plain = plain_ledger(seen.objects)
    if plain is None:
        yield "# [ledger]                 # no table of applied migrations was found; without one no row is claimed"
        yield '# table = "schema_migrations"'
    else:
        yield "[ledger]"
        yield f"table = {_text(plain.table)}"
        yield f"version = {_text(plain.version)}"
        yield f"applied_at = {_text(plain.applied_at)}"
        yield f'version_from = "{_pattern(seen, plain)}"    # how a file\'s name gives its version: ' \
              "{stem}, {name}, {prefix}, {number}, {integer}"
    yield ""


def _pattern(seen: Seen, ledger: PlainLedger) -> str:
    """How the files' names give most of the versions that the ledger holds, or such as its column takes."""
    names = [path.name for path in seen.found.folder.glob("*.sql")]
    numbers = ledger.type.startswith(("smallint", "integer", "bigint", "numeric"))
    forms = ("{integer}",) if numbers else ("{stem}", "{number}", "{prefix}", "{name}")
    return max(forms, key=lambda form: len({version_of(name, form, "") for name in names} & set(seen.rows)))


def _targets(seen: Seen) -> Iterator[str]:
    yield "[target.embedded]          # made for a run, migrated, gone at exit"
    yield 'server = "embedded"'
    yield ""
    if seen.url is not None:
        yield "[target.database]          # read only: writes = \"never\" is the default"
        yield f"dsn = {_text('env:DATABASE_URL' if holds_secret(seen.url.reveal()) else seen.url.reveal())}"
    else:
        yield "# [target.prod]            # read only: writes = \"never\" is the default"
        yield '# dsn = "env:DATABASE_URL"'
    yield ""
    if seen.functions is not None:
        yield from _functions(seen.functions)


def _functions(found: FoundFunctions) -> Iterator[str]:
    """Commented, since a name does not prove what a function is for."""
    yield "# [target.by-lambda]       # functions of this region whose names fit: look whether they are yours"
    yield '# route = "lambda"'
    yield f"# region = {_text(found.region)}"
    yield from (f"# query_function = {_text(name)}" for name in found.query)
    yield from (f"# migration_function = {_text(name)}" for name in found.migration)
    yield ""


def _enums(seen: Seen) -> Iterator[str]:
    found = {each.column: each for each in enums(seen.objects)}
    asides = list(lookups(seen.objects))
    if found:
        yield "[enums]                    # what these columns may hold: look whether it is what you mean"
        for each in found.values():
            yield f"{_text(each.column)} = {_list(each.values)}  # {each.why}"
        yield ""
    if asides:
        yield "# Lookup tables; declare their values under [enums] too:"
        yield from (f"#   {aside}" for aside in asides)
        yield ""


def _dedupe(seen: Seen) -> Iterator[str]:
    for key in dedupe_keys(seen.root, seen.found.folder, seen.objects):
        name = re.sub(r"[^A-Za-z0-9_-]", "_", key.table)
        yield f"[dedupe.{name}]  # {key.file} counts on it: ON CONFLICT ({', '.join(key.columns)})"
        yield f"table = {_text(key.table)}"
        yield f"key = {_list(key.columns)}"
        yield ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"

