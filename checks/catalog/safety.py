"""What of a database would run code that is not built in, if a CHECK were evaluated or a table's rows were read.

Built in is what the server itself is made with: oids below 16384 (access/transam.h, FirstNormalObjectId). An extension's
members are not: whoever owns one can change them, and anything can be made a member.
"""

from __future__ import annotations

_FIRST_OWN_OID = "16384"
_HARMLESS = ("^(age|array_to_(json|string)|concat(_ws)?|current_(database|schema|setting|user)|date|extract|format"
             "|getpgusername|in_range|jsonb?_build_(array|object)|length|make_timestamptz|money|now|numeric|overlaps"
             "|quote_(literal|nullable)|row_to_json|session_user|statement_timestamp|time|timestamp|timestamptz|timetz"
             "|timezone|to_(char|date|json|jsonb|number|timestamp|tsquery|tsvector)|transaction_timestamp|version"
             "|(date|interval|timestamp|timestamptz)_[a-z_]+)$")
"""Stable functions that do no more than their name says. Others read tables they are told of, or take types by name."""
SAFETY_WORDS = {"first_own_oid": _FIRST_OWN_OID, "harmless": _HARMLESS}

SAFETY_GROUND = """
    -- casts by a function: a cast of the user's between built-in types takes the place of the input function
    function_cast AS MATERIALIZED (
        SELECT c.castsource, c.casttarget FROM pg_cast c WHERE c.castmethod = 'f' AND c.castfunc >= {first_own_oid}),
    own_cast AS MATERIALIZED (
        SELECT format_type(c.castsource, NULL) || ' to ' || format_type(c.casttarget, NULL) AS told FROM function_cast c
        WHERE c.castsource < {first_own_oid} AND c.casttarget < {first_own_oid}),
    -- enums are the only types of the user's whose input and output are built in
    closed_enum AS MATERIALIZED (
        SELECT t.oid FROM pg_type t WHERE t.typtype = 'e'
          AND NOT EXISTS (SELECT FROM function_cast c WHERE t.oid IN (c.castsource, c.casttarget))),
    open_column AS MATERIALIZED (
        SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type
        FROM (SELECT DISTINCT m.oid FROM member m) m JOIN pg_attribute a ON a.attrelid = m.oid AND a.attnum > 0
            AND NOT a.attisdropped AND a.atttypid >= {first_own_oid}, LATERAL (
            WITH RECURSIVE base AS (
                SELECT t.oid, t.typtype, t.typbasetype, t.typelem FROM pg_type t WHERE t.oid = a.atttypid
                UNION ALL SELECT t.oid, t.typtype, t.typbasetype, t.typelem
                FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd')
            SELECT coalesce((SELECT e.oid FROM pg_type e WHERE e.oid = b.typelem AND e.typarray = b.oid), b.oid) AS oid
            FROM base b WHERE b.typtype <> 'd') t
        WHERE t.oid >= {first_own_oid} AND NOT EXISTS (SELECT FROM closed_enum e WHERE e.oid = t.oid)),
    acting_function AS MATERIALIZED (
        SELECT format('%s', p.oid) AS id, CASE p.provolatile WHEN 'v' THEN 'volatile' ELSE 'stable' END || ' function '
            || p.proname AS told
        FROM pg_proc p WHERE p.provolatile = 'v' OR (p.provolatile = 's' AND p.proname !~ '{harmless}'))"""
"""Common table expressions; `relation` and `member` come before them."""

