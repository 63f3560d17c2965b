-- Functions, procedures and aggregates.
CREATE TYPE result AS (a int, b text);
CREATE TABLE lines (id int, qty int);
CREATE SCHEMA tools;
CREATE FUNCTION add(x int, y int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
CREATE FUNCTION longer(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN x || '!'; END $$;
CREATE FUNCTION many(n int) RETURNS SETOF int LANGUAGE sql ROWS 10 AS 'SELECT generate_series(1, n)';
CREATE FUNCTION tabled(n int) RETURNS TABLE (a int, b text) LANGUAGE sql AS $$ SELECT n, 'x' $$;
CREATE FUNCTION out_of(x int, OUT a int, OUT b text) LANGUAGE sql AS $$ SELECT x, 'x' $$;
CREATE FUNCTION whole(x int) RETURNS result LANGUAGE sql AS $$ SELECT x, 'x' $$;
CREATE FUNCTION strictly(x int) RETURNS int LANGUAGE sql STRICT STABLE PARALLEL SAFE AS 'SELECT x';
CREATE FUNCTION trusted(x int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT x';
CREATE FUNCTION leaky(x int) RETURNS bool LANGUAGE plpgsql IMMUTABLE LEAKPROOF AS $$ BEGIN RETURN x > 0; END $$;
CREATE FUNCTION standard(x int) RETURNS int LANGUAGE sql RETURN x + 1;
CREATE FUNCTION variadic_of(VARIADIC x int[]) RETURNS int LANGUAGE sql AS 'SELECT array_length(x, 1)';
CREATE PROCEDURE act(x int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO lines VALUES (x, x); END $$;
CREATE FUNCTION tools.base(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION tools.deeper(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 3';
CREATE FUNCTION tools.over(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN tools.deeper(x); END $$;
CREATE FUNCTION tools.of_default() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION tools.of_generated(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x';
CREATE FUNCTION tools.of_index(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x';
CREATE FUNCTION tools.of_domain(x int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT x > 0';
CREATE FUNCTION tools.of_view(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
CREATE DOMAIN positive AS int CHECK (tools.of_domain(VALUE));
CREATE TABLE resting (id int DEFAULT tools.of_default(), g int GENERATED ALWAYS AS (tools.of_generated(1)) STORED, p positive,
    CONSTRAINT resting_id CHECK (tools.over(id) > 0));
CREATE INDEX resting_index ON resting (tools.of_index(id));
CREATE VIEW viewing AS SELECT tools.of_view(id) AS v FROM resting;
CREATE FUNCTION caller(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN tools.base(x); END $$;
CREATE FUNCTION step(state int, x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT state + x';
CREATE FUNCTION other_step(state int, x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT state - x';
CREATE FUNCTION final(state int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT state';
CREATE AGGREGATE total(int) (SFUNC = step, STYPE = int, INITCOND = '0');
CREATE AGGREGATE finished(int) (SFUNC = step, STYPE = int, FINALFUNC = final, PARALLEL = SAFE, COMBINEFUNC = step);
--> a function more | names extra(integer)
CREATE FUNCTION extra(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
--> an overload more | names add(x integer)
CREATE FUNCTION add(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
--> a function dropped | names longer(x text)
DROP FUNCTION longer(text);
--> a function renamed | names longer(x text)
ALTER FUNCTION longer(text) RENAME TO louder;
--> a function moved to another schema | names longer(x text)
ALTER FUNCTION longer(text) SET SCHEMA tools;
--> another body | names longer(x text)
CREATE OR REPLACE FUNCTION longer(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN x || '?'; END $$;
--> a body with a space more | names longer(x text)
CREATE OR REPLACE FUNCTION longer(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN  RETURN x || '!'; END $$;
--> a body of the SQL standard | names standard(x integer)
CREATE OR REPLACE FUNCTION standard(x int) RETURNS int LANGUAGE sql RETURN x + 2;
--> a string body for one of the SQL standard | names standard(x integer)
CREATE OR REPLACE FUNCTION standard(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
--> another language | names longer(x text)
CREATE OR REPLACE FUNCTION longer(x text) RETURNS text LANGUAGE sql AS $$ SELECT x || '!' $$;
--> another result type | names add(x integer, y integer)
DROP FUNCTION add(int, int); CREATE FUNCTION add(x int, y int DEFAULT 1) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
--> one row for many | names many(n integer)
DROP FUNCTION many(int); CREATE FUNCTION many(n int) RETURNS int LANGUAGE sql AS 'SELECT generate_series(1, n)';
--> another result column | names tabled(n integer)
DROP FUNCTION tabled(int); CREATE FUNCTION tabled(n int) RETURNS TABLE (a int, c text) LANGUAGE sql AS $$ SELECT n, 'x' $$;
--> another type of a result column | names tabled(n integer)
DROP FUNCTION tabled(int); CREATE FUNCTION tabled(n int) RETURNS TABLE (a bigint, b text) LANGUAGE sql AS $$ SELECT n, 'x' $$;
--> another name of an OUT argument | names out_of(x integer, OUT a integer, OUT b text)
DROP FUNCTION out_of(int); CREATE FUNCTION out_of(x int, OUT a int, OUT c text) LANGUAGE sql AS $$ SELECT x, 'x' $$;
--> another argument name | names longer(x text)
DROP FUNCTION longer(text); CREATE FUNCTION longer(y text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN x || '!'; END $$;
--> another argument default | names add(x integer, y integer)
CREATE OR REPLACE FUNCTION add(x int, y int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
--> no argument default | names add(x integer, y integer)
DROP FUNCTION add(int, int); CREATE FUNCTION add(x int, y int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
--> not variadic | names variadic_of
DROP FUNCTION variadic_of(int[]); CREATE FUNCTION variadic_of(x int[]) RETURNS int LANGUAGE sql AS 'SELECT array_length(x, 1)';
--> volatile | names add(x integer, y integer)
ALTER FUNCTION add(int, int) VOLATILE;
--> stable | names add(x integer, y integer)
ALTER FUNCTION add(int, int) STABLE;
--> STRICT | names longer(x text)
ALTER FUNCTION longer(text) STRICT;
--> not STRICT | names strictly(x integer)
ALTER FUNCTION strictly(int) CALLED ON NULL INPUT;
--> SECURITY DEFINER | names longer(x text)
ALTER FUNCTION longer(text) SECURITY DEFINER;
--> SECURITY INVOKER | names trusted(x integer)
ALTER FUNCTION trusted(int) SECURITY INVOKER;
--> LEAKPROOF | names longer(x text)
ALTER FUNCTION longer(text) LEAKPROOF;
--> not LEAKPROOF | names leaky(x integer)
ALTER FUNCTION leaky(int) NOT LEAKPROOF;
--> PARALLEL | names strictly(x integer)
ALTER FUNCTION strictly(int) PARALLEL UNSAFE;
--> PARALLEL RESTRICTED | names longer(x text)
ALTER FUNCTION longer(text) PARALLEL RESTRICTED;
--> cost | ignored estimates of functions
ALTER FUNCTION longer(text) COST 500;
--> rows | ignored estimates of functions
ALTER FUNCTION many(int) ROWS 500;
--> planner support | ignored estimates of functions
ALTER FUNCTION longer(text) SUPPORT pg_catalog.textlike_support;
--> a setting | names longer(x text)
ALTER FUNCTION longer(text) SET work_mem = '1MB';
--> another setting | names trusted(x integer)
ALTER FUNCTION trusted(int) SET search_path = public;
--> no setting | names trusted(x integer)
ALTER FUNCTION trusted(int) RESET search_path;
--> the same function again | same
CREATE OR REPLACE FUNCTION longer(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN x || '!'; END $$;
--> a procedure dropped | names act(IN x integer)
DROP PROCEDURE act(int);
--> the body of a procedure | names act(IN x integer)
CREATE OR REPLACE PROCEDURE act(x int) LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
--> a function for a procedure | names act
DROP PROCEDURE act(int); CREATE FUNCTION act(x int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO lines VALUES (x, x); END $$;
--> the body of what a function calls elsewhere | names tools.base(x integer)
CREATE OR REPLACE FUNCTION tools.base(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 9';
--> the body of what a CHECK calls elsewhere | names tools.over(x integer)
CREATE OR REPLACE FUNCTION tools.over(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;
--> the body of what a CHECK calls elsewhere, through another | names tools.deeper(x integer)
CREATE OR REPLACE FUNCTION tools.deeper(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 4';
--> the body of what a default calls elsewhere | names tools.of_default()
CREATE OR REPLACE FUNCTION tools.of_default() RETURNS int LANGUAGE sql AS 'SELECT 2';
--> the body of what a generated column calls elsewhere | names tools.of_generated(x integer)
CREATE OR REPLACE FUNCTION tools.of_generated(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
--> the body of what an index calls elsewhere | names tools.of_index(x integer)
CREATE OR REPLACE FUNCTION tools.of_index(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
--> the body of what a domain calls elsewhere | names tools.of_domain(x integer)
CREATE OR REPLACE FUNCTION tools.of_domain(x int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
--> the body of what a view calls elsewhere | names tools.of_view(x integer)
CREATE OR REPLACE FUNCTION tools.of_view(x int) RETURNS int LANGUAGE sql AS 'SELECT 2';
--> an aggregate more | names extra(integer)
CREATE AGGREGATE extra(int) (SFUNC = step, STYPE = int);
--> an aggregate dropped | names total(integer)
DROP AGGREGATE total(int);
--> an aggregate of another step | names total(integer)
CREATE OR REPLACE AGGREGATE total(int) (SFUNC = other_step, STYPE = int, INITCOND = '0');
--> an aggregate that starts elsewhere | names total(integer)
CREATE OR REPLACE AGGREGATE total(int) (SFUNC = step, STYPE = int, INITCOND = '1');
--> an aggregate without its end | names finished(integer)
CREATE OR REPLACE AGGREGATE finished(int) (SFUNC = step, STYPE = int, PARALLEL = SAFE, COMBINEFUNC = step);
--> an aggregate that is not parallel | names finished(integer)
CREATE OR REPLACE AGGREGATE finished(int) (SFUNC = step, STYPE = int, FINALFUNC = final, COMBINEFUNC = step);
--> an aggregate without combining | names finished(integer)
CREATE OR REPLACE AGGREGATE finished(int) (SFUNC = step, STYPE = int, FINALFUNC = final, PARALLEL = SAFE);
