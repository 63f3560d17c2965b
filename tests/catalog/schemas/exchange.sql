-- Schemas: public trading ledgers api
-- A trading platform: several schemas, partitions, inheritance, domains, enums, row security, triggers, views.
CREATE SCHEMA trading; CREATE SCHEMA ledgers; CREATE SCHEMA api; CREATE SCHEMA internal;
CREATE TYPE trading.side AS ENUM ('buy', 'sell');
CREATE TYPE trading.state AS ENUM ('new', 'partially filled', 'filled', 'cancelled');
CREATE TYPE trading.money_amount AS (currency char(3), amount numeric(20,8));
CREATE DOMAIN trading.symbol AS varchar(12) CHECK (VALUE ~ '^[A-Z][A-Z0-9.]*$');
CREATE DOMAIN trading.quantity AS numeric(20,8) NOT NULL DEFAULT 0 CHECK (VALUE >= 0) CHECK (VALUE < 1e12);
CREATE DOMAIN email AS text CHECK (VALUE ~* '^[^@\s]+@[^@\s]+$' AND length(VALUE) BETWEEN 3 AND 254);
CREATE SEQUENCE trading.order_numbers START 1000 INCREMENT 10 CACHE 5;
CREATE FUNCTION internal.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE FUNCTION internal.is_weekday(d date) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT extract(isodow FROM d) < 6 $$;
CREATE FUNCTION internal.noticed() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE FUNCTION trading.default_number() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT nextval('trading.order_numbers') $$;
CREATE FUNCTION trading.notional(q numeric, p numeric, OUT gross numeric, OUT net numeric) LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT q * p, q * p * 0.999 $$;
CREATE TABLE public.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail email UNIQUE NOT NULL, name text NOT NULL CHECK (btrim(name) <> ''),
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz, settings jsonb NOT NULL DEFAULT '{}'::jsonb CHECK (jsonb_typeof(settings) = 'object'),
    tags text[] DEFAULT '{}', status text DEFAULT 'active' CHECK (status IN ('active', 'blocked', 'closed')), CHECK ((status = 'closed') = (updated_at IS NOT NULL AND created_at < updated_at) OR status IS NULL));
