"""What a team would write down for pgTAP and for one query a claim, here made from the database that the migrations make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Claim = tuple[str, str, list[Any]]
"""(name, question, its arguments)."""

NAIVE = {
    "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'":
        "SELECT data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s AND column_name = %s",
    "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND "
    "contype <> 'n'":
        "SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
    "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'":
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indexrelid = %s::regclass",
    "SELECT version FROM schema_migrations": "SELECT version FROM schema_migrations WHERE version = %s",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal":
        "SELECT pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s",
    "SELECT tablename, policyname FROM pg_policies":
        "SELECT cmd, qual, with_check FROM pg_policies WHERE tablename = %s AND policyname = %s",
    "SELECT viewname FROM pg_views WHERE schemaname = 'public'": "SELECT pg_get_viewdef(%s::regclass)",
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace":
        "SELECT pg_get_functiondef(%s::regprocedure)",
    "SELECT oid::regtype::text FROM pg_type WHERE typtype = 'e'":
        "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s::regtype ORDER BY enumsortorder",
}
"""What there is of a kind -> the question about one of them."""

PGTAP = (
    """SELECT format('columns_are(%L, %L, ARRAY[%s], %L)', 'public', c.relname,
           string_agg(quote_literal(a.attname), ', ' ORDER BY a.attnum), c.relname || ' has its columns')
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.relname""",
    """SELECT format('col_type_is(%L, %L, %L, %L, %L)', 'public', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           'type of ' || c.relname || '.' || a.attname)
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'""",
    """SELECT format('col_not_null(%L, %L, %L, %L)', 'public', c.relname, a.attname, c.relname || '.' || a.attname)
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attnotnull
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'""",
    """SELECT format('is(pg_get_expr(d.adbin, d.adrelid), %L, %L) FROM pg_attrdef d JOIN pg_attribute a '
           'ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = %L::regclass AND a.attname = %L',
           pg_get_expr(d.adbin, d.adrelid),
           'default of ' || c.relname || '.' || a.attname, c.relname, a.attname)
       FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
       JOIN pg_class c ON c.oid = d.adrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'""",
    """SELECT format('col_is_pk(%L, %L, %L, %L)', 'public', conrelid::regclass, attname, conname)
       FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
       WHERE contype = 'p' AND connamespace = 'public'::regnamespace""",
    """SELECT format('fk_ok(%L, %L, %L, %L, %L, %L, %L)', 'public', conrelid::regclass, f.attname, 'public',
           confrelid::regclass, t.attname, conname)
       FROM pg_constraint JOIN pg_attribute f ON f.attrelid = conrelid AND f.attnum = conkey[1]
       JOIN pg_attribute t ON t.attrelid = confrelid AND t.attnum = confkey[1] WHERE contype = 'f'""",
    """SELECT format('is(pg_get_constraintdef(oid), %L, %L) FROM pg_constraint WHERE conrelid = %L::regclass '
           'AND conname = %L', pg_get_constraintdef(oid), conname, conrelid::regclass, conname)
       FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace""",
    """SELECT format('indexes_are(%L, %L, ARRAY[%s], %L)', 'public', tablename, string_agg(quote_literal(indexname), ', '),
           tablename || ' has its indexes') FROM pg_indexes WHERE schemaname = 'public' GROUP BY tablename""",
    """SELECT format('index_is_unique(%L, %L, %L, %L)', 'public', c.relname, i.relname, i.relname || ' is unique')
       FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class c ON c.oid = indrelid
       WHERE indisunique AND c.relnamespace = 'public'::regnamespace""",
    """SELECT format('triggers_are(%L, %L, ARRAY[%L], %L)', 'public', tgrelid::regclass, tgname, tgname)
       FROM pg_trigger WHERE NOT tgisinternal""",
    """SELECT format('policies_are(%L, %L, ARRAY[%L], %L)', 'public', tablename, policyname, policyname) FROM pg_policies""",
    """SELECT format('has_view(%L, %L, %L)', 'public', viewname, viewname) FROM pg_views WHERE schemaname = 'public'""",
    """SELECT format('has_function(%L, %L, %L)', 'public', proname, proname) FROM pg_proc
       WHERE pronamespace = 'public'::regnamespace""",
    """SELECT format('enum_has_labels(%L, %L, ARRAY[%s], %L)', 'public', typname,
           string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), typname)
       FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid GROUP BY typname""",
    """SELECT format('has_sequence(%L, %L, %L)', 'public', sequencename, sequencename) FROM pg_sequences
       WHERE schemaname = 'public'""",
    """SELECT format('table_privs_are(%L, %L, %L, ARRAY[%s], %L)', 'public', table_name, grantee,
           string_agg(quote_literal(privilege_type), ', '), table_name || ' to ' || grantee)
       FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee <> grantor
       GROUP BY table_name, grantee""",
    """SELECT format('results_eq(%L, ARRAY[%s], %L)', 'SELECT version FROM schema_migrations ORDER BY version',
           string_agg(quote_literal(version), ', ' ORDER BY version), 'ledger') FROM schema_migrations""",
)
"""Each makes calls of pgTAP's functions, of every kind that pgTAP knows and the schema has."""


def write_naive(cursor: Any, file: Path) -> None:
    """Writes `[[name, question, arguments, expected rows], …]`."""
    claims = []
    for what, question in NAIVE.items():
        cursor.execute(what)
        for row in cursor.fetchall():
            cursor.execute(question, row)
            claims.append(["-".join(map(str, row)), question, row, cursor.fetchall()])
    file.write_text(json.dumps(claims), encoding="utf-8")


def write_pgtap(cursor: Any, file: Path) -> None:
    """Writes a pgTAP script with a plan; pgTAP itself stands in schema `tap`."""
    calls = []
    for makes in PGTAP:
        cursor.execute(makes)
        calls += [call for call, in cursor.fetchall()]
    told = "".join(f"SELECT {call};\n" for call in calls)
    file.write_text(f"\\set QUIET 1\nBEGIN;\nSET LOCAL search_path = public, tap;\nSELECT plan({len(calls)});\n{told}"
                    "SELECT * FROM finish();\nROLLBACK;\n", encoding="utf-8")
