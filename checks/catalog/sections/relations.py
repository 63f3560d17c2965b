"""Sections about relations and what belongs to them: columns, constraints, indexes, triggers, rules, policies, sequences."""

from __future__ import annotations

RELATIONS = {
    # relkinds: r table, p partitioned, v view, m materialized view, f foreign
    "tables": """
        SELECT json_build_array(r.oid::int8, n.nspname, c.relname, c.relkind, c.relpersistence,
            c.relrowsecurity::int, c.relforcerowsecurity::int,
            (SELECT json_agg(json_build_array(pn.nspname, pc.relname) ORDER BY i.inhseqno) FROM pg_inherits i
             JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace
             WHERE i.inhrelid = c.oid),
            CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
            CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
            has_table_privilege(c.oid, 'SELECT')::int,
            (c.relrowsecurity AND row_security_active(c.oid))::int)
        FROM relation r JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace""",
    # What few relations have: a row only for those.
    "odd_tables": """
        SELECT json_build_array(r.oid::int8, json_strip_nulls(json_build_object(
            'replica_identity', CASE WHEN c.relkind NOT IN ('r', 'p') THEN NULL
                WHEN c.relreplident = 'n' THEN 'nothing' WHEN c.relreplident = 'f' THEN 'full' WHEN c.relreplident = 'i' THEN
                (SELECT 'index ' || ic.relname FROM pg_index x JOIN pg_class ic ON ic.oid = x.indexrelid
                 WHERE x.indrelid = c.oid AND x.indisreplident) END,
            'of_type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
            'access_method', (SELECT a.amname FROM pg_am a WHERE a.oid = c.relam AND a.amname <> 'heap'),
            'options', to_json(c.reloptions),
            'server', s.srvname, 'server_options', to_json(f.ftoptions))))
        FROM relation r JOIN pg_class c ON c.oid = r.oid LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
        LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
        WHERE c.relreplident <> 'd' AND c.relkind IN ('r', 'p')
           OR c.reloftype <> 0 OR c.relkind = 'f' OR c.relam NOT IN (0, 2)
           OR array_to_string(c.reloptions, ',') ~ 'check_option|security_|user_catalog_table'""",
    "columns": """
        SELECT json_build_array(a.attrelid::int8, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull::int, CASE WHEN d.oid IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid) END,
            a.attidentity, a.attgenerated,
            CASE WHEN a.attcollation <> t.typcollation THEN l.told END,
            CASE WHEN t.typtype IN ('d', 'e') THEN t.oid::int8 END,
            (a.attcollation = ANY (ARRAY(SELECT f.oid FROM pg_collation f WHERE NOT f.collisdeterministic)))::int)
        FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN called_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation""",
    # What few columns have: options of a foreign table's; a NOT NULL (contype n, since 18) that binds not all rows.
    "odd_columns": """
        SELECT json_build_array(a.attrelid::int8, a.attnum, 'options', to_json(a.attfdwoptions))
        FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attfdwoptions IS NOT NULL
        UNION ALL
        SELECT json_build_array(k.conrelid::int8, k.conkey[1], 'not_null_for',
            to_json(CASE WHEN k.convalidated THEN 'this table only'::text ELSE 'new rows only' END))
        FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'n'
        WHERE NOT k.convalidated OR k.connoinherit""",
    # NOT NULL rows (contype n, since 18) are the columns' own fact; constraint triggers (t) are triggers. A foreign key
    # to a partitioned table has a row for each partition, which is PostgreSQL's own affair.
    "constraints": """
        SELECT json_build_array(k.conrelid::int8, k.conname, k.contype, to_json(k.conkey),
            CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid)
                 WHEN k.contype = 'x' OR conperiod THEN pg_get_constraintdef(k.oid) END,
            k.convalidated::int, conenforced::int, k.connoinherit::int,
            k.condeferrable::int, k.condeferred::int,
            CASE WHEN k.contype = 'f' THEN json_build_array(
                fn.nspname, fc.relname,
                (SELECT json_agg(fa.attname ORDER BY o.n) FROM unnest(k.confkey) WITH ORDINALITY o(num, n)
                 JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = o.num),
                k.confupdtype, k.confdeltype, k.confmatchtype, to_json(confdelsetcols)) END,
            CASE WHEN k.contype IN ('c', 'f') THEN k.oid::int8 END, k.coninhcount)
        FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('c', 'p', 'u', 'f', 'x')
        LEFT JOIN pg_class fc ON fc.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
        WHERE k.contype <> 'f' OR k.conparentid = 0 OR NOT EXISTS (
            SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.confrelid <> k.confrelid)""",
    # What of the user's a constraint, a default, an index or a policy calls, or compares with: pg_depend does not list
    # what is built in. Before PostgreSQL 15 a generated column depends on it, and not its expression; of a column its own
    # type is told elsewhere.
    "rests": """
        SELECT json_build_array(o.kind, o.home::int8, to_json(o.own), CASE d.refclassid
            WHEN 'pg_proc'::regclass THEN format('function %s', d.refobjid::regprocedure)
            WHEN 'pg_operator'::regclass THEN format('operator %s', d.refobjid::regoperator)
            WHEN 'pg_collation'::regclass THEN format('collation %s', d.refobjid::regcollation)
            ELSE 'type ' || format_type(d.refobjid, NULL) END)
        FROM (
            SELECT 'constraint', 'pg_constraint'::regclass, k.oid, 0, k.oid, NULL FROM pg_constraint k
            WHERE k.contype IN ('c', 'x') AND (k.contypid <> 0 OR k.conrelid IN (SELECT oid FROM relation))
            UNION ALL
            SELECT 'column', 'pg_attrdef'::regclass, a.oid, 0, a.adrelid, format('%s', a.adnum)
            FROM relation r JOIN pg_attrdef a ON a.adrelid = r.oid
            UNION ALL
            SELECT 'column', 'pg_class'::regclass, a.attrelid, a.attnum, a.attrelid, format('%s', a.attnum)
            FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attgenerated <> ''
            UNION ALL
            SELECT 'index', 'pg_class'::regclass, c.oid, 0, x.indrelid, format('%s', c.relname)
            FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class c ON c.oid = x.indexrelid
            WHERE x.indexprs IS NOT NULL OR x.indpred IS NOT NULL
            UNION ALL
            SELECT 'policy', 'pg_policy'::regclass, p.oid, 0, p.polrelid, format('%s', p.polname)
            FROM relation r JOIN pg_policy p ON p.polrelid = r.oid) o(kind, of, oid, sub, home, own)
        JOIN pg_depend d ON d.classid = o.of AND d.objid = o.oid AND d.objsubid = o.sub
        WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND d.deptype IN ('n', 'a')
           OR d.refclassid = 'pg_type'::regclass AND d.deptype = 'n' AND o.kind <> 'column'
           OR d.refclassid = 'pg_collation'::regclass AND d.deptype = 'n' AND o.kind = 'constraint'""",
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
                (SELECT json_agg(json_build_array(o.n, oc.told) ORDER BY o.n)
                 FROM unnest(x.indclass) WITH ORDINALITY o(num, n) JOIN special_opclass oc ON oc.oid = o.num) END,
            CASE WHEN EXISTS (SELECT FROM unnest(x.indcollation) o(num) WHERE o.num <> 0 AND o.num <> 100) THEN
                (SELECT json_agg(json_build_array(o.n, l.told, l.collisdeterministic::int) ORDER BY o.n)
                 FROM unnest(x.indcollation) WITH ORDINALITY o(num, n)
                 JOIN called_collation l ON l.oid = o.num AND l.oid <> 100) END,
            EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = x.indrelid AND k.conindid = x.indexrelid
                    AND k.contype IN ('p', 'u', 'x'))::int)
        FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class c ON c.oid = x.indexrelid
        JOIN pg_am am ON am.oid = c.relam""",
    "index_parents": """
        SELECT json_build_array(x.indrelid::int8, c.relname, pn.nspname, pc.relname)
        FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class c ON c.oid = x.indexrelid AND c.relispartition
        JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class pc ON pc.oid = i.inhparent
        JOIN pg_namespace pn ON pn.oid = pc.relnamespace""",
    # A partition's copy of its parent's trigger only where it is switched otherwise.
    "triggers": """
        SELECT json_build_array(t.tgrelid::int8, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), t.tgtype,
            pn.nspname, p.proname, (t.tgparentid <> 0)::int)
        FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
        WHERE t.tgparentid = 0 OR t.tgenabled <> (SELECT up.tgenabled FROM pg_trigger up WHERE up.oid = t.tgparentid)""",
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
    # Start, bounds, cache and persistence only where they are not what CREATE SEQUENCE gives.
    "sequences": """
        SELECT json_build_array(n.nspname, c.relname, format_type(s.seqtypid, NULL), format('%s', s.seqincrement),
            s.seqcycle::int, d.refobjid::int8, d.refobjsubid, has_sequence_privilege(c.oid, 'SELECT')::int,
            CASE WHEN s.seqstart <> b.first OR s.seqmin <> b.low OR s.seqmax <> b.high OR s.seqcache <> 1
                   OR c.relpersistence <> 'p' THEN
                json_strip_nulls(json_build_object('start', nullif(s.seqstart, b.first),
                    'minimum', nullif(s.seqmin, b.low), 'maximum', nullif(s.seqmax, b.high),
                    'cache', nullif(s.seqcache, 1), 'persistence', c.relpersistence)) END)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (SELECT
            CASE WHEN s.seqincrement > 0 THEN 1 ELSE CASE format_type(s.seqtypid, NULL) WHEN 'smallint' THEN -32768
                WHEN 'integer' THEN -2147483648 ELSE -9223372036854775808 END END,
            CASE WHEN s.seqincrement < 0 THEN -1 ELSE CASE format_type(s.seqtypid, NULL) WHEN 'smallint' THEN 32767
                WHEN 'integer' THEN 2147483647 ELSE 9223372036854775807 END END,
            CASE WHEN s.seqincrement > 0 THEN 1 ELSE -1 END) b(low, high, first)
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        WHERE n.nspname = ANY ({schemas}) AND {own_relation}""",
}
