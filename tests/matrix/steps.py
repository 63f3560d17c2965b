"""Every single step away from a schema, as queries that read it from the catalogue, independently of the suite's reader.

Each query gives rows (object that must be named, statements); `loud` steps change the schema, `quiet` ones do not.
"""

from __future__ import annotations

from typing import NamedTuple

_TABLES = """FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = ANY (%(schemas)s)"""
_COLUMNS = """FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid
    LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = ANY (%(schemas)s) AND attnum > 0 AND NOT attisdropped
      AND attinhcount = 0"""
_CONSTRAINTS = """FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = ANY (%(schemas)s) AND coninhcount = 0
      AND contype IN ('c', 'f', 'u', 'p', 'x') AND conparentid = 0"""
_INDEXES = """FROM pg_index i JOIN pg_class x ON x.oid = indexrelid JOIN pg_class c ON c.oid = indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND nspname = ANY (%(schemas)s)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""
_FUNCTIONS = """FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE nspname = ANY (%(schemas)s) AND prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')"""
_TRIGGERS = """FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE NOT tgisinternal AND tgparentid = 0 AND nspname = ANY (%(schemas)s)"""
_VIEWS = """FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = {kind} AND nspname = ANY (%(schemas)s)"""
_SEQUENCES = """FROM pg_sequence s JOIN pg_class c ON c.oid = seqrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = ANY (%(schemas)s)"""
_POLICIES = """FROM pg_policy p JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = ANY (%(schemas)s)"""
_TYPES = """FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
    WHERE typtype = {kind} AND nspname = ANY (%(schemas)s)
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')"""
TABLE, COLUMN = "format('%%s', c.oid::regclass)", "format('%%s', c.oid::regclass), attname"


class Step(NamedTuple):
    """One way to change one kind of object."""

    title: str
    loud: bool
    """Whether a claim must be broken that names the object."""
    named: str
    """An expression: a name that must be told."""
    statement: str
    """An expression: what is run."""
    source: str
    """FROM and WHERE."""

    @property
    def query(self) -> str:
        """Gives (object, named, statement) of every object that it fits."""
        return f"SELECT DISTINCT {self.named}::text, {self.statement} {self.source} ORDER BY 1, 2"


def _table(title: str, statement: str, *, loud: bool = True, more: str = "") -> Step:
    return Step(title, loud, "c.relname", f"format({statement}, c.oid::regclass)", f"{_TABLES} {more}")


def _column(title: str, statement: str, more: str = "", *, loud: bool = True, values: str = "c.oid::regclass, attname",
            ) -> Step:
    return Step(title, loud, "attname", f"format({statement}, {values})", f"{_COLUMNS} {more}")


def _constraint(title: str, statement: str, more: str, values: str, *, loud: bool = True) -> Step:
    return Step(title, loud, "conname", f"format({statement}, {values})", f"{_CONSTRAINTS} {more}")


