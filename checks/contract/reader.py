"""Reads contract.toml into a Contract. Parsing only; nothing is contacted and no secret is read."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

from checks.contract.accept import read_accepts, until_in
from checks.contract.access import read_access
from checks.contract.contract import (
    ROUTES,
    SERVERS,
    AuditSpec,
    Contract,
    DriftIgnore,
    EnumSpec,
    Isolation,
    Seeds,
    TargetSpec,
    is_pattern,
)
from checks.contract.dedupe_reader import read_dedupe
from checks.contract.deployment.reader import named_in, read_deployment
from checks.contract.deployment.sections import DeploymentSpec
from checks.contract.ledger import read_ledger
from checks.contract.migrations_reader import read_migrations_spec
from checks.contract.replay import read_replay
from checks.contract.reply_shape import REFERENCE, ReplyShape
from checks.contract.toml_table import TomlTable
from checks.contract.way.fleet import read_fleet
from checks.contract.way.reader import check_way, read_timeouts, read_way
from checks.sql.names import nearest, split_path
from checks.values import LeftOut, UsageError

LONGEST_NAME = 63
"""Bytes of an identifier (PostgreSQL manual, 4.1.1)."""


def read_contract(file: Path) -> Contract:
    """Reads and checks `file`.

    Raises:
        UsageError: the file is missing or malformed; the message holds the key path and the remedy.
    """
    if file.is_char_device():
        raise UsageError(f"{file} is no file. Name a contract.toml with --contract FILE.")
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"No contract at {file}. Name one with --contract FILE, or write one: README.md has an "
                         "example to start from.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file.name} is not UTF-8 text; save it as UTF-8.") from None
    except RecursionError:
        raise UsageError(f"{file.name} is nested too deeply to be read. README.md has an example.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.name} is not valid TOML: {error}. README.md has an example.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}. Name a contract.toml with --contract FILE.") from None
    return _contract(file, TomlTable(data, "", file.name))


def _contract(file: Path, top: TomlTable) -> Contract:
    deployment = read_deployment(top)
    targets = {name: _target(name, table, deployment, file.resolve().parent)
               for name, table in top.named_tables("target").items()}
    fleets = {name: read_fleet(name, table, file.resolve().parent) for name, table in top.named_tables("fleet").items()}
    for name in fleets.keys() & targets.keys():
        raise top.error(f"fleet.{name}", "has the name of a target; give one of them another")
    if not targets and not fleets:
        targets = {"embedded": TargetSpec("embedded", server="embedded", writes="scratch")}
    default = top.text("default_target", next(iter((*targets, *fleets))))
    if default not in (*targets, *fleets):
        raise top.error("default_target", f"names {default!r}, which is no [target.…] and no [fleet.…]."
                                          f"{nearest(default, (*targets, *fleets))} Known: {', '.join((*targets, *fleets))}")
    schemas = _schemas(top)
    migrations = read_migrations_spec(top, file.resolve().parent)
    constraints, drift = top.table("constraints"), top.table("drift")
    contract = Contract(
        file=file.resolve(), default_target=default,
        migrations=migrations, schemas=schemas,
        ledger=read_ledger(top, schemas, migrations.tool if migrations else "plain"), targets=targets,
        enums=_enums(top, schemas),
        stored_rows=_stored_rows(constraints),
        dedupe=tuple(read_dedupe(name, table) for name, table in top.named_tables("dedupe").items()),
        audits=tuple(_audit(name, table) for name, table in top.named_tables("audit").items()),
        ignores=_ignores(drift),
        absent=(),
        accepts=read_accepts(top), access=read_access(top.table("access")),
        deployment=deployment,
        replay=read_replay(top.table("replay"), file.resolve().parent,
                           {name: spec.writes == "scratch" for name, spec in targets.items()}),
        fleets=fleets,
    )
    top.finish()
    return _with_absent(contract)


def _schemas(top: TomlTable) -> tuple[str, ...]:
    schemas = top.texts("schemas", ("public",))
    patterns = [schema for schema in schemas if is_pattern(schema)]
    if len(patterns) > 1:
        raise top.error("schemas", f"has {len(patterns)} patterns ({', '.join(patterns)}), and the migrations make what one "
                                   "stands for. Leave one, and verify the others by a contract of their own")
    if not all(schemas):
        raise top.error("schemas", "has an empty name in it; take it out, or name a schema")
    if any(pattern.startswith("pg_") for pattern in patterns):
        raise top.error("schemas", "has a pattern that begins with pg_, as PostgreSQL's own schemas do; those of an "
                                   "application cannot be called so")
    if any(len(pattern.encode()) > LONGEST_NAME for pattern in patterns):
        raise top.error("schemas", f"has a pattern longer than the {LONGEST_NAME} bytes of a name")
    return schemas


def _with_absent(contract: Contract) -> Contract:
    absent = []
    if contract.migrations is None:
        why = f"{contract.file.name} names no migrations folder, so nothing says what should be there"
        absent += [LeftOut(area, why) for area in ("ledger", "constraints", "drift")]
    elif contract.ledger is None:
        absent.append(LeftOut("ledger", f"no [ledger] in {contract.file.name}"))
    if contract.replay.stub_extensions:
        names = ", ".join(contract.replay.stub_extensions)
        absent.append(LeftOut("drift", f"inert stand-ins stand for {names} where the migrations are replayed"))
    if not contract.enums:
        absent.append(LeftOut("enums", f"no [enums] in {contract.file.name}"))
    if not contract.dedupe:
        absent.append(LeftOut("dedupe", f"no [dedupe.NAME] in {contract.file.name}"))
    return replace(contract, absent=tuple(absent))


def _enums(top: TomlTable, schemas: tuple[str, ...]) -> tuple[EnumSpec, ...]:
    table = top.table("enums")
    if table is None:
        return ()
    return tuple(_enum(table, key, schemas) for key in table.left())


def _enum(table: TomlTable, key: str, schemas: tuple[str, ...]) -> EnumSpec:
    path = _path(table, key, key)
    if len(path) not in (2, 3):
        raise table.error(key, "must name a column as TABLE.COLUMN or SCHEMA.TABLE.COLUMN")
    *owner, relation, column = path
    schema = next(iter((*owner, *schemas)))
    value: Any = table.take(key, object)
    null = None
    if isinstance(value, dict):
        entry = TomlTable(value, f"enums.{key}", table.file)
        null = entry.choice("null", ("accepted", "rejected"), "rejected") if "null" in entry else None
        value = entry.take("values", list, [])
        entry.finish()
    if not isinstance(value, list) or not value:
        raise table.error(key, "must be a non-empty list of allowed values, "
                               "or { values = [...], null = \"rejected\" }")
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in value):
        raise table.error(key, "may only list strings or whole numbers")
    values = tuple(str(item) for item in value)
    if any("\0" in item for item in values):
        raise table.error(key, "may not list a value with a NUL character, which PostgreSQL text cannot hold")
    if len(set(values)) != len(values):
        raise table.error(key, "lists a value twice")
    return EnumSpec(schema, relation, column, values, null)


def _path(table: TomlTable, key: str, written: str) -> tuple[str, ...]:
    try:
        return split_path(written)
    except ValueError as error:
        raise table.error(key, str(error)) from None


def _stored_rows(table: TomlTable | None) -> str:
    if table is None:
        return "must-obey"
    word = table.choice("stored_rows", ("must-obey", "report"), "must-obey")
    table.finish()
    return word


def _ignores(table: TomlTable | None) -> tuple[DriftIgnore, ...]:
    if table is None:
        return ()
    found = []
    for entry in table.tables("ignore"):
        pattern = entry.text("object")
        if ":" not in pattern:
            raise entry.error("object", f"must look like 'table:tmp_*', not {pattern!r}")
        reason = entry.text("reason")
        if not reason.strip():
            raise entry.error("reason", "must say why this drift is accepted")
        found.append(DriftIgnore(pattern, reason, until_in(entry)))
        entry.finish()
    table.finish()
    return tuple(found)


def _target(name: str, table: TomlTable, deployment: DeploymentSpec, root: Path) -> TargetSpec:
    server = table.choice("server", SERVERS, "given")
    route = table.choice("route", ROUTES, "direct")
    ours = server != "given"
    writes = table.choice("writes", ("never", "scratch"), "scratch" if ours else "never")
    probes = table.take("error_probes", bool)
    reply, query_reply = table.table("reply"), table.table("query_reply")
    spec = TargetSpec(
        name=name, server=server, route=route, dsn=table.text("dsn", ""), writes=writes,
        through=table.take("through", str), region=table.take("region", str),
        profile=table.take("profile", str), qualifier=table.take("qualifier", str),
        query_function=table.take("query_function", str),
        migration_function=table.take("migration_function", str),
        functions=table.text("functions", "fixtures/lambdas"), image=table.text("image", "postgres:16"),
        bundle=table.take("bundle", str), error_probes=probes,
        event_triggers=table.text("event_triggers", ""), command=table.texts("command", ()),
        way=read_way(table, root), timeouts=read_timeouts(table),
        reply=REFERENCE if reply is None else _shape(reply),
        query_reply=REFERENCE if query_reply is None else _shape(query_reply), deployment=named_in(table, deployment),
    )
    table.finish()
    _check_target(spec, table)
    return spec


def _shape(table: TomlTable) -> ReplyShape:
    return ReplyShape.from_table({key: table.take(key, object) for key in table.left()},
                                 f"{table.file}: {table.path}")


def _check_target(spec: TargetSpec, table: TomlTable) -> None:
    if spec.event_triggers not in ("", "off"):
        raise table.error("event_triggers", f"can only be 'off', not {spec.event_triggers!r}")
    if spec.event_triggers and spec.route == "lambda":
        raise table.error("event_triggers", "does not go with route = 'lambda': the function logs in, not we")
    if spec.command and spec.server != "container":
        raise table.error("command", "goes with server = 'container' only: it is what the container runs")
    if spec.server != "given":
        if spec.dsn:
            raise table.error("dsn", f"does not go with server = {spec.server!r}, which lends its own database")
        if spec.writes == "never":
            raise table.error("writes", f"cannot be 'never' with server = {spec.server!r}: it starts empty")
    elif spec.route == "lambda":
        if not spec.query_function:
            raise table.error("query_function", "is missing; route = \"lambda\" needs the SELECT-only function")
        if spec.writes == "scratch":
            raise table.error("writes", "cannot be 'scratch' over a query function, which only reads")
    check_way(table, spec.way, server=spec.server, route=spec.route, dsn=spec.dsn)


def _audit(name: str, table: TomlTable) -> AuditSpec:
    spec = AuditSpec(name=name, command=table.texts("command"), version=table.take("version", str),
                     success_text=table.texts("success_text", ()),
                     timeout_s=table.take("timeout_s", int, 60), hang_s=table.take("hang_s", int, 3),
                     isolation=cast(Isolation, table.choice("isolation", get_args(Isolation), "namespaces")),
                     seeds=Seeds(table.texts_by_name("parameters"), table.texts_by_name("secrets")))
    table.finish()
    return spec
