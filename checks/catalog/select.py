"""The one SELECT that reads a whole catalogue as one JSON document. All names are pg_catalog-qualified or pinned.

Sections are arrays of array-shaped rows; relations are told by oid inside the document only. Every section is sorted
when it is decoded, by name. Sources: PostgreSQL manual, "System Catalogs". Columns that only later majors have
(`indnullsnotdistinct` since 15, `conenforced` since 18) are named without their table: where the catalogue lacks them
the name means the constant in `pin`, further out, so one text serves 14 to 18.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from checks.catalog.safety import SAFETY_GROUND, SAFETY_SECTIONS, SAFETY_WORDS
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

SECTIONS = {
    # relkinds: r table, p partitioned, v view, m materialized view, f foreign
    "tables": """
        SELECT json_build_array(r.oid::int8, n.nspname, c.relname, c.relkind, c.relpersistence,
            c.relrowsecurity::int, c.relforcerowsecurity::int,
            (SELECT json_agg(i.inhparent::int8 ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
            CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
            CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
            has_table_privilege(c.oid, 'SELECT')::int,
            (c.relrowsecurity AND row_security_active(c.oid))::int)
        FROM relation r JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace""",
    "columns": """
        SELECT json_build_array(a.attrelid::int8, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull::int, CASE WHEN d.oid IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid) END,
            a.attidentity, a.attgenerated,
            CASE WHEN a.attcollation <> t.typcollation THEN l.collname END,
            CASE WHEN t.typtype IN ('d', 'e') THEN t.oid::int8 END,
            (a.attcollation = ANY (ARRAY(SELECT f.oid FROM pg_collation f WHERE NOT f.collisdeterministic)))::int)
        FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation""",
    # NOT NULL rows (contype n, since 18) are the columns' own fact; constraint triggers (t) are triggers.
    "constraints": """
        SELECT json_build_array(k.conrelid::int8, k.conname, k.contype, to_json(k.conkey),
            CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid)
                 WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid) END,
            k.convalidated::int, conenforced::int, k.connoinherit::int,
            k.condeferrable::int, k.condeferred::int,
            CASE WHEN k.contype = 'f' THEN json_build_array(
                fn.nspname, fc.relname,
                (SELECT json_agg(fa.attname ORDER BY o.n) FROM unnest(k.confkey) WITH ORDINALITY o(num, n)
                 JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = o.num),
                k.confupdtype, k.confdeltype, k.confmatchtype) END,
            CASE WHEN k.contype IN ('c', 'f') THEN k.oid::int8 END, k.coninhcount)
        FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('c', 'p', 'u', 'f', 'x')
        LEFT JOIN pg_class fc ON fc.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace""",
    "indexes": """
        SELECT json_build_array(x.indrelid::int8, c.relname, am.amname,
            x.indisunique::int, x.indisprimary::int, (x.indisvalid AND x.indisready AND x.indislive)::int,
            x.indimmediate::int, indnullsnotdistinct::int,
            x.indnkeyatts, x.indkey,
            CASE WHEN x.indexprs IS NOT NULL THEN
                (SELECT json_agg(CASE WHEN o.num = 0 THEN pg_get_indexdef(x.indexrelid, o.n::int, false) END
                                 ORDER BY o.n)
                 FROM unnest(x.indkey) WITH ORDINALITY o(num, n)) END,
            CASE WHEN x.indpred IS NOT NULL THEN pg_get_expr(x.indpred, x.indrelid) END,
            x.indoption,
            CASE WHEN EXISTS (SELECT FROM unnest(x.indclass) o(num), special_opclass oc WHERE oc.oid = o.num) THEN
                (SELECT json_agg(oc.opcname ORDER BY o.n)
                 FROM unnest(x.indclass) WITH ORDINALITY o(num, n) JOIN special_opclass oc ON oc.oid = o.num) END,
            CASE WHEN EXISTS (SELECT FROM unnest(x.indcollation) o(num) WHERE o.num <> 0 AND o.num <> 100) THEN
                (SELECT json_agg(json_build_array(l.collname, l.collisdeterministic::int) ORDER BY o.n)
                 FROM unnest(x.indcollation) WITH ORDINALITY o(num, n)
                 JOIN pg_collation l ON l.oid = o.num AND l.collname <> 'default') END,
            EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))::int)
        FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class c ON c.oid = x.indexrelid
        JOIN pg_am am ON am.oid = c.relam""",
    "triggers": """
        SELECT json_build_array(t.tgrelid::int8, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), t.tgtype,
            pn.nspname, p.proname)
        FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
        WHERE t.tgparentid = 0""",
    # Internal triggers enforce foreign keys; only the switched-off ones are worth telling.
    "disabled": """
        SELECT json_build_array(t.tgconstraint::int8)
        FROM pg_trigger t WHERE t.tgisinternal AND t.tgconstraint <> 0 AND t.tgenabled NOT IN ('O', 'A')""",
    "rules": """
        SELECT json_build_array(w.ev_class::int8, w.rulename, w.ev_enabled, w.ev_type, w.is_instead::int,
            pg_get_ruledef(w.oid))
        FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'""",
    "policies": """
        SELECT json_build_array(p.polrelid::int8, p.polname, p.polcmd, p.polpermissive::int,
            (SELECT json_agg(coalesce(o.rolname, 'public') ORDER BY o.rolname)
             FROM unnest(p.polroles) u(role) LEFT JOIN pg_roles o ON o.oid = u.role),
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
        FROM relation r JOIN pg_policy p ON p.polrelid = r.oid""",
    # Every enum and domain that a column of ours uses, and those in our schemas.
    "types": """
        SELECT json_build_array(t.oid::int8, n.nspname, t.typname, t.typtype,
            CASE WHEN t.typtype = 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                                            FROM pg_enum e WHERE e.enumtypid = t.oid) END,
            CASE WHEN t.typtype = 'd' THEN json_build_array(format_type(t.typbasetype, t.typtypmod), t.typnotnull::int,
                t.typdefault, (SELECT CASE WHEN b.typtype = 'd' THEN b.oid::int8 END FROM pg_type b
                               WHERE b.oid = t.typbasetype),
                (SELECT json_agg(json_build_array(k.conname, pg_get_expr(k.conbin, 0), k.convalidated::int, k.oid::int8)
                                 ORDER BY k.conname)
                 FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) END)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('d', 'e') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND (n.nspname = ANY ({schemas}) OR EXISTS (SELECT FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
                                                      WHERE a.atttypid = t.oid))
          AND {own_type}""",
    "functions": """
        SELECT json_build_array(p.oid::int8, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.prokind,
            l.lanname, p.provolatile, p.prosecdef::int, format_type(p.prorettype, NULL), to_json(p.proconfig),
            coalesce(CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) END, p.prosrc))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        WHERE n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' AND p.prokind <> 'a'
          AND (n.nspname = ANY ({schemas})
               OR EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
                          AND d.classid = 'pg_constraint'::regclass))
          AND {own_function}""",
    "sequences": """
        SELECT json_build_array(n.nspname, c.relname, format_type(s.seqtypid, NULL), format('%s', s.seqincrement),
            s.seqcycle::int, d.refobjid::int8, d.refobjsubid, has_sequence_privilege(c.oid, 'SELECT')::int)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        WHERE n.nspname = ANY ({schemas}) AND {own_sequence}""",
    **SAFETY_SECTIONS,
    "settings": """
        SELECT json_build_array(coalesce(o.rolname, ''), (s.setdatabase <> 0)::int, c.entry)
        FROM pg_db_role_setting s LEFT JOIN pg_roles o ON o.oid = s.setrole, unnest(s.setconfig) c(entry)
        WHERE s.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
          AND split_part(c.entry, '=', 1) = ANY ({enforcement})""",
    "homonyms": """
        SELECT json_build_array(n.nspname, c.relname, c.relkind)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = {ledger} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "elsewhere": """
        SELECT json_build_array(n.nspname, c.relname, c.relkind)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname <> ALL ({schemas}) AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND n.nspname NOT LIKE 'pg\\_t%' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 500""",
}

_IDENTITY = """
    SELECT json_build_object('server_version', current_setting('server_version'),
        'server_version_num', current_setting('server_version_num'), 'database', current_database(),
        'role', current_user, 'in_recovery', pg_is_in_recovery(),
        'system_identifier', (SELECT format('%s', system_identifier) FROM pg_control_system()),
        'search_path', pin.path, 'replication_role', current_setting('session_replication_role'),
        'schemas_present', (SELECT json_agg(nspname ORDER BY nspname) FROM pg_namespace
                            WHERE nspname = ANY ({schemas})),
        'usage', (SELECT json_agg(nspname ORDER BY nspname) FROM pg_namespace
                  WHERE nspname = ANY ({schemas}) AND has_schema_privilege(oid, 'USAGE')),
        'login_triggers', (SELECT json_agg(evtname ORDER BY evtname) FROM pg_event_trigger
                           WHERE evtevent = 'login' AND evtenabled <> 'D'))"""

_GROUND = """
    relation AS MATERIALIZED (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY ({schemas}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND pin.pinned IS NOT NULL AND {own_relation}),
    member(root, oid) AS (
        SELECT r.oid, r.oid FROM relation r
        UNION SELECT m.root, i.inhrelid FROM member m JOIN pg_inherits i ON i.inhparent = m.oid),
    special_opclass AS MATERIALIZED (SELECT oc.oid, oc.opcname FROM pg_opclass oc WHERE NOT oc.opcdefault),
{safety}"""
"""What several sections stand on."""

_CATALOG_NAME = re.compile(r"((?:FROM|JOIN)\s+)(pg_\w+)")


def snapshot_select(schemas: Sequence[str], ledger_table: str | None) -> str:
    """The SELECT of a Snapshot: one row, one text column `doc`, a JSON document.

    `pin` comes first in the FROM list and every section is LATERAL to it, so that it runs before any deparsing.
    """
    words = {
        "schemas": text_array(schemas), "ledger": literal(ledger_table),
        "enforcement": text_array(ENFORCEMENT_SETTINGS),
        "own_type": _own("pg_type", "t.oid"), "own_function": _own("pg_proc", "p.oid"),
        "own_sequence": _own("pg_class", "c.oid"),
        "own_relation": _own("pg_class", "c.oid"), **SAFETY_WORDS,
    }
    sections = ",\n".join(
        f"'{name}', (SELECT coalesce(json_agg(s.row), '[]'::json) FROM ({sql.format(**words)}\n) s(row) "
        "WHERE pin.path IS NOT NULL)" for name, sql in SECTIONS.items())
    pins = ", ".join(f"set_config({literal(name)}, {literal(value)}, true)" for name, value in PINNED.items())
    return _CATALOG_NAME.sub(r"\1pg_catalog.\2", f"""SELECT d.doc FROM (
    SELECT coalesce(nullif(current_setting('postdeploy.search_path', true), ''),
        current_setting('search_path')) AS path,
        ARRAY[{pins}] AS pinned,
        true AS conenforced, false AS indnullsnotdistinct OFFSET 0) pin, LATERAL (
    WITH RECURSIVE {_GROUND.format(safety=SAFETY_GROUND.format(**words), **words)}
    SELECT format('%s', json_build_object('identity', ({_IDENTITY.format(**words)}),
{sections})) AS doc OFFSET 0) d""")


def _own(catalog: str, oid: str) -> str:
    return _USERS_OWN.format(catalog=catalog, oid=oid)
