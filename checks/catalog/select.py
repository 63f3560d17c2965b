"""The one SELECT that reads a whole catalogue as one JSON document. All names are pg_catalog-qualified or pinned.

Sections (sections/) are arrays of array-shaped rows; relations are told by oid inside the document only. Every section is
sorted when it is decoded, by name. Sources: PostgreSQL manual, "System Catalogs". Columns that only later majors have
(`indnullsnotdistinct` since 15, `conenforced` since 18) are named without their table: where the catalogue lacks them
the name means the constant in `pin`, further out, so one text serves 14 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from checks.catalog.safety import SAFETY_GROUND, SAFETY_SECTIONS, SAFETY_WORDS
from checks.catalog.sections.access import ACCESS, GRANTEES, ROLES
from checks.catalog.sections.around import AROUND
from checks.catalog.sections.code import CODE
from checks.catalog.sections.ground import GROUND
from checks.catalog.sections.others import OTHERS
from checks.catalog.sections.relations import RELATIONS
from checks.sql.names import literal, text_array

PINNED = {
    "search_path": "pg_catalog, pg_temp", "DateStyle": "ISO, YMD", "TimeZone": "GMT", "IntervalStyle": "postgres",
    "extra_float_digits": "1", "bytea_output": "hex", "quote_all_identifiers": "off",
}
"""Settings that change how expressions are deparsed; pinned for the one statement or transaction."""

ENFORCEMENT_SETTINGS = ("session_replication_role", "search_path", "row_security")
"""The only role and database settings that are read; others may hold secrets."""

_USERS_OWN = """NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = {oid}
        AND e.deptype = 'e')"""

SECTIONS = {**RELATIONS, **CODE, **SAFETY_SECTIONS, **AROUND, **ACCESS}

_IDENTITY = """
    SELECT json_build_object('server_version', current_setting('server_version'),
        'server_version_num', current_setting('server_version_num'), 'database', current_database(),
        'role', current_user, 'in_recovery', pg_is_in_recovery(),
        'system_identifier', (SELECT format('%s', system_identifier) FROM pg_control_system()),
        'search_path', pin.path, 'replication_role', current_setting('session_replication_role'),
        'schemas_present', (SELECT json_agg(nspname ORDER BY nspname) FROM pg_namespace
                            WHERE nspname = ANY ({schemas})),
        'spelled', (SELECT json_object_agg(nspname, quote_ident(nspname::text)) FROM pg_namespace
                    WHERE nspname = ANY ({schemas})),
        'usage', (SELECT json_agg(nspname ORDER BY nspname) FROM pg_namespace
                  WHERE nspname = ANY ({schemas}) AND has_schema_privilege(oid, 'USAGE')),
        'login_triggers', (SELECT json_agg(evtname ORDER BY evtname) FROM pg_event_trigger
                           WHERE evtevent = 'login' AND evtenabled <> 'D'))"""

_CATALOG_NAME = re.compile(r"((?:FROM|JOIN)\s+)(pg_\w+)")


def snapshot_select(schemas: Sequence[str], ledger_table: str | None, roles: Sequence[str] | None = ()) -> str:
    """The SELECT of a Snapshot: one row, one text column `doc`, a JSON document.

    `roles` are those whose privileges are asked for; None: all that were granted something.
    `pin` comes first in the FROM list and every section is LATERAL to it, so that it runs before any deparsing.
    """
    words = {
        "schemas": schemas_sql(schemas), "ledger": literal(ledger_table), "enforcement": text_array(ENFORCEMENT_SETTINGS),
        "own_type": _own("pg_type", "t.oid"), "own_function": _own("pg_proc", "p.oid"),
        "own_relation": _own("pg_class", "c.oid"), "own_opclass": _own("pg_opclass", "oc.oid"), **SAFETY_WORDS,
    }
    words["asked_roles"] = GRANTEES.format(**words) if roles is None else f"o.rolname = ANY ({text_array(roles)})"
    others = "\nUNION ALL\n".join(
        f"SELECT {literal(kind)}, o.of, o.oid, o.home::text, o.name::text, o.rest, o.relation, o.facts "
        f"FROM ({sql}) o(of, oid, home, name, rest, relation, facts)" for kind, sql in OTHERS.items())
    others = f"""SELECT json_build_array(o.kind, o.home, o.name, o.rest, o.relation, json_strip_nulls(o.facts))
        FROM ({others}) o(kind, of, oid, home, name, rest, relation, facts)
        WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.of AND e.objid = o.oid AND e.deptype = 'e')"""
    sections = ",\n".join(
        f"'{name}', (SELECT coalesce(json_agg(s.row), '[]'::json) FROM ({sql.format(**words)}\n) s(row) "
        "WHERE pin.path IS NOT NULL)" for name, sql in {**SECTIONS, "others": others}.items())
    pins = ", ".join(f"set_config({literal(name)}, {literal(value)}, true)" for name, value in PINNED.items())
    return _CATALOG_NAME.sub(r"\1pg_catalog.\2", f"""SELECT d.doc FROM (
    SELECT coalesce(nullif(current_setting('postdeploy.search_path', true), ''),
        current_setting('search_path')) AS path,
        ARRAY[{pins}] AS pinned,
        true AS conenforced, false AS conperiod, NULL::int2[] AS confdelsetcols, false AS indnullsnotdistinct,
        NULL::int2[] AS prattrs, NULL::pg_node_tree AS prqual OFFSET 0) pin, LATERAL (
    WITH RECURSIVE {GROUND.format(**words)},{ROLES.format(**words)},{SAFETY_GROUND.format(**words)}
    SELECT format('%s', json_build_object('identity', ({_IDENTITY.format(**words)}),
{sections})) AS doc OFFSET 0) d""")


def schemas_sql(schemas: Sequence[str]) -> str:
    """The names of the schemas that are read, as a text[]: those named, and those like a pattern with `*` or `?`.

    Like a pattern is neither what PostgreSQL itself makes, nor `public`.
    """
    patterns = [schema for schema in schemas if "*" in schema or "?" in schema]
    if not patterns:
        return text_array(schemas)
    like = " OR ".join(f"s.nspname LIKE {literal(_like(pattern))}" for pattern in patterns)
    return (f"(ARRAY(SELECT s.nspname::text FROM pg_namespace s WHERE s.nspname::text = ANY ({text_array(schemas)}) "
            f"OR ({like}) AND s.nspname NOT IN ('public', 'information_schema') AND s.nspname NOT LIKE 'pg\\_%'))")


def _like(pattern: str) -> str:
    """A pattern of ours as one of LIKE's."""
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern)
    return escaped.replace("*", "%").replace("?", "_")


def _own(catalog: str, oid: str) -> str:
    return _USERS_OWN.format(catalog=catalog, oid=oid)