_AGAIN = "'ALTER TABLE %%1$s DROP CONSTRAINT %%2$I, ADD CONSTRAINT %%2$I "
_CHECK = "c.oid::regclass, conname, pg_get_expr(conbin, conrelid)"
_DEFINITION = "c.oid::regclass, conname, regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')"
_INDEX = "x.oid::regclass, pg_get_indexdef(indexrelid)"
STEPS = (
    _table("table dropped", "'DROP TABLE %%s CASCADE'"),
    _table("table renamed", "'ALTER TABLE %%s RENAME TO renamed_away'"),
    _table("table moved", "'CREATE SCHEMA moved_away; ALTER TABLE %%s SET SCHEMA moved_away'"),
    _table("table unlogged", "'ALTER TABLE %%s SET UNLOGGED'", more="AND relkind = 'r' AND relpersistence = 'p'"),
    _table("row security on", "'ALTER TABLE %%s ENABLE ROW LEVEL SECURITY'", more="AND NOT relrowsecurity"),
    _table("row security off", "'ALTER TABLE %%s DISABLE ROW LEVEL SECURITY'", more="AND relrowsecurity"),
    _table("row security forced", "'ALTER TABLE %%s FORCE ROW LEVEL SECURITY'", more="AND NOT relforcerowsecurity"),
    _table("column more", "'ALTER TABLE %%s ADD COLUMN one_more int'"),
    _table("rule more", "'CREATE RULE one_more AS ON DELETE TO %%s DO INSTEAD NOTHING'"),
    _table("index more", "'CREATE INDEX one_more ON %%s ((1))'"),
    _table("CHECK more", "'ALTER TABLE %%s ADD CONSTRAINT one_more CHECK (1 > 2) NOT VALID'"),
    _table("policy more", "'CREATE POLICY one_more ON %%s USING (true)'"),
    _table("child more", "'CREATE TABLE one_more () INHERITS (%%s)'", more="AND relkind = 'r'"),
    _table("replica identity", "'ALTER TABLE %%s REPLICA IDENTITY FULL'", more="AND relreplident = 'd'"),
    _table("shadowed", "'CREATE SCHEMA shadow; CREATE TABLE shadow.' || quote_ident(c.relname) || ' (shadow int); "
           "ALTER DATABASE ' || quote_ident(current_database()) || ' SET search_path = shadow, public -- %%s'",
           more="AND nspname = 'public'"),
    _column("column dropped", "'ALTER TABLE %%s DROP COLUMN %%I CASCADE'"),
    _column("column renamed", "'ALTER TABLE %%s RENAME COLUMN %%I TO renamed_away'"),
    _column("column of another type", "'ALTER TABLE %%1$s ALTER COLUMN %%2$I DROP DEFAULT, ALTER COLUMN %%2$I TYPE %%3$s "
            "USING NULL'", "AND attgenerated = '' AND attidentity = ''",
            values="c.oid::regclass, attname, CASE WHEN atttypid = 'int4'::regtype THEN 'bigint' "
                   "WHEN atttypid = 'text'::regtype THEN 'varchar(40)' ELSE 'text' END"),
    _column("column longer", "'ALTER TABLE %%s ALTER COLUMN %%I TYPE varchar(999)'", "AND atttypid = 'varchar'::regtype"),
    _column("NOT NULL dropped", "'ALTER TABLE %%s ALTER COLUMN %%I DROP NOT NULL'", "AND attnotnull AND attidentity = ''"),
    _column("NOT NULL set", "'ALTER TABLE %%s ALTER COLUMN %%I SET NOT NULL'", "AND NOT attnotnull"),
    _column("default dropped", "'ALTER TABLE %%s ALTER COLUMN %%I DROP DEFAULT'",
            "AND d.oid IS NOT NULL AND attgenerated = '' AND pg_get_expr(adbin, adrelid) !~ '^\\(*NULL'"),
    _column("default set", "'ALTER TABLE %%s ALTER COLUMN %%I SET DEFAULT ''7'''",
            "AND d.oid IS NULL AND attidentity = '' AND atttypid IN ('text'::regtype, 'int4'::regtype, 'numeric'::regtype)"),
    _column("identity dropped", "'ALTER TABLE %%s ALTER COLUMN %%I DROP IDENTITY'", "AND attidentity <> ''"),
    _column("identity the other way", "'ALTER TABLE %%s ALTER COLUMN %%I SET GENERATED %%s'", "AND attidentity <> ''",
            values="c.oid::regclass, attname, CASE attidentity WHEN 'a' THEN 'BY DEFAULT' ELSE 'ALWAYS' END"),
    _column("generated no more", "'ALTER TABLE %%s ALTER COLUMN %%I DROP EXPRESSION'", "AND attgenerated = 's'"),
    _column("another collation", "'ALTER TABLE %%s ALTER COLUMN %%I TYPE %%s COLLATE \"C\"'",
            "AND attcollation = 'default'::regcollation AND attgenerated = ''",
            values="c.oid::regclass, attname, format_type(atttypid, atttypmod)"),
    _constraint("constraint dropped", "'ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE'", "", "c.oid::regclass, conname"),
    _constraint("constraint renamed", "'ALTER TABLE %%s RENAME CONSTRAINT %%I TO renamed_away'", "",
                "c.oid::regclass, conname"),
    _constraint("CHECK loosened", _AGAIN + "CHECK ((%%3$s) OR true)'", "AND contype = 'c'", _CHECK),
    _constraint("CHECK tightened", _AGAIN + "CHECK ((%%3$s) AND false)'", "AND contype = 'c'", _CHECK),
    _constraint("CHECK negated", _AGAIN + "CHECK (NOT (%%3$s))'", "AND contype = 'c'", _CHECK),
    _constraint("CHECK excused by NULL", _AGAIN + "CHECK ((%%3$s) OR NULL)'", "AND contype = 'c'", _CHECK),
    _constraint("not validated", _AGAIN + "%%3$s NOT VALID'", "AND contype IN ('c', 'f') AND convalidated AND relkind = 'r'",
                _DEFINITION),
    _constraint("NO INHERIT", _AGAIN + "%%3$s NO INHERIT'", "AND contype = 'c' AND NOT connoinherit AND relkind = 'r'",
                _DEFINITION),
    _constraint("deferrable", _AGAIN + "%%3$s DEFERRABLE'", "AND contype IN ('u', 'f', 'x') AND NOT condeferrable",
                _DEFINITION),
    _constraint("ON DELETE CASCADE", _AGAIN + "%%3$s ON DELETE CASCADE'", "AND contype = 'f' AND confdeltype = 'a'",
                _DEFINITION),
    Step("index dropped", True, "x.relname", "format('DROP INDEX %%s', x.oid::regclass)", _INDEXES),
    Step("index renamed", True, "x.relname", "format('ALTER INDEX %%s RENAME TO renamed_away', x.oid::regclass)", _INDEXES),
    Step("index unique the other way", True, "x.relname", "format('DROP INDEX %%s; %%s', x.oid::regclass, CASE WHEN "
         "indisunique THEN replace(pg_get_indexdef(indexrelid), 'CREATE UNIQUE', 'CREATE') ELSE "
         "replace(pg_get_indexdef(indexrelid), 'CREATE INDEX', 'CREATE UNIQUE INDEX') END)",
         _INDEXES + " AND (indisunique OR pg_get_indexdef(indexrelid) LIKE '%%USING btree%%') AND c.relkind <> 'p'"),
    Step("index of few rows", True, "x.relname", f"format('DROP INDEX %%s; %%s WHERE 1 > 2', {_INDEX})",
         _INDEXES + " AND indpred IS NULL AND c.relkind <> 'p'"),
    Step("index of all rows", True, "x.relname", "format('DROP INDEX %%s; %%s', x.oid::regclass, "
         "regexp_replace(pg_get_indexdef(indexrelid), ' WHERE .*$', ''))", _INDEXES + " AND indpred IS NOT NULL"),
    Step("view dropped", True, "c.relname", "format('DROP VIEW %%s CASCADE', c.oid::regclass)", _VIEWS.format(kind="'v'")),
    Step("view renamed", True, "c.relname", "format('ALTER VIEW %%s RENAME TO renamed_away', c.oid::regclass)",
         _VIEWS.format(kind="'v'")),
    Step("view a barrier", True, "c.relname", "format('ALTER VIEW %%s SET (security_barrier = true)', c.oid::regclass)",
         _VIEWS.format(kind="'v'") + " AND coalesce(array_to_string(reloptions, ' '), '') !~ 'security_barrier'"),
    Step("view of fewer rows", True, "c.relname", "format('CREATE OR REPLACE VIEW %%s AS SELECT * FROM (%%s) AS all_of_it "
         "LIMIT 0', c.oid::regclass, rtrim(pg_get_viewdef(c.oid), ';'))", _VIEWS.format(kind="'v'")),
    Step("materialized view dropped", True, "c.relname", "format('DROP MATERIALIZED VIEW %%s CASCADE', c.oid::regclass)",
         _VIEWS.format(kind="'m'")),
    Step("sequence of another step", True, "c.relname", "format('ALTER SEQUENCE %%s INCREMENT %%s', c.oid::regclass, "
         "seqincrement + 1)", _SEQUENCES),
    Step("sequence bounded", True, "c.relname", "format('ALTER SEQUENCE %%s MAXVALUE 1000', c.oid::regclass)", _SEQUENCES),
    Step("sequence in a circle", True, "c.relname", "format('ALTER SEQUENCE %%s %%s', c.oid::regclass, "
         "CASE WHEN seqcycle THEN 'NO CYCLE' ELSE 'CYCLE' END)", _SEQUENCES),
    Step("function dropped", True, "proname", "format('DROP FUNCTION %%s CASCADE', p.oid::regprocedure)", _FUNCTIONS),
    Step("function renamed", True, "proname", "format('ALTER FUNCTION %%s RENAME TO renamed_away', p.oid::regprocedure)",
         _FUNCTIONS),
    Step("function definer", True, "proname", "format('ALTER FUNCTION %%s SECURITY %%s', p.oid::regprocedure, "
         "CASE WHEN prosecdef THEN 'INVOKER' ELSE 'DEFINER' END)", _FUNCTIONS),
    Step("function of another path", True, "proname", "format('ALTER FUNCTION %%s SET search_path = elsewhere', "
         "p.oid::regprocedure)", _FUNCTIONS),
    Step("function volatile the other way", True, "proname", "format('ALTER FUNCTION %%s %%s', p.oid::regprocedure, "
         "CASE provolatile WHEN 'v' THEN 'STABLE' ELSE 'VOLATILE' END)", _FUNCTIONS),
    Step("function strict the other way", True, "proname", "format('ALTER FUNCTION %%s %%s', p.oid::regprocedure, "
         "CASE WHEN proisstrict THEN 'CALLED ON NULL INPUT' ELSE 'STRICT' END)", _FUNCTIONS),
    Step("trigger dropped", True, "tgname", "format('DROP TRIGGER %%I ON %%s', tgname, c.oid::regclass)", _TRIGGERS),
    Step("trigger renamed", True, "tgname", "format('ALTER TRIGGER %%I ON %%s RENAME TO renamed_away', tgname, "
         "c.oid::regclass)", _TRIGGERS),
    Step("trigger disabled", True, "tgname", "format('ALTER TABLE %%s DISABLE TRIGGER %%I', c.oid::regclass, tgname)",
         _TRIGGERS + " AND tgenabled <> 'D' AND relkind <> 'v'"),
    Step("trigger always", True, "tgname", "format('ALTER TABLE %%s ENABLE ALWAYS TRIGGER %%I', c.oid::regclass, tgname)",
         _TRIGGERS + " AND tgenabled <> 'A' AND relkind <> 'v'"),
    Step("policy dropped", True, "polname", "format('DROP POLICY %%I ON %%s', polname, c.oid::regclass)", _POLICIES),
    Step("policy renamed", True, "polname", "format('ALTER POLICY %%I ON %%s RENAME TO renamed_away', polname, "
         "c.oid::regclass)", _POLICIES),
    Step("policy for all rows", True, "polname", "format('ALTER POLICY %%I ON %%s USING (true)', polname, "
         "c.oid::regclass)", _POLICIES + " AND polqual IS NOT NULL AND pg_get_expr(polqual, polrelid) <> 'true'"),
    Step("label more", True, "typname", "format('ALTER TYPE %%s ADD VALUE ''one more''', t.oid::regtype)",
         _TYPES.format(kind="'e'")),
    Step("label renamed", True, "typname", "format('ALTER TYPE %%s RENAME VALUE %%L TO ''renamed away''', t.oid::regtype, "
         "(SELECT min(enumlabel) FROM pg_enum WHERE enumtypid = t.oid))", _TYPES.format(kind="'e'")),
    Step("type renamed", True, "typname", "format('ALTER TYPE %%s RENAME TO renamed_away', t.oid::regtype)",
         _TYPES.format(kind="'e'")),
    Step("domain NOT NULL", True, "typname", "format('ALTER DOMAIN %%s %%s NOT NULL', t.oid::regtype, "
         "CASE WHEN typnotnull THEN 'DROP' ELSE 'SET' END)", _TYPES.format(kind="'d'")),
    Step("domain CHECK dropped", True, "typname", "format('ALTER DOMAIN %%s DROP CONSTRAINT %%I', t.oid::regtype, conname)",
         _TYPES.format(kind="'d'").replace("WHERE", "JOIN pg_constraint k ON contypid = t.oid AND contype = 'c' WHERE", 1)),
    # What changes nothing.
    _table("comment", "'COMMENT ON TABLE %%s IS ''all of it'''", loud=False),
    _table("analysed", "'ANALYZE %%s'", loud=False),
    _table("rebuilt", "'REINDEX TABLE %%s'", loud=False, more="AND relkind = 'r'"),
    _table("locked", "'LOCK TABLE %%s IN SHARE MODE'", loud=False),
    _table("column come and gone", "'ALTER TABLE %%1$s ADD COLUMN gone int; ALTER TABLE %%1$s DROP COLUMN gone'",
           loud=False),
    _column("comment on a column", "'COMMENT ON COLUMN %%s.%%I IS ''all of it'''", loud=False),
    _column("statistics", "'ALTER TABLE %%s ALTER COLUMN %%I SET STATISTICS 50'", loud=False),
    _column("default respelled", "'ALTER TABLE %%s ALTER COLUMN %%I SET DEFAULT %%s'",
            "AND d.oid IS NOT NULL AND attgenerated = ''", loud=False,
            values="c.oid::regclass, attname, pg_get_expr(adbin, adrelid)"),
    _constraint("constraint respelled", _AGAIN + "%%3$s'", "AND contype = 'c' AND convalidated", _DEFINITION, loud=False),
    _constraint("key made again", _AGAIN + "%%3$s'", "AND contype IN ('f', 'u', 'x') AND convalidated", _DEFINITION,
                loud=False),
    _constraint("CHECK twice", _AGAIN + "CHECK ((%%3$s) AND (%%3$s))'",
                "AND contype = 'c' AND convalidated AND NOT connoinherit", _CHECK, loud=False),
    _constraint("CHECK and NULL, which passes", _AGAIN + "CHECK ((%%3$s) AND NULL)'",
                "AND contype = 'c' AND convalidated AND NOT connoinherit", _CHECK, loud=False),
    _constraint("CHECK negated twice", _AGAIN + "CHECK (NOT (NOT (%%3$s)))'",
                "AND contype = 'c' AND convalidated AND NOT connoinherit", _CHECK, loud=False),
    Step("index made again", False, "x.relname", f"format('DROP INDEX %%s; %%s', {_INDEX})", _INDEXES
         + " AND c.relkind = 'r' AND NOT x.relispartition AND indisvalid AND NOT indisreplident AND NOT indisclustered"),
    Step("view made again", False, "c.relname", "format('CREATE OR REPLACE VIEW %%s AS %%s', c.oid::regclass, "
         "pg_get_viewdef(c.oid))", _VIEWS.format(kind="'v'") + " AND reloptions IS NULL"),
    Step("function made again", False, "proname", "pg_get_functiondef(p.oid)", _FUNCTIONS),
    Step("comment on a function", False, "proname", "format('COMMENT ON FUNCTION %%s IS ''x''', p.oid::regprocedure)",
         _FUNCTIONS),
    Step("sequence further", False, "c.relname", "format('SELECT setval(%%L, 17, true)', c.oid::regclass)",
         _SEQUENCES + " AND seqmax >= 17 AND seqmin <= 17 AND seqincrement = 1"),
)
