"""`[fleet.NAME]`: many databases with one schema, listed by a SELECT or a command. Parsing only; nothing is asked here."""

from __future__ import annotations

from pathlib import Path

from checks.contract.contract import FleetSpec, TargetSpec
from checks.contract.toml_table import TomlTable
from checks.contract.way.reader import check_way, length_ms, read_timeouts, read_way
from checks.sql.script import statements

BETWEEN = "/"
"""Between a fleet's name and the name of one of its targets."""
GLOB = "*?["
"""What makes a name a pattern."""
_READS = ("SELECT", "WITH", "VALUES", "TABLE")
_LIST_TIMEOUT_MS = 60_000


def read_fleet(name: str, table: TomlTable, root: Path) -> FleetSpec:
    """One `[fleet.NAME]`.

    Raises:
        UsageError: with the key path and the remedy.
    """
    if not name or set(f"{BETWEEN}{GLOB}=") & set(name):
        raise table.error("", f"has a name with one of {' '.join(f'{BETWEEN}{GLOB}=')} in it, which --target could not tell "
                              "apart: its targets are called NAME/DATABASE")
    databases, command = table.text("databases", ""), table.texts("command", ())
    spec = TargetSpec(
        name=name, dsn=table.text("dsn", ""), through=table.take("through", str), region=table.take("region", str),
        profile=table.take("profile", str), event_triggers=table.text("event_triggers", ""),
        way=read_way(table, root), timeouts=read_timeouts(table))
    timeout_ms = length_ms(table, "timeout", _LIST_TIMEOUT_MS)
    table.finish()
    if spec.event_triggers not in ("", "off"):
        raise table.error("event_triggers", f"can only be 'off', not {spec.event_triggers!r}")
    if spec.way.tunnel:
        raise table.error("tunnel", "does not go with a fleet, which would open one for each database: open it before the "
                                    "run, and let dsn lead there")
    _check_list(databases, command, spec, table)
    return FleetSpec(spec, databases.strip().rstrip(";").rstrip(), command, timeout_ms)


def _check_list(databases: str, command: tuple[str, ...], spec: TargetSpec, table: TomlTable) -> None:
    if databases and command:
        raise table.error("command", "does not go with databases: one of them lists what there is")
    if command:
        for key, value in (("dsn", spec.dsn), ("service", spec.way.service), ("secret", spec.way.secret),
                           ("host_parameter", spec.way.host_parameter)):
            if value:
                raise table.error(key, "does not go with command, which prints whole DSNs")
        return
    if not databases:
        raise table.error("databases", "is missing; write databases = \"SELECT datname FROM pg_database WHERE …\", or "
                                       "command = [...] that prints a DSN or NAME=DSN on each line")
    found = statements(databases)
    if len(found) != 1 or not found[0].words or found[0].words[0] not in _READS:
        raise table.error("databases", "must be one SELECT of one column, the names of databases")
    check_way(table, spec.way, server="given", route="direct", dsn=spec.dsn)
