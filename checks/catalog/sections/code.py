"""Sections about types and functions."""

from __future__ import annotations

CODE = {
    # Every enum and domain that a column of ours uses, and those in our schemas.
    "types": """
        SELECT json_build_array(t.oid::int8, n.nspname, t.typname, t.typtype,
            CASE WHEN t.typtype = 'e' THEN (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
                                            FROM pg_enum e WHERE e.enumtypid = t.oid) END,
            CASE WHEN t.typtype = 'd' THEN json_build_array(format_type(t.typbasetype, t.typtypmod), t.typnotnull::int,
                pg_get_expr(t.typdefaultbin, 0), (SELECT CASE WHEN b.typtype = 'd' THEN b.oid::int8 END FROM pg_type b
                                                  WHERE b.oid = t.typbasetype),
                (SELECT json_agg(json_build_array(k.conname, pg_get_expr(k.conbin, 0), k.convalidated::int, k.oid::int8)
                                 ORDER BY k.conname)
                 FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
                (SELECT l.told FROM called_collation l JOIN pg_type b ON b.oid = t.typbasetype
                 WHERE l.oid = t.typcollation AND l.oid <> b.typcollation)) END)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('d', 'e') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND (n.nspname = ANY ({schemas}) OR EXISTS (SELECT FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
                                                      WHERE a.atttypid = t.oid))
          AND {own_type}""",
    # Ours, and those in other schemas on which something of ours rests. Costs and rows are the planner's affair.
    "functions": """
        SELECT json_build_array(n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.prokind,
            l.lanname, p.provolatile, p.prosecdef::int, pg_get_function_result(p.oid), to_json(p.proconfig),
            coalesce(CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) END, p.prosrc),
            pg_get_function_arguments(p.oid), p.proisstrict::int, p.proleakproof::int, p.proparallel, p.probin)
        FROM reached r JOIN pg_proc p ON p.oid = r.oid JOIN pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_language l ON l.oid = p.prolang
        WHERE p.prokind <> 'a'""",
    # The names of the others, so that one that nothing of ours calls any more is not taken for missing.
    "unread_functions": """
        SELECT json_build_array(n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
        FROM outside o JOIN pg_proc p ON p.oid = o.oid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE NOT EXISTS (SELECT FROM reached r WHERE r.oid = o.oid)""",
}
