-- Partitions and inheritance.
CREATE SCHEMA z;
CREATE TABLE ticks (at date NOT NULL, price numeric CONSTRAINT ticks_price CHECK (price > 0), id int, CONSTRAINT ticks_pkey PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE ticks_1 PARTITION OF ticks FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE ticks_2 PARTITION OF ticks FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE z.ticks_3 PARTITION OF ticks FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
CREATE TABLE ticks_rest PARTITION OF ticks DEFAULT;
CREATE INDEX ticks_by_price ON ticks (price);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER kept BEFORE INSERT ON ticks FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TABLE hashed (k text, v int) PARTITION BY HASH (k);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE lists (k text, v int) PARTITION BY LIST (lower(k));
CREATE TABLE lists_a PARTITION OF lists FOR VALUES IN ('a', 'b') PARTITION BY RANGE (v);
CREATE TABLE lists_a_1 PARTITION OF lists_a FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE readers (at date, id int, note text, CONSTRAINT readers_tick FOREIGN KEY (at, id) REFERENCES ticks (at, id));
CREATE TABLE animals (name text CONSTRAINT animals_name CHECK (name <> ''), legs int DEFAULT 4);
CREATE TABLE birds (wings int) INHERITS (animals);
CREATE TABLE loners (name text, legs int, tail text);
--> a partition more | ignored partitions added since | back names ticks_4
CREATE TABLE ticks_4 PARTITION OF ticks FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');
--> a partition dropped | names ticks_2 | back ignored partitions added since
ALTER TABLE ticks DETACH PARTITION ticks_2; DROP TABLE ticks_2;
--> a partition detached | names ticks_2
ALTER TABLE ticks DETACH PARTITION ticks_2;
--> a partition elsewhere detached | names z.ticks_3 | back ignored partitions added since
ALTER TABLE ticks DETACH PARTITION z.ticks_3;
--> the default partition dropped | names ticks_rest | back ignored partitions added since
ALTER TABLE ticks DETACH PARTITION ticks_rest; DROP TABLE ticks_rest;
--> other bounds | names ticks_1
ALTER TABLE ticks DETACH PARTITION ticks_1; ALTER TABLE ticks ATTACH PARTITION ticks_1 FOR VALUES FROM ('2026-01-02') TO ('2026-02-01');
--> another modulus | names hashed_1
ALTER TABLE hashed DETACH PARTITION hashed_1; ALTER TABLE hashed ATTACH PARTITION hashed_1 FOR VALUES WITH (MODULUS 4, REMAINDER 1);
--> another list | names lists_a
ALTER TABLE lists DETACH PARTITION lists_a; ALTER TABLE lists ATTACH PARTITION lists_a FOR VALUES IN ('a');
--> another partition key | names lists
DROP TABLE lists; CREATE TABLE lists (k text, v int) PARTITION BY LIST (k); CREATE TABLE lists_a PARTITION OF lists FOR VALUES IN ('a', 'b') PARTITION BY RANGE (v); CREATE TABLE lists_a_1 PARTITION OF lists_a FOR VALUES FROM (MINVALUE) TO (10);
--> another partition strategy | names hashed
DROP TABLE hashed; CREATE TABLE hashed (k text, v int) PARTITION BY LIST (k); CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES IN ('a'); CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES IN ('b');
--> an index on one partition only | names ticks_1_id
CREATE INDEX ticks_1_id ON ticks_1 (id);
--> an index on every partition | names ticks_by_id
CREATE INDEX ticks_by_id ON ticks (id);
--> an index on only the parent | names ticks_by_id
CREATE INDEX ticks_by_id ON ONLY ticks (id);
--> an index of the parent dropped | names ticks_by_price
DROP INDEX ticks_by_price;
--> a CHECK on one partition only | names ticks_1.ticks_1_id
ALTER TABLE ticks_1 ADD CONSTRAINT ticks_1_id CHECK (id > 0);
--> a CHECK of the parent dropped | names ticks.ticks_price
ALTER TABLE ticks DROP CONSTRAINT ticks_price;
--> a trigger of one partition disabled | names ticks_1.kept
ALTER TABLE ticks_1 DISABLE TRIGGER kept;
--> a trigger on one partition only | names ticks_1.own
CREATE TRIGGER own BEFORE INSERT ON ticks_1 FOR EACH ROW EXECUTE FUNCTION keep();
--> a default of one partition | names ticks_1.price
ALTER TABLE ticks_1 ALTER COLUMN price SET DEFAULT 1;
--> a partition unlogged | names hashed_1
ALTER TABLE hashed_1 SET UNLOGGED;
--> a foreign key to a partitioned table dropped | names readers.readers_tick
ALTER TABLE readers DROP CONSTRAINT readers_tick;
--> a foreign key to one partition | names readers.readers_tick
ALTER TABLE readers DROP CONSTRAINT readers_tick; ALTER TABLE readers ADD CONSTRAINT readers_tick FOREIGN KEY (at, id) REFERENCES ticks_1 (at, id);
--> a foreign key from a partitioned table | names ticks.ticks_reader
CREATE TABLE reader_names (id int PRIMARY KEY); ALTER TABLE ticks ADD CONSTRAINT ticks_reader FOREIGN KEY (id) REFERENCES reader_names;
--> a child more | names fish
CREATE TABLE fish (fins int) INHERITS (animals);
--> a child in another schema | names z.fish
CREATE TABLE z.fish (fins int) INHERITS (animals);
--> a child dropped | names birds
DROP TABLE birds;
--> a child let go | names birds
ALTER TABLE birds NO INHERIT animals;
--> a child taken in | names loners
ALTER TABLE loners ADD CONSTRAINT animals_name CHECK (name <> ''); ALTER TABLE loners INHERIT animals;
--> a child's own default | names birds.legs
ALTER TABLE birds ALTER COLUMN legs SET DEFAULT 2;
--> a column of the parent dropped | names animals.legs
ALTER TABLE animals DROP COLUMN legs;
--> a column of the parent only dropped from it | names animals.legs
ALTER TABLE ONLY animals DROP COLUMN legs;
--> an inherited column that is the child's own too | ignored columns told twice
ALTER TABLE birds NO INHERIT animals; ALTER TABLE birds INHERIT animals;
--> a table of a partition elsewhere | ignored other schemas
CREATE TABLE z.unrelated (x int);
