-- Types, domains, collations, casts, operators and their classes.
CREATE TYPE mood AS ENUM ('sad', 'fine', 'happy');
CREATE TYPE address AS (street text, number int);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN amount AS numeric(12,2) DEFAULT 0 NOT NULL CONSTRAINT amount_positive CHECK (VALUE >= 0);
CREATE DOMAIN word AS text CONSTRAINT word_short CHECK (length(VALUE) < 20);
CREATE DOMAIN inner_word AS word;
CREATE COLLATION plain FROM "C";
CREATE COLLATION other FROM "POSIX";
CREATE TABLE people (id int, how mood, lives address, during span, owes amount, called word COLLATE plain);
CREATE FUNCTION mood_rank(mood) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;
CREATE FUNCTION mood_other(mood) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 2 $$;
CREATE FUNCTION near(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 2';
CREATE FUNCTION far(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) > 2';
CREATE FUNCTION back_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE CAST (mood AS int) WITH FUNCTION mood_rank(mood) AS ASSIGNMENT;
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR !!! (RIGHTARG = mood, FUNCTION = mood_rank);
CREATE OPERATOR CLASS int4_back FOR TYPE int4 USING btree AS OPERATOR 1 > , OPERATOR 2 >= , OPERATOR 3 = , OPERATOR 4 <= , OPERATOR 5 < , FUNCTION 1 back_cmp(int, int);
CREATE OPERATOR FAMILY spare USING btree;
CREATE TABLE backwards (x int); CREATE INDEX backwards_x ON backwards (x int4_back);
CREATE CONVERSION odd FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
--> an enum more | names colour
CREATE TYPE colour AS ENUM ('red');
--> an enum's label more | names mood
ALTER TYPE mood ADD VALUE 'angry';
--> an enum's label in another place | names mood
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
--> an enum's label renamed | names mood
ALTER TYPE mood RENAME VALUE 'fine' TO 'ok';
--> an enum renamed | names mood
ALTER TYPE mood RENAME TO feeling;
--> a composite type more | names size
CREATE TYPE size AS (w int, h int);
--> a composite type dropped | names address
ALTER TABLE people DROP COLUMN lives; DROP TYPE address;
--> an attribute more | names address
ALTER TYPE address ADD ATTRIBUTE city text;
--> an attribute dropped | names address
ALTER TYPE address DROP ATTRIBUTE number;
--> an attribute renamed | names address
ALTER TYPE address RENAME ATTRIBUTE number TO no;
--> an attribute of another type | names address
ALTER TABLE people DROP COLUMN lives; ALTER TYPE address ALTER ATTRIBUTE number TYPE bigint; ALTER TABLE people ADD COLUMN lives address;
--> an attribute of another collation | names address
ALTER TABLE people DROP COLUMN lives; ALTER TYPE address ALTER ATTRIBUTE street TYPE text COLLATE "C"; ALTER TABLE people ADD COLUMN lives address;
--> attributes in another order | names address
ALTER TABLE people DROP COLUMN lives; DROP TYPE address; CREATE TYPE address AS (number int, street text); ALTER TABLE people ADD COLUMN lives address;
--> a range type more | names days
CREATE TYPE days AS RANGE (subtype = date);
--> a range over another type | names span
ALTER TABLE people DROP COLUMN during; DROP TYPE span; CREATE TYPE span AS RANGE (subtype = numeric); ALTER TABLE people ADD COLUMN during span;
--> a range without its difference | names span
ALTER TABLE people DROP COLUMN during; DROP TYPE span; CREATE TYPE span AS RANGE (subtype = float8); ALTER TABLE people ADD COLUMN during span;
--> a range whose multirange is called something else | names span
ALTER TABLE people DROP COLUMN during; DROP TYPE span; CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = spans); ALTER TABLE people ADD COLUMN during span;
--> a shell type | names hollow
CREATE TYPE hollow;
--> a domain more | names percent
CREATE DOMAIN percent AS int;
--> a domain dropped | names inner_word
DROP DOMAIN inner_word;
--> a domain renamed | names inner_word
ALTER DOMAIN inner_word RENAME TO small_word;
--> a domain's CHECK dropped | names amount
ALTER DOMAIN amount DROP CONSTRAINT amount_positive;
--> a domain's CHECK more | names word
ALTER DOMAIN word ADD CONSTRAINT word_given CHECK (VALUE <> '');
--> a domain's CHECK of another value | names amount
ALTER DOMAIN amount DROP CONSTRAINT amount_positive; ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (VALUE > 0);
--> a domain's CHECK renamed | names amount
ALTER DOMAIN amount RENAME CONSTRAINT amount_positive TO amount_ok;
--> a domain's CHECK not valid | names amount | back ignored validated since
ALTER DOMAIN amount DROP CONSTRAINT amount_positive; ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (VALUE >= 0) NOT VALID;
--> a domain's CHECK spelled apart | ignored spelling of expressions
ALTER DOMAIN amount DROP CONSTRAINT amount_positive; ALTER DOMAIN amount ADD CONSTRAINT amount_positive CHECK (NOT (VALUE < 0));
--> a domain's default | names amount
ALTER DOMAIN amount SET DEFAULT 1;
--> a domain's default dropped | names amount
ALTER DOMAIN amount DROP DEFAULT;
--> a domain nullable | names amount
ALTER DOMAIN amount DROP NOT NULL;
--> a domain NOT NULL | names word
ALTER DOMAIN word SET NOT NULL;
--> a domain over another type | names inner_word
DROP DOMAIN inner_word; CREATE DOMAIN inner_word AS text;
--> a domain of another collation | names inner_word
DROP DOMAIN inner_word; CREATE DOMAIN inner_word AS word COLLATE "C";
--> a column that left its domain | names people.owes
ALTER TABLE people ALTER COLUMN owes TYPE numeric(12,2);
--> a collation more | names collation extra
CREATE COLLATION extra FROM "POSIX";
--> a collation dropped | names collation other
DROP COLLATION other;
--> a collation of another locale | names collation other
DROP COLLATION other; CREATE COLLATION other (lc_collate = 'C', lc_ctype = 'POSIX');
--> a collation of another provider | from 17 | names collation other
DROP COLLATION other; CREATE COLLATION other (provider = builtin, locale = 'C');
--> a cast more | names cast (public.mood AS text)
CREATE CAST (mood AS text) WITH INOUT AS IMPLICIT;
--> a cast between built-in types more | names cast (text AS integer)
CREATE CAST (text AS int) WITH INOUT AS IMPLICIT;
--> a cast dropped | names cast (public.mood AS integer)
DROP CAST (mood AS int);
--> a cast that is implicit | names cast (public.mood AS integer)
DROP CAST (mood AS int); CREATE CAST (mood AS int) WITH FUNCTION mood_rank(mood) AS IMPLICIT;
--> a cast by another function | names cast (public.mood AS integer)
DROP CAST (mood AS int); CREATE CAST (mood AS int) WITH FUNCTION mood_other(mood) AS ASSIGNMENT;
--> an operator more | names operator "=!="(integer,integer)
CREATE OPERATOR =!= (LEFTARG = int, RIGHTARG = int, FUNCTION = far);
--> an operator dropped | names operator "==="(integer,integer)
DROP OPERATOR === (int, int);
--> a prefix operator dropped | names operator "!!!"(NONE,public.mood)
DROP OPERATOR !!! (NONE, mood);
--> an operator by another function | names operator "==="(integer,integer)
DROP OPERATOR === (int, int); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = far, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel);
--> an operator without its commutator | names operator "==="(integer,integer)
DROP OPERATOR === (int, int); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = near, RESTRICT = eqsel, JOIN = eqjoinsel);
--> an operator with other estimates | ignored estimates of operators
ALTER OPERATOR === (int, int) SET (RESTRICT = NONE, JOIN = NONE);
--> an operator that hashes | names operator "==="(integer,integer)
DROP OPERATOR === (int, int); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
--> the body of an operator's function | names near(integer, integer)
CREATE OR REPLACE FUNCTION near(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
--> an operator class dropped | names operator class int4_back USING btree
DROP INDEX backwards_x; DROP OPERATOR CLASS int4_back USING btree;
--> an operator class that is the default | names operator class mood_ops USING hash
CREATE FUNCTION mood_hash(mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE OPERATOR CLASS mood_ops FOR TYPE mood USING hash AS FUNCTION 1 mood_hash(mood);
--> an operator family dropped | names operator family spare USING btree
DROP OPERATOR FAMILY spare USING btree;
--> an operator family that grew | names operator family spare USING btree
ALTER OPERATOR FAMILY spare USING btree ADD OPERATOR 1 < (int4, int8);
--> a conversion dropped | names conversion odd
DROP CONVERSION odd;
--> a conversion that is the default | names conversion odd
DROP CONVERSION odd; CREATE DEFAULT CONVERSION odd FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
--> a conversion of another encoding | names conversion odd
DROP CONVERSION odd; CREATE CONVERSION odd FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
