-- Triggers, event triggers and row security policies.
CREATE TABLE ledger (id int, amount int, note text);
CREATE TABLE journal (id int, amount int);
CREATE VIEW shown AS SELECT id, amount FROM ledger;
CREATE SCHEMA tools;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'x'; RETURN NEW; END $$;
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION tools.helper(x int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1';
CREATE FUNCTION tools.unused(x int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION tools.mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.amount := tools.helper(NEW.amount); RETURN NEW; END $$;
CREATE FUNCTION tools.may_see(x int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT $1 > 0';
CREATE FUNCTION tools.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE FUNCTION guard_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE TRIGGER stamped BEFORE INSERT OR UPDATE OF amount ON ledger FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION stamp();
CREATE TRIGGER watched AFTER DELETE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION watch();
CREATE TRIGGER marked BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION tools.mark();
CREATE TRIGGER instead INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION watch();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION watch();
CREATE TRIGGER batch AFTER INSERT ON journal REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION watch();
CREATE EVENT TRIGGER ddl_guard ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION guard_ddl();
CREATE EVENT TRIGGER ddl_elsewhere ON ddl_command_end EXECUTE FUNCTION tools.on_ddl();
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON ledger FOR SELECT TO oracle_clerk USING (amount > 0);
CREATE POLICY writers ON ledger FOR INSERT TO oracle_clerk, oracle_auditor WITH CHECK (amount > 0);
CREATE POLICY everybody ON ledger AS RESTRICTIVE USING (tools.may_see(amount));
CREATE POLICY asking ON ledger FOR UPDATE USING (amount IN (SELECT oid::int FROM pg_class WHERE relname = 'x'));
--> a trigger more | names ledger.extra
CREATE TRIGGER extra BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION stamp();
--> a trigger dropped | names ledger.stamped
DROP TRIGGER stamped ON ledger;
--> a trigger renamed | names ledger.stamped
ALTER TRIGGER stamped ON ledger RENAME TO stamp_it;
--> a trigger on another event | names ledger.watched
CREATE OR REPLACE TRIGGER watched AFTER TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION watch();
--> a trigger after instead of before | names ledger.stamped
CREATE OR REPLACE TRIGGER stamped AFTER INSERT OR UPDATE OF amount ON ledger FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION stamp();
--> a trigger of another column | names ledger.stamped
CREATE OR REPLACE TRIGGER stamped BEFORE INSERT OR UPDATE OF note ON ledger FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION stamp();
--> a trigger of another condition | names ledger.stamped
CREATE OR REPLACE TRIGGER stamped BEFORE INSERT OR UPDATE OF amount ON ledger FOR EACH ROW WHEN (NEW.amount > 1) EXECUTE FUNCTION stamp();
--> a trigger without condition | names ledger.stamped
CREATE OR REPLACE TRIGGER stamped BEFORE INSERT OR UPDATE OF amount ON ledger FOR EACH ROW EXECUTE FUNCTION stamp();
--> a trigger for each row | names ledger.watched
CREATE OR REPLACE TRIGGER watched AFTER DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION watch();
--> a trigger of another function | names ledger.stamped
CREATE OR REPLACE TRIGGER stamped BEFORE INSERT OR UPDATE OF amount ON ledger FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION watch();
--> a trigger of a function elsewhere | names journal.marked
CREATE OR REPLACE TRIGGER marked BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION stamp();
--> a trigger with an argument | names ledger.watched
CREATE OR REPLACE TRIGGER watched AFTER DELETE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION watch('x');
--> a transition table of another name | names journal.batch
CREATE OR REPLACE TRIGGER batch AFTER INSERT ON journal REFERENCING NEW TABLE AS newest FOR EACH STATEMENT EXECUTE FUNCTION watch();
--> a constraint trigger immediate | names ledger.late
DROP TRIGGER late ON ledger; CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ledger DEFERRABLE FOR EACH ROW EXECUTE FUNCTION watch();
--> a trigger disabled | names ledger.stamped
ALTER TABLE ledger DISABLE TRIGGER stamped;
--> a trigger always | names ledger.stamped
ALTER TABLE ledger ENABLE ALWAYS TRIGGER stamped;
--> a trigger for replicas | names ledger.stamped
ALTER TABLE ledger ENABLE REPLICA TRIGGER stamped;
--> a trigger of a view dropped | names shown.instead
DROP TRIGGER instead ON shown;
--> the same trigger again | same
CREATE OR REPLACE TRIGGER stamped BEFORE UPDATE OF amount OR INSERT ON ledger FOR EACH ROW WHEN ((NEW.amount) > 0) EXECUTE PROCEDURE stamp();
--> the body of a trigger function | names stamp()
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'y'; RETURN NEW; END $$;
--> the body of a trigger function elsewhere | names tools.mark()
CREATE OR REPLACE FUNCTION tools.mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.amount := 0; RETURN NEW; END $$;
--> the body of what a trigger function elsewhere calls | names tools.helper(x integer)
CREATE OR REPLACE FUNCTION tools.helper(x int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 2';
--> what a trigger function elsewhere calls is gone | names tools.helper(x integer) | back ignored other schemas
DROP FUNCTION tools.helper(int);
--> the body of a function elsewhere that nothing rests on | ignored other schemas
CREATE OR REPLACE FUNCTION tools.unused(x int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 7';
--> an event trigger more | names event trigger more_ddl
CREATE EVENT TRIGGER more_ddl ON sql_drop EXECUTE FUNCTION guard_ddl();
--> an event trigger whose function is elsewhere | names event trigger more_ddl
CREATE EVENT TRIGGER more_ddl ON sql_drop EXECUTE FUNCTION tools.on_ddl();
--> an event trigger on login | from 17 | names event trigger on_login
CREATE FUNCTION tools.greet() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$; CREATE EVENT TRIGGER on_login ON login EXECUTE FUNCTION tools.greet();
--> an event trigger dropped | names event trigger ddl_guard
DROP EVENT TRIGGER ddl_guard;
--> an event trigger on another event | names event trigger ddl_guard
DROP EVENT TRIGGER ddl_guard; CREATE EVENT TRIGGER ddl_guard ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION guard_ddl();
--> an event trigger on other commands | names event trigger ddl_guard
DROP EVENT TRIGGER ddl_guard; CREATE EVENT TRIGGER ddl_guard ON ddl_command_start WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION guard_ddl();
--> an event trigger of another function | names event trigger ddl_guard
DROP EVENT TRIGGER ddl_guard; CREATE EVENT TRIGGER ddl_guard ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION tools.on_ddl();
--> an event trigger disabled | names event trigger ddl_guard
ALTER EVENT TRIGGER ddl_guard DISABLE;
--> an event trigger always | names event trigger ddl_guard
ALTER EVENT TRIGGER ddl_guard ENABLE ALWAYS;
--> the body of an event trigger's function elsewhere | names tools.on_ddl()
CREATE OR REPLACE FUNCTION tools.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'seen'; END $$;
--> a policy more | names ledger.nobody
CREATE POLICY nobody ON ledger FOR DELETE USING (false);
--> a policy dropped | names ledger.readers
DROP POLICY readers ON ledger;
--> a policy renamed | names ledger.readers
ALTER POLICY readers ON ledger RENAME TO reading;
--> a policy of another condition | names ledger.readers
ALTER POLICY readers ON ledger USING (amount > 1);
--> a policy spelled apart | ignored spelling of expressions
ALTER POLICY readers ON ledger USING (0 < amount);
--> a policy of another check | names ledger.writers
ALTER POLICY writers ON ledger WITH CHECK (amount > 5);
--> a policy for another role | names ledger.readers
ALTER POLICY readers ON ledger TO oracle_auditor;
--> a policy for everybody | names ledger.readers
ALTER POLICY readers ON ledger TO PUBLIC;
--> a policy for one role less | names ledger.writers
ALTER POLICY writers ON ledger TO oracle_clerk;
--> a policy of another command | names ledger.readers
DROP POLICY readers ON ledger; CREATE POLICY readers ON ledger FOR ALL TO oracle_clerk USING (amount > 0);
--> a policy that is permissive | names ledger.everybody
DROP POLICY everybody ON ledger; CREATE POLICY everybody ON ledger USING (tools.may_see(amount));
--> the body of a function that a policy calls | names tools.may_see(x integer)
CREATE OR REPLACE FUNCTION tools.may_see(x int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT true';
--> the query that a policy asks | names asking
DROP POLICY asking ON ledger; CREATE POLICY asking ON ledger FOR UPDATE USING (amount IN (SELECT oid::int FROM pg_class WHERE relname <> 'x'));