CREATE TABLE trading.accounts (id uuid PRIMARY KEY, user_id bigint NOT NULL REFERENCES public.users ON DELETE RESTRICT ON UPDATE CASCADE, label varchar(40) DEFAULT 'main',
    kind char(1) NOT NULL DEFAULT 'C' CHECK (kind = ANY ('{C,M}')), opened date NOT NULL DEFAULT CURRENT_DATE CHECK (internal.is_weekday(opened)),
    balance trading.money_amount, CONSTRAINT accounts_label UNIQUE (user_id, label) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE trading.orders (id bigint NOT NULL DEFAULT trading.default_number(), account_id uuid NOT NULL, symbol trading.symbol NOT NULL, side trading.side NOT NULL, state trading.state NOT NULL DEFAULT 'new',
    quantity trading.quantity, price numeric(20,8), placed_at timestamptz NOT NULL DEFAULT now(), note text COLLATE "C", notional numeric GENERATED ALWAYS AS (price * 2) STORED,
    CONSTRAINT orders_pkey PRIMARY KEY (id, placed_at), CONSTRAINT orders_account FOREIGN KEY (account_id) REFERENCES trading.accounts,
    CONSTRAINT orders_price CHECK (price IS NULL OR price > 0 AND price < 1000000), CONSTRAINT orders_long CHECK (side <> 'sell' OR price IS NOT NULL)) PARTITION BY RANGE (placed_at);
CREATE TABLE trading.orders_2025 PARTITION OF trading.orders FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00') PARTITION BY RANGE (placed_at);
CREATE TABLE trading.orders_2025_1 PARTITION OF trading.orders_2025 FOR VALUES FROM (MINVALUE) TO ('2025-07-01 00:00+00');
CREATE TABLE trading.orders_2025_2 PARTITION OF trading.orders_2025 FOR VALUES FROM ('2025-07-01 00:00+00') TO (MAXVALUE);
CREATE TABLE internal.orders_2026 PARTITION OF trading.orders FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00');
CREATE TABLE trading.orders_rest PARTITION OF trading.orders DEFAULT;
CREATE INDEX orders_by_symbol ON trading.orders (symbol, placed_at DESC) INCLUDE (price) WHERE state IN ('new', 'partially filled');
CREATE INDEX orders_by_note ON trading.orders (lower(note) text_pattern_ops);
CREATE TABLE trading.fills (order_id bigint, placed_at timestamptz, n int CHECK (n > 0), at timestamptz, price numeric, PRIMARY KEY (order_id, placed_at, n),
    CONSTRAINT fills_order FOREIGN KEY (order_id, placed_at) REFERENCES trading.orders (id, placed_at) ON DELETE CASCADE);
CREATE TABLE trading.bookings (room int, during tstzrange, CONSTRAINT bookings_apart EXCLUDE USING gist (during WITH &&) WHERE (room IS NULL));
CREATE TABLE ledgers.events (id bigserial, payload json, seen boolean DEFAULT false);
CREATE TABLE ledgers.audit_events (who name DEFAULT CURRENT_USER) INHERITS (ledgers.events);
CREATE TABLE ledgers.money_events (amount money) INHERITS (ledgers.events);
ALTER TABLE ledgers.events ADD CONSTRAINT events_payload CHECK (payload IS NOT NULL) NO INHERIT;
ALTER TABLE ONLY ledgers.audit_events ADD CONSTRAINT audit_who CHECK (who <> 'nobody'::name);
CREATE UNIQUE INDEX events_once ON ledgers.events ((payload ->> 'id')) WHERE (seen AND (payload ->> 'id') IS NOT NULL);
CREATE UNLOGGED TABLE ledgers.sessions (token text PRIMARY KEY, data jsonb) WITH (fillfactor = 70);
CREATE TABLE "Odd Names" ("Select" int PRIMARY KEY, "from where" text DEFAULT 'it''s', "a.b" varchar(5) CHECK ("a.b" <> E'\\'));
CREATE VIEW api.open_orders WITH (security_barrier) AS SELECT o.id, o.symbol, o.side, o.quantity * o.price AS value FROM trading.orders o WHERE o.state IN ('new', 'partially filled') AND (o.price > 0 OR o.price IS NULL);
CREATE VIEW api.one_table AS SELECT id, mail, name FROM users WHERE status = 'active' AND NOT (tags @> '{test}' OR name ILIKE '%test%');
CREATE VIEW api.joined AS SELECT u.name, a.label, count(*) FILTER (WHERE o.side = 'buy') AS buys FROM users u JOIN trading.accounts a ON a.user_id = u.id LEFT JOIN trading.orders o ON o.account_id = a.id AND o.state <> 'cancelled' GROUP BY u.name, a.label HAVING count(*) > 1 OR max(o.price) IS NULL;
CREATE VIEW api.lateral_true AS SELECT u.id, t.tag FROM users u LEFT JOIN LATERAL unnest(u.tags) t(tag) ON TRUE JOIN LATERAL (SELECT count(*) AS n FROM trading.accounts a WHERE a.user_id = u.id) c ON true;
CREATE VIEW api.windowed AS SELECT symbol, sum(price) OVER w AS running, rank() OVER (PARTITION BY symbol ORDER BY price DESC NULLS LAST) AS place, lag(price, 1, 0) OVER (w ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS before FROM trading.orders WINDOW w AS (PARTITION BY side ORDER BY placed_at);
CREATE VIEW api.nested AS SELECT id FROM users WHERE ((id > 1 AND id < 10) AND (id <> 5 AND id <> 6)) OR (id = 100 OR (id = 200 AND (name = 'a' OR name = 'b')));
CREATE VIEW api.right_nested AS SELECT id FROM users WHERE id > 1 AND (id < 10 AND (id <> 5 AND (name = 'x' OR (name = 'y' OR name = 'z'))));
CREATE VIEW api.cases AS SELECT CASE WHEN status = 'active' AND name <> '' THEN 1 WHEN status IS NULL THEN NULL ELSE 0 END AS n, CASE status WHEN 'active' THEN 'a' ELSE 'b' END AS s, coalesce(status, name, 'none') AS c, nullif(name, '') AS nn, greatest(id, 5) AS g FROM users;
CREATE VIEW api.unions AS SELECT id, name FROM users UNION ALL (SELECT id, 'x' FROM users EXCEPT SELECT 1, 'y') UNION SELECT 3, NULL::text ORDER BY 1 DESC LIMIT 10 OFFSET 2;
CREATE VIEW api.recursive AS WITH RECURSIVE days(d) AS (SELECT DATE '2026-01-01' UNION ALL SELECT d + 1 FROM days WHERE d < '2026-01-31'), marked AS MATERIALIZED (SELECT d, internal.is_weekday(d) AS w FROM days) SELECT d FROM marked WHERE w;
CREATE VIEW api.subselects AS SELECT u.id, (SELECT max(o.price) FROM trading.orders o JOIN trading.accounts a ON a.id = o.account_id WHERE a.user_id = u.id) AS top, EXISTS (SELECT 1 FROM trading.accounts a WHERE a.user_id = u.id) AS has, u.id IN (SELECT user_id FROM trading.accounts) AS also, ARRAY(SELECT a.label FROM trading.accounts a ORDER BY a.label) AS labels FROM users u;
CREATE VIEW api.times AS SELECT extract(epoch FROM created_at) AS e, date_trunc('day', created_at) AS d, created_at AT TIME ZONE 'UTC' AS utc, created_at + interval '1 day 2 hours' AS later, age(created_at) AS age, created_at::date AS day, current_date - 1 AS y, localtimestamp AS l, overlay(name placing 'x' from 2 for 1) AS o, substring(name from 2 for 3) AS s, trim(both 'x' from name) AS t, position('a' in name) AS p FROM users;
CREATE VIEW api.jsons AS SELECT settings -> 'a' ->> 'b' AS ab, settings #>> '{x,y}' AS xy, settings @> '{"a": 1}' AS has, settings ? 'k' AS k, jsonb_build_object('id', id) AS o FROM users;
CREATE VIEW api.grouping AS SELECT status, date_trunc('month', created_at) AS m, count(DISTINCT mail), string_agg(name, ', ' ORDER BY name), percentile_cont(0.5) WITHIN GROUP (ORDER BY id), grouping(status) FROM users GROUP BY ROLLUP (status, date_trunc('month', created_at)), CUBE (name);
CREATE VIEW api.series AS SELECT n, n % 2 = 0 AS even, -n AS minus, (n + 1) * 2 - n / 3 AS sums, n::text || '!' AS t, n BETWEEN 2 AND 5 AS mid, n NOT IN (1, 2) AS other FROM generate_series(1, 10) WITH ORDINALITY s(n, o);
CREATE VIEW api.values_of (a, b) AS VALUES (1, 'x'), (2, 'y');
CREATE VIEW api.distincts AS SELECT DISTINCT ON (symbol) symbol, price FROM trading.orders ORDER BY symbol, placed_at DESC;
CREATE VIEW api.composite AS SELECT id, (balance).currency AS currency, balance IS DISTINCT FROM ROW('EUR', 0)::trading.money_amount AS moved FROM trading.accounts;
CREATE VIEW api.full_join AS SELECT u.id, a.label FROM users u FULL JOIN (trading.accounts a CROSS JOIN LATERAL (SELECT 1 AS x) l) ON u.id = a.user_id WHERE u.id IS NOT NULL;
CREATE VIEW api.using_join AS SELECT id, f.n, g.price FROM (SELECT order_id AS id, n FROM trading.fills) f JOIN (SELECT order_id AS id, price FROM trading.fills) g USING (id) NATURAL JOIN (SELECT 1 AS id) h;
CREATE VIEW api.checked AS SELECT id, name FROM users WHERE status = 'active' WITH LOCAL CHECK OPTION;
CREATE VIEW api.of_view AS SELECT o.* FROM api.open_orders o WHERE o.value > 100;
CREATE MATERIALIZED VIEW api.daily AS SELECT symbol, placed_at::date AS day, sum(quantity) AS volume FROM trading.orders GROUP BY 1, 2 WITH NO DATA;
CREATE UNIQUE INDEX daily_key ON api.daily (symbol, day);
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.* AND (OLD.name <> NEW.name OR (NEW.status IS NULL AND NOT NEW.name IS NULL))) EXECUTE FUNCTION internal.touch();
CREATE TRIGGER touched_once AFTER INSERT ON trading.fills REFERENCING NEW TABLE AS new_fills FOR EACH STATEMENT EXECUTE FUNCTION internal.touch();
CREATE TRIGGER of_partitions BEFORE INSERT ON trading.orders FOR EACH ROW WHEN (NEW.price IS NULL) EXECUTE FUNCTION internal.touch();
CREATE CONSTRAINT TRIGGER late AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.id > 0) EXECUTE FUNCTION internal.touch('x', '2');
CREATE RULE no_delete AS ON DELETE TO ledgers.events WHERE OLD.seen AND (OLD.id > 0 OR OLD.id < -5) DO INSTEAD NOTHING;
CREATE RULE insert_open AS ON INSERT TO api.of_view DO INSTEAD (INSERT INTO ledgers.events (payload) VALUES (json_build_object('id', NEW.id)); UPDATE users SET name = name WHERE id = NEW.id AND (status = 'active' OR status IS NULL));
ALTER TABLE trading.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON trading.accounts FOR SELECT USING (user_id = (SELECT u.id FROM users u WHERE u.mail = current_setting('app.mail', true)) AND (kind = 'C' OR kind = 'M'));
CREATE POLICY all_mine ON trading.accounts AS RESTRICTIVE USING (true) WITH CHECK (label IS NOT NULL OR (kind = 'C' AND (opened > DATE '2020-01-01' AND opened < DATE '2100-01-01')));
ALTER TABLE ledgers.events ENABLE ROW LEVEL SECURITY;
CREATE PUBLICATION fills_out FOR TABLE trading.fills WITH (publish = 'insert');
CREATE STATISTICS trading.orders_stats (ndistinct, dependencies) ON symbol, side FROM trading.orders;
CREATE AGGREGATE api.product (numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1');
CREATE COLLATION api.c FROM "C";
CREATE EVENT TRIGGER noticed ON sql_drop WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION internal.noticed();
