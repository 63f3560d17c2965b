-- Schemas: public sales
-- What belongs to the database: schemas, extensions, publications, statistics, text search, foreign servers.
CREATE SCHEMA sales; CREATE SCHEMA attic;
CREATE EXTENSION an_extension;
CREATE TABLE stock (id int PRIMARY KEY, sku text, qty int);
CREATE TABLE sales.orders (id int PRIMARY KEY, sku text);
CREATE TABLE attic.old (id int);
CREATE PUBLICATION feed FOR TABLE stock WITH (publish = 'insert, update');
CREATE PUBLICATION all_of_it FOR ALL TABLES;
CREATE STATISTICS stock_dep (dependencies) ON sku, qty FROM stock;
CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
CREATE FOREIGN DATA WRAPPER dummy OPTIONS (debug 'on'); CREATE SERVER far TYPE 'db' VERSION '1' FOREIGN DATA WRAPPER dummy OPTIONS (host 'a', dbname 'b');
CREATE FUNCTION validates(text[], oid) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (password 'secret');
CREATE FUNCTION to_sql(internal) RETURNS internal LANGUAGE internal AS 'textlike_support';
--> a schema of ours dropped | names schema sales | back names sales.orders
DROP SCHEMA sales CASCADE;
--> a schema that the migrations make dropped | names schema attic | back ignored other schemas
DROP SCHEMA attic CASCADE;
--> a schema more | ignored other schemas | back names schema extra
CREATE SCHEMA extra;
--> a table in a schema that is not ours | ignored other schemas
CREATE TABLE attic.more (x int);
--> a column in a schema that is not ours | ignored other schemas
ALTER TABLE attic.old ADD COLUMN y int;
--> a table in a schema of ours | names sales.more
CREATE TABLE sales.more (x int);
--> a table of ours dropped | names sales.orders
DROP TABLE sales.orders;
--> an extension dropped | names extension an_extension | back ignored other extensions
DROP EXTENSION an_extension;
--> an extension in another schema | names extension an_extension
ALTER EXTENSION an_extension SET SCHEMA sales;
--> a publication more | names publication more
CREATE PUBLICATION more FOR TABLE stock;
--> a publication dropped | names publication feed
DROP PUBLICATION feed;
--> a publication renamed | names publication feed
ALTER PUBLICATION feed RENAME TO stream;
--> a publication of a table more | names publication feed
ALTER PUBLICATION feed ADD TABLE sales.orders;
--> a publication of other events | names publication feed
ALTER PUBLICATION feed SET (publish = 'insert, update, delete');
--> a publication via the root | names publication feed
ALTER PUBLICATION feed SET (publish_via_partition_root = true);
--> a publication of some columns | from 15 | names publication feed
ALTER PUBLICATION feed SET TABLE stock (id, sku);
--> a publication of some rows | from 15 | names publication feed
ALTER PUBLICATION feed SET TABLE stock WHERE (id > 5);
--> a publication of a schema | from 15 | names publication feed
ALTER PUBLICATION feed ADD TABLES IN SCHEMA sales;
--> a publication of generated columns | from 18 | names publication feed
ALTER PUBLICATION feed SET (publish_generated_columns = stored);
--> a publication of everything dropped | names publication all_of_it
DROP PUBLICATION all_of_it;
--> extended statistics more | names statistics stock_more
CREATE STATISTICS stock_more ON sku, qty FROM stock;
--> extended statistics dropped | names statistics stock_dep
DROP STATISTICS stock_dep;
--> extended statistics of another kind | names statistics stock_dep
DROP STATISTICS stock_dep; CREATE STATISTICS stock_dep (mcv) ON sku, qty FROM stock;
--> extended statistics on other columns | names statistics stock_dep
DROP STATISTICS stock_dep; CREATE STATISTICS stock_dep (dependencies) ON id, qty FROM stock;
--> extended statistics on an expression | names statistics stock_dep
DROP STATISTICS stock_dep; CREATE STATISTICS stock_dep ON (qty * 2) FROM stock;
--> a target of extended statistics | ignored statistics targets
ALTER STATISTICS stock_dep SET STATISTICS 300;
--> a text search configuration dropped | names text search configuration plain
DROP TEXT SEARCH CONFIGURATION plain;
--> a text search configuration that maps otherwise | names text search configuration plain
ALTER TEXT SEARCH CONFIGURATION plain ALTER MAPPING FOR asciiword WITH plain_words;
--> a text search dictionary dropped | names text search dictionary plain_words
DROP TEXT SEARCH DICTIONARY plain_words;
--> a text search dictionary of other options | names text search dictionary plain_words
ALTER TEXT SEARCH DICTIONARY plain_words (ACCEPT = false);
--> a text search template more | names text search template odd
CREATE TEXT SEARCH TEMPLATE odd (LEXIZE = dsimple_lexize);
--> a text search parser more | names text search parser odd
CREATE TEXT SEARCH PARSER odd (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
--> a foreign data wrapper dropped | names foreign data wrapper dummy
DROP FOREIGN DATA WRAPPER dummy CASCADE;
--> a foreign data wrapper of other options | names foreign data wrapper dummy
ALTER FOREIGN DATA WRAPPER dummy OPTIONS (DROP debug);
--> a foreign server dropped | names server far
DROP SERVER far CASCADE;
--> a foreign server of another version | names server far
ALTER SERVER far VERSION '2';
--> a foreign server without an option | names server far
ALTER SERVER far OPTIONS (DROP host);
--> a foreign server on another machine | ignored options of foreign servers
ALTER SERVER far OPTIONS (SET host 'c');
--> a user mapping dropped | ignored user mappings
DROP USER MAPPING FOR CURRENT_USER SERVER far;
--> a language more | names language odd
CREATE FUNCTION odd_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; CREATE LANGUAGE odd HANDLER odd_handler;
--> an access method more | names access method heap2
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
--> a subscription more | ignored subscriptions
CREATE SUBSCRIPTION reads CONNECTION 'dbname=nowhere' PUBLICATION feed WITH (connect = false, slot_name = NONE);
--> settings of the database | same
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''8MB''', current_database()); END $$;
--> default privileges | same
ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO PUBLIC;
