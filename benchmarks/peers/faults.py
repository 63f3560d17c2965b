"""The shared list: faults that a verification should tell, and look-alikes that it should be quiet about.

The ids are those of docs/faults.md. Each is SQL for a copy of ten generated tables and MORE; both sides were made from the
same migrations.
"""

from __future__ import annotations

from typing import NamedTuple

MORE = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE SEQUENCE ticket MAXVALUE 1000000;
CREATE FUNCTION doubled(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT n * 2 $$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.symbol := upper(NEW.symbol); RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON book_0001 FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE VIEW open_books AS SELECT id, symbol FROM book_0002 WHERE state = 'open';
ALTER TABLE book_0003 ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON book_0003 USING (symbol = CURRENT_USER);
ALTER TABLE book_0004 ADD COLUMN mood mood NOT NULL DEFAULT 'calm', ADD COLUMN code text COLLATE "C",
    ADD COLUMN total numeric GENERATED ALWAYS AS (quantity * price) STORED;
ALTER TABLE book_0005 ADD CONSTRAINT uq_book_0005_pair UNIQUE (symbol, created_at);
GRANT SELECT ON book_0006 TO reporter;
INSERT INTO schema_migrations (version) VALUES ('0005_more');
"""
"""A migration beside those of the generated tables, so that there is something of every kind."""

ROLE = "reporter"
"""A role that MORE grants something to; roles belong to the server, and no migration makes them."""


class Step(NamedTuple):
    """One change to a healthy copy."""

    id: str
    """Of docs/faults.md; U where no line names it."""
    what: str
    sql: str


FAULTS = (
    Step("L1", "a constraint is dropped, its migration's row stays",
         "ALTER TABLE book_0002 DROP CONSTRAINT chk_book_0002_side"),
    Step("L1", "a column is dropped, its migration's row stays", "ALTER TABLE book_0007 DROP COLUMN extra"),
    Step("L2", "a ledger row is gone, its effects are there", "DELETE FROM schema_migrations WHERE version = '0004_checks'"),
    Step("C1", "a CHECK is loosened: OR true", "ALTER TABLE book_0002 DROP CONSTRAINT chk_book_0002_side, ADD CONSTRAINT "
         "chk_book_0002_side CHECK (side IN ('long', 'short', 'hedge_0002') OR true)"),
    Step("N6", "a CHECK of the same name means another thing: >= for >", "ALTER TABLE book_0002 DROP CONSTRAINT "
         "chk_book_0002_quantity, ADD CONSTRAINT chk_book_0002_quantity CHECK (quantity >= 1)"),
    Step("C4", "a CHECK is NOT VALID, and a stored row breaks it", "ALTER TABLE book_0002 DROP CONSTRAINT "
         "chk_book_0002_side; INSERT INTO book_0002 (symbol, side, quantity) VALUES ('A', 'banana', 5); ALTER TABLE "
         "book_0002 ADD CONSTRAINT chk_book_0002_side CHECK (side IN ('long', 'short', 'hedge_0002')) NOT VALID"),
    Step("D1", "a unique index is invalid",
         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_book_0003_order_id'::regclass"),
    Step("D1", "a unique index is partial", "DROP INDEX uq_book_0003_order_id; CREATE UNIQUE INDEX uq_book_0003_order_id "
         "ON book_0003 (order_id) WHERE order_id <> ''"),
    Step("D1", "a unique index is not unique", "DROP INDEX uq_book_0003_order_id; CREATE INDEX uq_book_0003_order_id "
         "ON book_0003 (order_id)"),
    Step("D1", "a unique constraint is deferrable", "ALTER TABLE book_0005 DROP CONSTRAINT uq_book_0005_pair, ADD "
         "CONSTRAINT uq_book_0005_pair UNIQUE (symbol, created_at) DEFERRABLE"),
    Step("N3", "an index of the same name has other columns", "DROP INDEX ix_book_0004_symbol; CREATE INDEX "
         "ix_book_0004_symbol ON book_0004 (symbol)"),
    Step("N4", "a default is another", "ALTER TABLE book_0001 ALTER COLUMN state SET DEFAULT 'filled'"),
    Step("N4", "a column's type is longer", "ALTER TABLE book_0008 ALTER COLUMN symbol TYPE varchar(64)"),
    Step("N4", "a column is nullable", "ALTER TABLE book_0008 ALTER COLUMN quantity DROP NOT NULL"),
    Step("N4", "a column's collation is another", 'ALTER TABLE book_0004 ALTER COLUMN code TYPE text COLLATE "ucs_basic"'),
    Step("N4", "a generated column's expression is another", "ALTER TABLE book_0004 DROP COLUMN total; ALTER TABLE "
         "book_0004 ADD COLUMN total numeric GENERATED ALWAYS AS (quantity + price) STORED"),
    Step("C7", "a trigger is disabled", "ALTER TABLE book_0001 DISABLE TRIGGER stamp"),
    Step("C7", "a trigger that nobody knows swallows rows", "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ "
         "BEGIN RETURN NULL; END $$; CREATE TRIGGER gone BEFORE INSERT ON book_0009 FOR EACH ROW EXECUTE FUNCTION gone()"),
    Step("C7", "a rule swallows rows", "CREATE RULE gone AS ON INSERT TO book_0009 DO INSTEAD NOTHING"),
    Step("C8", "a policy is gone", "DROP POLICY own ON book_0003"),
    Step("C8", "row security is off", "ALTER TABLE book_0003 DISABLE ROW LEVEL SECURITY"),
    Step("C8", "the ledger is UNLOGGED", "ALTER TABLE schema_migrations SET UNLOGGED"),
    Step("C14", "a function's body is another", "CREATE OR REPLACE FUNCTION doubled(n numeric) RETURNS numeric LANGUAGE sql "
         "IMMUTABLE AS $$ SELECT n * 3 $$"),
    Step("C15", "a sequence ends earlier", "ALTER SEQUENCE ticket MAXVALUE 1000"),
    Step("C16", "a grant is revoked", "REVOKE SELECT ON book_0006 FROM reporter"),
    Step("C16", "PUBLIC can write", "GRANT INSERT, UPDATE ON book_0007 TO PUBLIC"),
    Step("N11", "an identity's sequence is behind max(id)",
         "INSERT INTO book_0001 (id, symbol, side, quantity) VALUES (100, 'A', 'long', 5)"),
    Step("U", "an enum type has another label", "ALTER TYPE mood ADD VALUE 'odd'"),
    Step("U", "a foreign key's action is another", "ALTER TABLE book_0005 DROP CONSTRAINT fk_book_0005_previous, ADD "
         "CONSTRAINT fk_book_0005_previous FOREIGN KEY (previous_id) REFERENCES book_0004 (id)"),
    Step("U", "a view shows more rows", "CREATE OR REPLACE VIEW open_books AS SELECT id, symbol FROM book_0002"),
)

LOOK_ALIKES = (
    Step("C10", "analysed, vacuumed and reindexed", "ANALYZE; REINDEX TABLE book_0001; REINDEX TABLE book_0002"),
    Step("C10", "a CHECK says OR for IN", "ALTER TABLE book_0002 DROP CONSTRAINT chk_book_0002_side, ADD CONSTRAINT "
         "chk_book_0002_side CHECK (side = 'long' OR side = 'short' OR side = 'hedge_0002')"),
    Step("C10", "a CHECK is spelled as a dump of it", "ALTER TABLE book_0002 DROP CONSTRAINT chk_book_0002_side, ADD "
         "CONSTRAINT chk_book_0002_side CHECK (((side)::text = ANY ((ARRAY['long'::character varying, 'short'::character "
         "varying, 'hedge_0002'::character varying])::text[])))"),
    Step("C10", "a comparison the other way round", "ALTER TABLE book_0002 DROP CONSTRAINT chk_book_0002_quantity, ADD "
         "CONSTRAINT chk_book_0002_quantity CHECK (1 < quantity)"),
    Step("C10", "a constraint and an index are made again", "ALTER TABLE book_0004 DROP CONSTRAINT chk_book_0004_price, ADD "
         "CONSTRAINT chk_book_0004_price CHECK (price IS NULL OR price >= 3); DROP INDEX ix_book_0004_open; CREATE INDEX "
         "ix_book_0004_open ON book_0004 (side) WHERE state = 'open'"),
    Step("C10", "a foreign key is added NOT VALID and validated", "ALTER TABLE book_0005 DROP CONSTRAINT "
         "fk_book_0005_previous, ADD CONSTRAINT fk_book_0005_previous FOREIGN KEY (previous_id) REFERENCES book_0004 (id) "
         "ON DELETE CASCADE NOT VALID; ALTER TABLE book_0005 VALIDATE CONSTRAINT fk_book_0005_previous"),
    Step("C10", "an owner is granted what it has", "GRANT ALL ON book_0006 TO CURRENT_USER"),
    Step("C10", "honest rows are stored, and a sequence has moved", "INSERT INTO book_0004 (symbol, side, quantity) SELECT "
         "'A', 'long', 10 FROM generate_series(1, 100); SELECT nextval('ticket')"),
)
