-- Views, materialized views and rules.
CREATE TABLE sales (id int, region text, amount numeric, rep int);
CREATE TABLE reps (id int, name text);
CREATE VIEW plain AS SELECT id, region FROM sales;
CREATE VIEW big AS SELECT id, amount FROM sales WHERE amount > 100;
CREATE VIEW safe WITH (security_barrier) AS SELECT id FROM sales;
CREATE VIEW checked AS SELECT id, region FROM sales WHERE region = 'eu' WITH CASCADED CHECK OPTION;
CREATE VIEW lightly AS SELECT id, region FROM sales WHERE region = 'us' WITH LOCAL CHECK OPTION;
CREATE VIEW joined AS SELECT s.id, r.name FROM sales s JOIN reps r ON r.id = s.rep;
CREATE VIEW counted AS SELECT region, count(*) AS n, sum(amount) AS total FROM sales GROUP BY region HAVING count(*) > 1;
CREATE VIEW ranked AS SELECT id, row_number() OVER (PARTITION BY region ORDER BY amount DESC) AS at FROM sales;
CREATE VIEW united AS SELECT id FROM sales UNION ALL SELECT id FROM reps;
CREATE VIEW deep AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t;
CREATE MATERIALIZED VIEW kept AS SELECT region, sum(amount) AS total FROM sales GROUP BY region;
CREATE RULE no_deletes AS ON DELETE TO sales DO INSTEAD NOTHING;
CREATE RULE noted AS ON INSERT TO reps DO ALSO NOTIFY reps;
CREATE RULE through AS ON INSERT TO joined DO INSTEAD INSERT INTO reps VALUES (NEW.id, NEW.name);
--> a view more | names extra
CREATE VIEW extra AS SELECT 1 AS x;
--> a view dropped | names plain
DROP VIEW plain;
--> a view of another condition | names big
CREATE OR REPLACE VIEW big AS SELECT id, amount FROM sales WHERE amount > 10;
--> a view without its condition | names big
CREATE OR REPLACE VIEW big AS SELECT id, amount FROM sales;
--> a view of another column | names plain
DROP VIEW plain; CREATE VIEW plain AS SELECT rep AS id, region FROM sales;
--> a view with a column more | names plain.rep
CREATE OR REPLACE VIEW plain AS SELECT id, region, rep FROM sales;
--> a view's column renamed | names plain.region
ALTER VIEW plain RENAME COLUMN region TO area;
--> a view's column default | names plain.region
ALTER VIEW plain ALTER COLUMN region SET DEFAULT 'eu';
--> an outer join | names joined
CREATE OR REPLACE VIEW joined AS SELECT s.id, r.name FROM sales s LEFT JOIN reps r ON r.id = s.rep;
--> a join on another column | names joined
CREATE OR REPLACE VIEW joined AS SELECT s.id, r.name FROM sales s JOIN reps r ON r.id = s.id;
--> another aggregate | names counted
CREATE OR REPLACE VIEW counted AS SELECT region, count(*) AS n, max(amount) AS total FROM sales GROUP BY region HAVING count(*) > 1;
--> another HAVING | names counted
CREATE OR REPLACE VIEW counted AS SELECT region, count(*) AS n, sum(amount) AS total FROM sales GROUP BY region HAVING count(*) > 2;
--> count of distinct | names counted
CREATE OR REPLACE VIEW counted AS SELECT region, count(DISTINCT id) AS n, sum(amount) AS total FROM sales GROUP BY region HAVING count(*) > 1;
--> another window | names ranked
CREATE OR REPLACE VIEW ranked AS SELECT id, row_number() OVER (PARTITION BY region ORDER BY amount) AS at FROM sales;
--> a union that merges | names united
CREATE OR REPLACE VIEW united AS SELECT id FROM sales UNION SELECT id FROM reps;
--> a deeper recursion | names deep
CREATE OR REPLACE VIEW deep AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 6) SELECT n FROM t;
--> LIMIT | names plain
CREATE OR REPLACE VIEW plain AS SELECT id, region FROM sales LIMIT 10;
--> ORDER BY | names plain
CREATE OR REPLACE VIEW plain AS SELECT id, region FROM sales ORDER BY id;
--> DISTINCT | names plain
CREATE OR REPLACE VIEW plain AS SELECT DISTINCT id, region FROM sales;
--> the same view again | same
CREATE OR REPLACE VIEW big AS SELECT id, amount FROM sales WHERE (amount > (100));
--> the check option gone | names checked
ALTER VIEW checked RESET (check_option);
--> the check option local | names checked
ALTER VIEW checked SET (check_option = local);
--> the check option cascaded | names lightly
ALTER VIEW lightly SET (check_option = cascaded);
--> a check option more | names big
CREATE OR REPLACE VIEW big AS SELECT id, amount FROM sales WHERE amount > 100 WITH CHECK OPTION;
--> security_barrier | names plain
ALTER VIEW plain SET (security_barrier = true);
--> security_barrier gone | names safe
ALTER VIEW safe RESET (security_barrier);
--> security_invoker | from 15 | names plain
ALTER VIEW plain SET (security_invoker = true);
--> security_invoker off is the default | from 15 | ignored spelling of options
ALTER VIEW plain SET (security_invoker = false);
--> security_barrier spelled apart | ignored spelling of options
ALTER VIEW safe SET (security_barrier = on);
--> a materialized view dropped | names kept
DROP MATERIALIZED VIEW kept;
--> a materialized view of something else | names kept
DROP MATERIALIZED VIEW kept; CREATE MATERIALIZED VIEW kept AS SELECT region, max(amount) AS total FROM sales GROUP BY region;
--> a materialized view that is empty | same
REFRESH MATERIALIZED VIEW kept WITH NO DATA;
--> storage of a materialized view | ignored storage parameters
ALTER MATERIALIZED VIEW kept SET (fillfactor = 80);
--> a rule more | names sales.no_updates
CREATE RULE no_updates AS ON UPDATE TO sales DO INSTEAD NOTHING;
--> a rule dropped | names sales.no_deletes
DROP RULE no_deletes ON sales;
--> a rule renamed | names sales.no_deletes
ALTER RULE no_deletes ON sales RENAME TO keep_all;
--> a rule of another event | names sales.no_deletes
DROP RULE no_deletes ON sales; CREATE RULE no_deletes AS ON UPDATE TO sales DO INSTEAD NOTHING;
--> a rule with a condition | names sales.no_deletes
CREATE OR REPLACE RULE no_deletes AS ON DELETE TO sales WHERE OLD.amount > 0 DO INSTEAD NOTHING;
--> a rule of another action | names joined.through
CREATE OR REPLACE RULE through AS ON INSERT TO joined DO INSTEAD INSERT INTO reps VALUES (NEW.id, 'x');
--> ALSO for INSTEAD | names reps.noted
CREATE OR REPLACE RULE noted AS ON INSERT TO reps DO INSTEAD NOTIFY reps;
--> a rule disabled | names sales.no_deletes
ALTER TABLE sales DISABLE RULE no_deletes;
--> a rule for replicas | names sales.no_deletes
ALTER TABLE sales ENABLE REPLICA RULE no_deletes;
