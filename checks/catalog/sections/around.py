"""Sections about what stands around our relations: settings, relations of the same name, relations in other schemas."""

from __future__ import annotations

AROUND = {
    "settings": """
        SELECT json_build_array(coalesce(o.rolname, ''), (s.setdatabase <> 0)::int, c.entry)
        FROM pg_db_role_setting s LEFT JOIN pg_roles o ON o.oid = s.setrole, unnest(s.setconfig) c(entry)
        WHERE s.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
          AND split_part(c.entry, '=', 1) = ANY ({enforcement})""",
    # Relations in other schemas that are called like one of ours, and wherever they are, those called like the ledger.
    "homonyms": """
        SELECT json_build_array(n.nspname, c.relname, c.relkind)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (c.relname = {ledger} OR (
            n.nspname <> ALL ({schemas}) AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
            AND c.relname IN (SELECT oc.relname FROM relation r JOIN pg_class oc ON oc.oid = r.oid)))""",
    "elsewhere": """
        SELECT json_build_array(n.nspname, c.relname, c.relkind)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname <> ALL ({schemas}) AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND n.nspname NOT LIKE 'pg\\_t%' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 500""",
}
