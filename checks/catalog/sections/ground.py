"""What several sections stand on: the WITH tables that come before them all."""

from __future__ import annotations

GROUND = """
    heir(oid) AS (
        SELECT i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ({schemas})
        UNION SELECT i.inhrelid FROM heir h JOIN pg_inherits i ON i.inhparent = h.oid),
    -- ours, and what inherits from ours in whatever schema
    relation AS MATERIALIZED (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname = ANY ({schemas}) OR c.oid IN (SELECT oid FROM heir)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND c.relpersistence <> 't' AND pin.pinned IS NOT NULL AND {own_relation}),
    -- the user's functions in schemas that are not ours
    outside AS MATERIALIZED (
        SELECT p.oid, lower(p.proname) AS word
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname <> ALL ({schemas}) AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
          AND {own_function}),
    -- our functions, those outside on which something of ours rests, and whatever their bodies name, transitively
    reached AS (
        SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY ({schemas}) AND {own_function}
        UNION
        SELECT o.oid FROM outside o JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = o.oid
        WHERE CASE d.classid
            WHEN 'pg_trigger'::regclass THEN EXISTS (SELECT FROM pg_trigger t WHERE t.oid = d.objid
                AND t.tgrelid IN (SELECT oid FROM relation))
            WHEN 'pg_policy'::regclass THEN EXISTS (SELECT FROM pg_policy t WHERE t.oid = d.objid
                AND t.polrelid IN (SELECT oid FROM relation))
            WHEN 'pg_attrdef'::regclass THEN EXISTS (SELECT FROM pg_attrdef t WHERE t.oid = d.objid
                AND t.adrelid IN (SELECT oid FROM relation))
            WHEN 'pg_rewrite'::regclass THEN EXISTS (SELECT FROM pg_rewrite t WHERE t.oid = d.objid
                AND t.ev_class IN (SELECT oid FROM relation))
            WHEN 'pg_class'::regclass THEN EXISTS (SELECT FROM pg_index t WHERE t.indexrelid = d.objid
                AND t.indrelid IN (SELECT oid FROM relation))
            WHEN 'pg_statistic_ext'::regclass THEN EXISTS (SELECT FROM pg_statistic_ext t WHERE t.oid = d.objid
                AND t.stxrelid IN (SELECT oid FROM relation))
            WHEN 'pg_constraint'::regclass THEN EXISTS (SELECT FROM pg_constraint t LEFT JOIN pg_type y ON y.oid = t.contypid
                WHERE t.oid = d.objid AND (t.conrelid IN (SELECT oid FROM relation)
                    OR y.typnamespace IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname = ANY ({schemas}))))
            WHEN 'pg_operator'::regclass THEN EXISTS (SELECT FROM pg_operator t JOIN pg_namespace n ON n.oid = t.oprnamespace
                WHERE t.oid = d.objid AND n.nspname = ANY ({schemas}))
            WHEN 'pg_type'::regclass THEN EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE t.oid = d.objid AND n.nspname = ANY ({schemas}))
            ELSE d.classid IN ('pg_event_trigger'::regclass, 'pg_cast'::regclass) END
        UNION
        SELECT o.oid FROM reached r, LATERAL (
            SELECT o.oid FROM pg_proc p, LATERAL (
                SELECT DISTINCT lower(w.word) AS word FROM regexp_split_to_table(p.prosrc, '[^[:alnum:]_$]+') w(word)) words
            JOIN outside o ON o.word = words.word
            WHERE p.oid = r.oid AND EXISTS (SELECT FROM outside)
            UNION
            SELECT o.oid FROM pg_depend d JOIN outside o ON o.oid = d.refobjid
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass) o),
    member(root, oid) AS (
        SELECT r.oid, r.oid FROM relation r
        UNION SELECT m.root, i.inhrelid FROM member m JOIN pg_inherits i ON i.inhparent = m.oid),
    -- those that are no type's built-in default, each named as in what the server deparses: bare in pg_catalog only
    special_opclass AS MATERIALIZED (
        SELECT oc.oid, CASE WHEN n.nspname = 'pg_catalog' THEN format('%s', oc.opcname)
            ELSE format('%I.%I', n.nspname, oc.opcname) END AS told
        FROM pg_opclass oc JOIN pg_namespace n ON n.oid = oc.opcnamespace
        WHERE NOT oc.opcdefault OR oc.oid >= {first_own_oid} AND {own_opclass}),
    called_collation AS NOT MATERIALIZED (
        SELECT l.oid, l.collisdeterministic, CASE WHEN n.nspname = 'pg_catalog' THEN format('%s', l.collname)
            ELSE format('%I.%I', n.nspname, l.collname) END AS told
        FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace)"""
