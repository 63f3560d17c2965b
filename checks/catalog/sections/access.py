"""Sections about who can do what: effective privileges, as the server itself works them out, not the text of ACLs.

A role has a privilege by grant, through another role, through PUBLIC, as an owner, or as a superuser, who has all.
"""

from __future__ import annotations

ACCESS = {
    # r SELECT, a INSERT, w UPDATE, d DELETE, D TRUNCATE, o owner; then which of them on which columns
    "access": """
        SELECT json_build_array(c.oid::int8, o.rolname, p.whole, p.partly, CASE WHEN strpos(p.whole, 'a') > 0 THEN (
            SELECT json_agg(format('%s', s.oid::regclass) ORDER BY s.relname) FROM pg_attrdef d
            JOIN pg_depend e ON e.classid = 'pg_attrdef'::regclass AND e.objid = d.oid
                AND e.refclassid = 'pg_class'::regclass
            JOIN pg_class s ON s.oid = e.refobjid
            WHERE d.adrelid = c.oid AND CASE s.relkind WHEN 'S' THEN
                NOT has_sequence_privilege(o.oid, s.oid, 'USAGE') END) END)
        FROM relation r JOIN pg_class c ON c.oid = r.oid CROSS JOIN role o CROSS JOIN LATERAL (SELECT
            concat(CASE WHEN has_table_privilege(o.oid, c.oid, 'SELECT') THEN 'r' END,
                CASE WHEN has_table_privilege(o.oid, c.oid, 'INSERT') THEN 'a' END,
                CASE WHEN has_table_privilege(o.oid, c.oid, 'UPDATE') THEN 'w' END,
                CASE WHEN has_table_privilege(o.oid, c.oid, 'DELETE') THEN 'd' END,
                CASE WHEN has_table_privilege(o.oid, c.oid, 'TRUNCATE') THEN 'D' END,
                CASE WHEN o.oid <> 0 AND pg_has_role(o.oid, c.relowner, 'USAGE') THEN 'o' END),
            CASE WHEN c.oid IN (SELECT a.attrelid FROM pg_attribute a WHERE a.attacl IS NOT NULL) THEN (
                SELECT json_agg(json_build_array(q.word, q.columns) ORDER BY q.word) FROM (
                    SELECT w.word, json_agg(a.attname ORDER BY a.attname) AS columns
                    FROM pg_attribute a CROSS JOIN (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE')) w(word, name)
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                      AND has_column_privilege(o.oid, c.oid, a.attnum, w.name) GROUP BY w.word) q) END) p(whole, partly)
        WHERE has_schema_privilege(o.oid, c.relnamespace, 'USAGE')
          AND (o.oid <> 0 OR c.relacl IS NOT NULL OR p.partly IS NOT NULL) AND (p.whole <> '' OR p.partly IS NOT NULL)""",
    "roles": """
        SELECT json_build_array(o.rolname, o.rolsuper::int, o.rolbypassrls::int) FROM role o WHERE o.oid <> 0""",
    # Schemas of ours that a role may not use: it can do nothing there, whatever it was granted.
    "locked": """
        SELECT json_build_array(o.rolname, n.nspname) FROM role o CROSS JOIN pg_namespace n
        WHERE o.oid <> 0 AND NOT o.rolsuper AND n.nspname = ANY ({schemas})
          AND NOT has_schema_privilege(o.oid, n.oid, 'USAGE')""",
    # Functions that a role cannot execute: PUBLIC can execute all of which nobody says otherwise. Triggers need no right.
    "denied": """
        SELECT json_build_array(o.rolname, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
        FROM reached r JOIN pg_proc p ON p.oid = r.oid JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN role o
        WHERE o.oid <> 0 AND NOT o.rolsuper AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
          AND NOT has_function_privilege(o.oid, p.oid, 'EXECUTE')""",
    "definers": """
        SELECT json_build_array(n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
        FROM reached r JOIN pg_proc p ON p.oid = r.oid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
          AND has_function_privilege(0::oid, p.oid, 'EXECUTE') AND has_schema_privilege(0::oid, n.oid, 'USAGE')""",
    "creatable": """
        SELECT json_build_array(n.nspname) FROM pg_namespace n
        WHERE n.nspname = ANY ({schemas}) AND has_schema_privilege(0::oid, n.oid, 'CREATE')""",
    # Whoever makes the objects: that role is another in every environment.
    "default_privileges": """
        SELECT json_build_array(n.nspname, d.defaclobjtype, coalesce(g.rolname, 'public'), string_agg(
            DISTINCT lower(x.privilege_type), ', '))
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, LATERAL aclexplode(d.defaclacl) x
        LEFT JOIN pg_roles g ON g.oid = x.grantee
        WHERE x.grantee <> d.defaclrole AND (n.oid IS NULL OR n.nspname = ANY ({schemas}))
        GROUP BY n.nspname, d.defaclobjtype, coalesce(g.rolname, 'public')
        UNION ALL
        SELECT json_build_array(NULL, d.defaclobjtype, 'public', 'nothing') FROM pg_default_acl d
        WHERE d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T')
          AND NOT EXISTS (SELECT FROM aclexplode(d.defaclacl) x WHERE x.grantee = 0)""",
}

ROLES = """
    -- PUBLIC, and the roles that are asked about
    role AS MATERIALIZED (
        SELECT o.oid, o.rolname, o.rolsuper, o.rolbypassrls FROM pg_roles o WHERE {asked_roles}
        UNION ALL SELECT 0::oid, 'public'::name, false, false)"""
GRANTEES = """NOT o.rolsuper AND o.rolname <> 'pg_database_owner' AND o.oid IN (
            SELECT x.grantee FROM (
                SELECT c.relacl AS acl FROM relation r JOIN pg_class c ON c.oid = r.oid
                UNION ALL SELECT n.nspacl FROM pg_namespace n WHERE n.nspname = ANY ({schemas})
                UNION ALL SELECT p.proacl FROM reached r JOIN pg_proc p ON p.oid = r.oid
                UNION ALL SELECT a.attacl FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
                UNION ALL SELECT d.defaclacl FROM pg_default_acl d) l, LATERAL aclexplode(l.acl) x)"""
"""The roles that somebody granted something: after a replay, those of whom the migrations speak.

The role of whoever owns the database has the schema public from the start, so that it tells nothing."""
