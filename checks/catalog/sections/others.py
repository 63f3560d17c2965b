"""Sections about the kinds of objects that are compared attribute by attribute, one SELECT a kind.

Each gives rows of (catalogue, oid, schema or NULL, name, what follows the name, oid of the relation it belongs to or NULL,
attributes as a JSON object). A kind more is a SELECT more, and its name in objects.OTHER_KINDS. What only costs the planner
something (costs, estimates, statistics targets) is left out, and so is what holds secrets: options of servers by name only.
Nothing is cast to text: a cast of the user's could be in its way. JSON and format() take the types' own output.
"""

from __future__ import annotations

OTHERS = {
    "schema": """
        SELECT 'pg_namespace'::regclass, n.oid, NULL, n.nspname, '', NULL::int8, json_build_object() FROM pg_namespace n
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('public', 'information_schema')""",
    "extension": """
        SELECT 'pg_extension'::regclass, x.oid, NULL, x.extname, '', NULL::int8,
            json_build_object('version', x.extversion, 'schema', n.nspname)
        FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql'""",
    "event trigger": """
        SELECT 'pg_event_trigger'::regclass, t.oid, NULL, t.evtname, '', NULL::int8,
            json_build_object('event', t.evtevent, 'function', t.evtfoid::regproc,
            'enabled', t.evtenabled, 'commands',
                (SELECT string_agg(g.tag, ', ' ORDER BY g.tag) FROM unnest(t.evttags) g(tag)))
        FROM pg_event_trigger t""",
    "publication": """
        SELECT 'pg_publication'::regclass, p.oid, NULL, p.pubname, '', NULL::int8,
            json_build_object('all_tables', p.puballtables, 'insert', p.pubinsert,
            'update', p.pubupdate, 'delete', p.pubdelete, 'truncate', p.pubtruncate, 'via_root', p.pubviaroot,
            'generated_columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'),
            'tables', (SELECT string_agg(q.told, ', ' ORDER BY q.told) FROM (
                SELECT format('%s', pr.prrelid::regclass) || coalesce(' (' || (
                    SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute a
                    WHERE a.attrelid = pr.prrelid AND a.attnum = ANY (prattrs)) || ')', '')
                    || coalesce(' WHERE ' || pg_get_expr(prqual, pr.prrelid), '') AS told
                FROM pg_publication_rel pr WHERE pr.prpubid = p.oid) q),
            'schemas', (SELECT string_agg(format('%s', s.refobjid::regnamespace), ', '
                    ORDER BY format('%s', s.refobjid::regnamespace))
                FROM pg_depend d JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid
                    AND s.refclassid = 'pg_namespace'::regclass
                WHERE d.refclassid = 'pg_publication'::regclass AND d.refobjid = p.oid
                  AND d.classid <> 'pg_publication_rel'::regclass))
        FROM pg_publication p""",
    "statistics": """
        SELECT 'pg_statistic_ext'::regclass, s.oid, n.nspname, s.stxname, '', s.stxrelid::int8,
            json_build_object('definition', pg_get_statisticsobjdef(s.oid))
        FROM relation r JOIN pg_statistic_ext s ON s.stxrelid = r.oid JOIN pg_namespace n ON n.oid = s.stxnamespace""",
    "aggregate": """
        SELECT 'pg_proc'::regclass, p.oid, n.nspname, p.proname,
            '(' || pg_get_function_identity_arguments(p.oid) || ')', NULL::int8,
            json_build_object(
            'kind', a.aggkind, 'result', pg_get_function_result(p.oid), 'parallel', p.proparallel,
            'step', a.aggtransfn::regproc, 'state', format_type(a.aggtranstype, NULL), 'start', a.agginitval,
            'end', a.aggfinalfn::regproc, 'end_reads_all', a.aggfinalextra,
            'end_modifies', a.aggfinalmodify,
            'combine', a.aggcombinefn::regproc, 'serialize', a.aggserialfn::regproc,
            'deserialize', a.aggdeserialfn::regproc,
            'sort_operator', nullif(a.aggsortop, 0)::regoperator,
            'moving_step', a.aggmtransfn::regproc,
            'moving_back', a.aggminvtransfn::regproc,
            'moving_state', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
            'moving_start', a.aggminitval, 'moving_end', a.aggmfinalfn::regproc)
        FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY ({schemas})""",
    "operator": """
        SELECT 'pg_operator'::regclass, o.oid, n.nspname, o.oprname,
            '(' || CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END
            || ',' || format_type(o.oprright, NULL) || ')', NULL::int8, json_build_object(
            'function', o.oprcode::regproc, 'commutator', nullif(o.oprcom, 0)::regoperator,
            'negator', nullif(o.oprnegate, 0)::regoperator, 'hashes', o.oprcanhash, 'merges', o.oprcanmerge)
        FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE n.nspname = ANY ({schemas}) AND o.oprcode <> 0""",
    "operator class": """
        SELECT 'pg_opclass'::regclass, c.oid, n.nspname, c.opcname, ' USING ' || m.amname, NULL::int8, json_build_object(
            'type', format_type(c.opcintype, NULL), 'family', format('%I.%I', fn.nspname, f.opfname),
            'default', c.opcdefault,
            'stores', CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END,
            'members', (SELECT string_agg(q.told, ', ' ORDER BY q.told) FROM (
                SELECT format('operator %s %s', o.amopstrategy, o.amopopr::regoperator) AS told FROM pg_amop o
                JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = o.oid
                WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                UNION ALL SELECT format('function %s %s', o.amprocnum, o.amproc::regprocedure) FROM pg_amproc o
                JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = o.oid
                WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid) q))
        FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
        JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "operator family": """
        SELECT 'pg_opfamily'::regclass, f.oid, n.nspname, f.opfname, ' USING ' || m.amname, NULL::int8, json_build_object(
            'members', (SELECT string_agg(q.told, ', ' ORDER BY q.told) FROM (
                SELECT format('operator %s %s', o.amopstrategy, o.amopopr::regoperator) AS told FROM pg_amop o
                JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = o.oid
                WHERE d.refclassid = 'pg_opfamily'::regclass AND d.refobjid = f.oid
                UNION ALL SELECT format('function %s %s', o.amprocnum, o.amproc::regprocedure) FROM pg_amproc o
                JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = o.oid
                WHERE d.refclassid = 'pg_opfamily'::regclass AND d.refobjid = f.oid) q))
        FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
        WHERE n.nspname = ANY ({schemas})""",
    # Between types of ours and of PostgreSQL's own; oids from 16384 on are the user's.
    "cast": """
        SELECT 'pg_cast'::regclass, k.oid, NULL, '',
            '(' || format_type(k.castsource, NULL) || ' AS ' || format_type(k.casttarget, NULL) || ')', NULL::int8,
            json_build_object('function', nullif(k.castfunc, 0)::regprocedure, 'context', k.castcontext,
                'method', k.castmethod)
        FROM pg_cast k WHERE k.oid >= 16384 AND NOT EXISTS (
            SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE t.oid IN (k.castsource, k.casttarget) AND n.nspname <> ALL ({schemas}) AND n.nspname <> 'pg_catalog')""",
    "collation": """
        SELECT 'pg_collation'::regclass, l.oid, n.nspname, l.collname, '', NULL::int8,
            json_build_object('provider', l.collprovider,
            'deterministic', l.collisdeterministic,
            'locale', coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate),
            'character_types', CASE WHEN l.collprovider = 'c' THEN l.collctype END, 'rules', to_jsonb(l) ->> 'collicurules')
        FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "conversion": """
        SELECT 'pg_conversion'::regclass, c.oid, n.nspname, c.conname, '', NULL::int8,
            json_build_object('from', pg_encoding_to_char(c.conforencoding),
            'to', pg_encoding_to_char(c.contoencoding), 'function', c.conproc::regproc, 'default', c.condefault)
        FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
        WHERE n.nspname = ANY ({schemas})""",
    # Composite, range, base and shell types; row types of tables, arrays and multiranges follow from others.
    "type": """
        SELECT 'pg_type'::regclass, t.oid, n.nspname, t.typname, '', NULL::int8, json_build_object(
            'kind', CASE WHEN t.typisdefined THEN t.typtype::text ELSE 'shell' END,
            'attributes', (SELECT string_agg(quote_ident(a.attname) || ' '
                    || format_type(a.atttypid, a.atttypmod) || coalesce(
                    (SELECT format(' COLLATE %s', l.oid::regcollation)
                     FROM pg_collation l JOIN pg_type y ON y.oid = a.atttypid
                     WHERE l.oid = a.attcollation AND l.oid <> y.typcollation), ''), ', ' ORDER BY a.attnum)
                FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
            'subtype', format_type(g.rngsubtype, NULL), 'multirange', format_type(g.rngmultitypid, NULL),
            'collation', (SELECT l.told FROM called_collation l WHERE l.oid = g.rngcollation),
            'operator_class', (SELECT o.told FROM special_opclass o WHERE o.oid = g.rngsubopc),
            'canonical', g.rngcanonical::regproc, 'difference', g.rngsubdiff::regproc,
            'base', CASE WHEN t.typtype = 'b' THEN
                concat_ws(' ', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin,
                t.typmodout, t.typanalyze, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typispreferred,
                t.typdelim, t.typelem::regtype, t.typdefault, t.typcollation <> 0) END)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_range g ON g.rngtypid = t.oid
        WHERE n.nspname = ANY ({schemas}) AND (t.typtype IN ('c', 'r', 'b') OR NOT t.typisdefined)
          AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
          AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)""",
    "text search configuration": """
        SELECT 'pg_ts_config'::regclass, c.oid, n.nspname, c.cfgname, '', NULL::int8, json_build_object(
            'parser', (SELECT format(CASE pn.nspname WHEN 'pg_catalog' THEN '%I.%s' ELSE '%I.%I' END, pn.nspname, p.prsname)
                       FROM pg_ts_parser p
                       JOIN pg_namespace pn ON pn.oid = p.prsnamespace
                       WHERE p.oid = c.cfgparser),
            'mappings', (SELECT string_agg(format('%s with %I.%I', m.maptokentype, dn.nspname, d.dictname), ', '
                                           ORDER BY m.maptokentype, m.mapseqno)
                FROM pg_ts_config_map m JOIN pg_ts_dict d ON d.oid = m.mapdict
                JOIN pg_namespace dn ON dn.oid = d.dictnamespace
                WHERE m.mapcfg = c.oid))
        FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "text search dictionary": """
        SELECT 'pg_ts_dict'::regclass, d.oid, n.nspname, d.dictname, '', NULL::int8, json_build_object(
            'template', (SELECT format('%I.%I', tn.nspname, t.tmplname) FROM pg_ts_template t
                         JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate),
            'options', d.dictinitoption)
        FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "text search template": """
        SELECT 'pg_ts_template'::regclass, t.oid, n.nspname, t.tmplname, '', NULL::int8,
            json_build_object('start', t.tmplinit::regproc, 'lexize', t.tmpllexize::regproc)
        FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "text search parser": """
        SELECT 'pg_ts_parser'::regclass, p.oid, n.nspname, p.prsname, '', NULL::int8,
            json_build_object('start', p.prsstart::regproc,
            'token', p.prstoken::regproc, 'end', p.prsend::regproc, 'headline', p.prsheadline::regproc,
            'types', p.prslextype::regproc)
        FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
        WHERE n.nspname = ANY ({schemas})""",
    "foreign data wrapper": """
        SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, NULL, w.fdwname, '', NULL::int8,
            json_build_object('handler', w.fdwhandler::regproc,
            'validator', w.fdwvalidator::regproc,
            'options', (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(w.fdwoptions) o))
        FROM pg_foreign_data_wrapper w""",
    "server": """
        SELECT 'pg_foreign_server'::regclass, s.oid, NULL, s.srvname, '', NULL::int8,
            json_build_object('wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion,
            'options', (SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(s.srvoptions) o))
        FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw""",
    "language": """
        SELECT 'pg_language'::regclass, l.oid, NULL, l.lanname, '', NULL::int8,
            json_build_object('handler', l.lanplcallfoid::regproc,
            'inline', l.laninline::regproc, 'validator', l.lanvalidator::regproc,
            'trusted', l.lanpltrusted)
        FROM pg_language l WHERE l.oid >= 16384""",
    "access method": """
        SELECT 'pg_am'::regclass, a.oid, NULL, a.amname, '', NULL::int8,
            json_build_object('type', a.amtype, 'handler', a.amhandler::regproc)
        FROM pg_am a WHERE a.oid >= 16384""",
    "transform": """
        SELECT 'pg_transform'::regclass, t.oid, NULL, '',
            'FOR ' || format_type(t.trftype, NULL) || ' LANGUAGE ' || l.lanname, NULL::int8,
            json_build_object('from_sql', nullif(t.trffromsql, 0)::regprocedure,
                'to_sql', nullif(t.trftosql, 0)::regprocedure)
        FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384""",
}