SAFETY_SECTIONS = {
    # What forbids evaluating a CHECK. Whatever is not built in and stands in its expression is in pg_depend; what is
    # built in is not, so FuncExpr nodes are read for functions that are volatile, or that run what they are told to.
    "unsafe": """
        SELECT json_build_array(k.oid::int8, coalesce(d.why, f.why,
            CASE WHEN strpos(k.conbin::text, '{{COERCETODOMAIN :') > 0 THEN 'casts to a domain' END, d.type, c.why,
            (SELECT 'may go through the cast ' || o.told || ', which is not built in' FROM own_cast o LIMIT 1)))
        FROM pg_constraint k
        LEFT JOIN (
            SELECT d.objid, coalesce(
                'calls ' || string_agg(DISTINCT format('%s', d.refobjid::regprocedure), ', ')
                    FILTER (WHERE d.refclassid = 'pg_proc'::regclass),
                'uses the operator ' || string_agg(DISTINCT format('%s', d.refobjid::regoperator), ', ')
                    FILTER (WHERE d.refclassid = 'pg_operator'::regclass)) AS why, coalesce(
                'uses the type ' || string_agg(DISTINCT format_type(d.refobjid, NULL), ', ') FILTER (
                    WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid <> ALL (SELECT e.oid FROM closed_enum e)),
                'uses the collation ' || string_agg(DISTINCT format('%s', d.refobjid::regcollation), ', ')
                    FILTER (WHERE d.refclassid = 'pg_collation'::regclass)) AS type
            FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.deptype = 'n' AND d.refclassid IN (
                'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_collation'::regclass)
            GROUP BY d.objid) d ON d.objid = k.oid
        LEFT JOIN (
            SELECT f.oid, 'calls the ' || string_agg(DISTINCT p.told, ', ') AS why
            FROM (SELECT k.oid, m.id[1] AS id
                  FROM pg_constraint k, LATERAL regexp_matches(k.conbin::text, ':funcid (\\d+)', 'g') m(id)
                  WHERE k.contype = 'c' AND strpos(k.conbin::text, '{{FUNCEXPR') > 0 OFFSET 0) f
            JOIN acting_function p ON p.id = f.id GROUP BY f.oid) f ON f.oid = k.oid
        LEFT JOIN (
            SELECT k.oid, 'reads ' || string_agg(o.attname || ' of the type ' || o.type, ', ' ORDER BY o.attname) AS why
            FROM pg_constraint k JOIN open_column o ON o.attrelid = k.conrelid AND o.attnum = ANY (k.conkey)
            WHERE k.contype = 'c' GROUP BY k.oid) c ON c.oid = k.oid
        WHERE k.contype = 'c' AND (k.contypid <> 0 OR k.conrelid IN (SELECT oid FROM relation))
          AND (d.objid IS NOT NULL OR f.oid IS NOT NULL OR c.oid IS NOT NULL
               OR strpos(k.conbin::text, '{{COERCETODOMAIN :') > 0 OR EXISTS (SELECT FROM own_cast))""",
    # What would run code that is not built in when rows of a table are read, its heirs' rows with them. To plan a
    # query the server works out expressions of indexes, statistics and partition keys as far as it can.
    "reading": """
        SELECT json_build_array(m.root::int8, CASE WHEN m.oid <> m.root THEN format('%s', m.oid::regclass) END,
            w.attname, w.why)
        FROM member m JOIN (
            SELECT c.oid, NULL::name AS attname, CASE c.relkind WHEN 'v' THEN 'is a view, and reading it runs its query'
                WHEN 'm' THEN 'is a materialized view' WHEN 'f' THEN 'is a foreign table, whose rows come from elsewhere'
                ELSE 'is no table' END AS why
            FROM pg_class c WHERE c.relkind NOT IN ('r', 'p')
            UNION ALL
            SELECT d.of, NULL, d.what || CASE d.refclassid
                WHEN 'pg_proc'::regclass THEN ', which calls ' || format('%s', d.refobjid::regprocedure)
                WHEN 'pg_operator'::regclass THEN ', which uses the operator ' || format('%s', d.refobjid::regoperator)
                WHEN 'pg_opclass'::regclass THEN ' through an operator class that is not built in'
                ELSE ', which uses the type ' || format_type(d.refobjid, NULL) END
            FROM (SELECT x.indrelid AS of, 'has the index ' || i.relname AS what, d.refclassid, d.refobjid
                  FROM pg_depend d JOIN pg_index x ON x.indexrelid = d.objid JOIN pg_class i ON i.oid = d.objid
                  WHERE d.classid = 'pg_class'::regclass AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)
                    AND d.refclassid <> 'pg_opclass'::regclass
                  UNION ALL
                  SELECT s.stxrelid, 'has the statistics ' || s.stxname, d.refclassid, d.refobjid
                  FROM pg_depend d JOIN pg_statistic_ext s ON s.oid = d.objid
                  WHERE d.classid = 'pg_statistic_ext'::regclass
                  UNION ALL
                  SELECT p.partrelid, 'is partitioned', d.refclassid, d.refobjid
                  FROM pg_depend d JOIN pg_partitioned_table p ON p.partrelid = d.objid
                  WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0) d
            WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass)
               OR (d.refclassid = 'pg_type'::regclass AND d.refobjid <> ALL (SELECT e.oid FROM closed_enum e))
            UNION ALL
            SELECT x.indrelid, a.attname, 'has an index on ' || a.attname || ' through the operator class ' || oc.opcname
            FROM (SELECT x.indexrelid, x.indrelid, k.num, x.indclass[k.n - 1] AS class
                  FROM pg_index x, unnest(x.indkey) WITH ORDINALITY k(num, n) WHERE k.n <= x.indnkeyatts) x
            JOIN pg_opclass oc ON oc.oid = x.class AND oc.oid >= {first_own_oid}
            JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.num
            WHERE EXISTS (SELECT FROM pg_amop o WHERE o.amopfamily = oc.opcfamily AND o.amopopr < {first_own_oid})
            UNION ALL
            SELECT d.adrelid, a.attname, 'generates ' || a.attname || ' by code that is not built in'
            FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = 'v'
            WHERE EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_attrdef'::regclass AND e.objid = d.oid
                          AND e.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass))
            UNION ALL
            SELECT o.attrelid, o.attname, 'has ' || o.attname || ' of the type ' || o.type || ', which is not built in'
            FROM open_column o) w ON w.oid = m.oid""",
}
"""Sections of the document, as those of select.py."""
