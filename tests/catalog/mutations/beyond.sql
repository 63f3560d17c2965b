-- What pg_dump -s does not tell and that decides all the same.
CREATE SCHEMA z;
CREATE TABLE active (id int PRIMARY KEY, side text CONSTRAINT active_side CHECK (side IN ('long', 'short')), other int CONSTRAINT active_other REFERENCES active, late int);
ALTER TABLE active ADD CONSTRAINT active_unchecked FOREIGN KEY (late) REFERENCES active NOT VALID;
CREATE TABLE numbered (id serial PRIMARY KEY);
CREATE TABLE homonym (id int); CREATE TABLE z.homonym (id int);
CREATE VIEW seen AS SELECT id FROM active;
--> a twin that the database's search_path puts first | names z.active | back ignored other schemas
CREATE TABLE z.active (id int); DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = z, public', current_database()); END $$;
--> a twin that a role's search_path puts first | names z.active | back ignored other schemas
CREATE VIEW z.active AS SELECT 1 AS id; DO $$ BEGIN EXECUTE format('ALTER ROLE oracle_app IN DATABASE %I SET search_path = z, public', current_database()); END $$;
--> a twin behind ours | ignored other schemas
CREATE TABLE z.active (id int); DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, z', current_database()); END $$;
--> a search_path without a twin | same
CREATE SCHEMA app; DROP SCHEMA app; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, public', current_database()); END $$;
--> session_replication_role of the database | beyond settings, names session_replication_role | back same
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$;
--> session_replication_role of a role | beyond settings, names session_replication_role | back same
DO $$ BEGIN EXECUTE format('ALTER ROLE oracle_app IN DATABASE %I SET session_replication_role = replica', current_database()); END $$;
--> a search_path that puts a twin first | beyond twins, names z.homonym | back same
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = z, public', current_database()); END $$;
--> a search_path that puts a twin first for a role | beyond twins, names z.homonym | back same
DO $$ BEGIN EXECUTE format('ALTER ROLE oracle_app IN DATABASE %I SET search_path = z, public', current_database()); END $$;
--> a stored row that breaks a constraint | beyond stored rows, names active.active_unchecked | back same
SET session_replication_role = replica; INSERT INTO active VALUES (1, 'long', NULL, 5);
--> a sequence behind its column | beyond sequences behind, names numbered | back same
INSERT INTO numbered VALUES (5);
