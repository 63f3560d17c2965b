-- Ways to hold an enum of 'long' and 'short', ways to seem to, and what is said of each.
-- Before each: verdict | other verdict on a scratch target, if it is another. Every table has a column side; an INSERT of it alone is a row.
-- Generated columns: the INSERT is into raw.

--> generated_case: held
CREATE TABLE generated_case (raw text NOT NULL, side text GENERATED ALWAYS AS (CASE WHEN raw = 'l' THEN 'long' ELSE 'short' END) STORED);
--> generated_lower: broken
CREATE TABLE generated_lower (raw text NOT NULL, side text GENERATED ALWAYS AS (lower(raw)) STORED);
--> generated_checked: held
CREATE TABLE generated_checked (raw text NOT NULL, side text GENERATED ALWAYS AS (lower(raw)) STORED CHECK (side IN ('long', 'short')));
--> generated_of_checked: held
CREATE TABLE generated_of_checked (raw text NOT NULL CHECK (raw IN ('LONG', 'SHORT')), side text GENERATED ALWAYS AS (lower(raw)) STORED);
--> by_a_generated_copy: held
CREATE TABLE by_a_generated_copy (side text NOT NULL, copy text GENERATED ALWAYS AS (side) STORED CHECK (copy IN ('long', 'short')));
--> by_a_generated_lower: broken
CREATE TABLE by_a_generated_lower (side text NOT NULL, low text GENERATED ALWAYS AS (lower(side)) STORED CHECK (low IN ('long', 'short')));
--> rounded_copy: broken
CREATE TABLE rounded_copy (side numeric NOT NULL DEFAULT 1, copy numeric(3,0) GENERATED ALWAYS AS (side) STORED CHECK (copy IN (1, 2)));
--> whole_copy: broken
CREATE TABLE whole_copy (side numeric NOT NULL DEFAULT 1, copy integer GENERATED ALWAYS AS (side) STORED CHECK (copy IN (1, 2)));
--> cut_copy: unverified
CREATE TABLE cut_copy (side text NOT NULL, copy varchar(5) GENERATED ALWAYS AS (side) STORED CHECK (copy IN ('long', 'short')));
--> cut_itself: unverified
CREATE TABLE cut_itself (raw text NOT NULL, side varchar(5) GENERATED ALWAYS AS (raw) STORED);

--> two_keys: held
CREATE TABLE two_keys_a (v text PRIMARY KEY); INSERT INTO two_keys_a VALUES ('long'), ('short'), ('flat');
CREATE TABLE two_keys_b (v text PRIMARY KEY); INSERT INTO two_keys_b VALUES ('long'), ('short'), ('banana');
CREATE TABLE two_keys (side text NOT NULL REFERENCES two_keys_a REFERENCES two_keys_b);
--> two_keys_too_many: broken
CREATE TABLE two_keys_c (v text PRIMARY KEY); INSERT INTO two_keys_c VALUES ('long'), ('short'), ('banana');
CREATE TABLE two_keys_too_many (side text NOT NULL REFERENCES two_keys_b REFERENCES two_keys_c);
--> composite_key: held
CREATE TABLE composite_a (k int, v text, PRIMARY KEY (k, v)); INSERT INTO composite_a VALUES (1, 'long'), (1, 'short');
CREATE TABLE composite_key (k int NOT NULL DEFAULT 1, side text NOT NULL, FOREIGN KEY (k, side) REFERENCES composite_a);
--> composite_key_off: broken
CREATE TABLE composite_key_off (k int, side text NOT NULL, FOREIGN KEY (k, side) REFERENCES composite_a);
--> composite_key_full: held
CREATE TABLE composite_key_full (k int DEFAULT 1, side text NOT NULL, FOREIGN KEY (k, side) REFERENCES composite_a MATCH FULL);
--> composite_key_tied: unverified
CREATE TABLE composite_b (k int, v text, PRIMARY KEY (k, v)); INSERT INTO composite_b VALUES (1, 'long'), (1, 'short'), (2, 'banana');
CREATE TABLE composite_key_tied (k int NOT NULL DEFAULT 1 CHECK (k = 1), side text NOT NULL, FOREIGN KEY (k, side) REFERENCES composite_b);
--> key_to_padded: unverified
CREATE TABLE padded (v char(5) PRIMARY KEY); INSERT INTO padded VALUES ('long'), ('short');
CREATE TABLE key_to_padded (side text NOT NULL REFERENCES padded);
--> key_to_itself: broken
CREATE TABLE key_to_itself (side text PRIMARY KEY REFERENCES key_to_itself);
--> key_to_own_column: unverified
CREATE TABLE key_to_own_column (code text PRIMARY KEY DEFAULT 'long' CHECK (code IN ('long', 'short')), side text NOT NULL REFERENCES key_to_own_column);

--> list_of_expression: broken
CREATE TABLE list_of_expression (side text NOT NULL) PARTITION BY LIST (lower(side));
CREATE TABLE list_of_expression_1 PARTITION OF list_of_expression FOR VALUES IN ('long', 'short');
--> list_with_rest: broken
CREATE TABLE list_with_rest (side text NOT NULL) PARTITION BY LIST (side);
CREATE TABLE list_with_rest_1 PARTITION OF list_with_rest FOR VALUES IN ('long', 'short');
CREATE TABLE list_with_rest_2 PARTITION OF list_with_rest DEFAULT;
--> list_with_closed_rest: held
CREATE TABLE list_with_closed_rest (side text NOT NULL) PARTITION BY LIST (side);
CREATE TABLE list_with_closed_rest_1 PARTITION OF list_with_closed_rest FOR VALUES IN ('long', 'short');
CREATE TABLE list_with_closed_rest_2 PARTITION OF list_with_closed_rest DEFAULT; ALTER TABLE list_with_closed_rest_2 ADD CHECK (false);
--> list_with_a_hole: broken
CREATE TABLE list_with_a_hole (side text NOT NULL, k text) PARTITION BY LIST (side);
CREATE TABLE list_with_a_hole_1 PARTITION OF list_with_a_hole FOR VALUES IN ('long') PARTITION BY LIST (k);
CREATE TABLE list_with_a_hole_2 PARTITION OF list_with_a_hole FOR VALUES IN ('short');
--> ranges: unverified | broken
CREATE TABLE ranges (side text NOT NULL) PARTITION BY RANGE (side);
CREATE TABLE ranges_1 PARTITION OF ranges FOR VALUES FROM ('long') TO ('longa');
CREATE TABLE ranges_2 PARTITION OF ranges FOR VALUES FROM ('short') TO ('shorta');
--> ranges_by_operator_class: unverified | broken
CREATE TABLE ranges_by_operator_class (side text NOT NULL) PARTITION BY RANGE (side text_pattern_ops);
CREATE TABLE ranges_by_operator_class_1 PARTITION OF ranges_by_operator_class FOR VALUES FROM ('long') TO ('longa');
--> foreign_partition: broken
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE TABLE foreign_partition (k int DEFAULT 1, side text NOT NULL CHECK (side IN ('long', 'short'))) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE foreign_partition_1 PARTITION OF foreign_partition FOR VALUES FROM (0) TO (10) SERVER nowhere;
--> hash_of_all: broken
CREATE TABLE hash_of_all (side text NOT NULL) PARTITION BY HASH (side);
CREATE TABLE hash_of_all_1 PARTITION OF hash_of_all FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hash_of_all_2 PARTITION OF hash_of_all FOR VALUES WITH (MODULUS 2, REMAINDER 1);
--> checked_partition: held
CREATE TABLE checked_partition (k int DEFAULT 1, side text NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE checked_partition_1 PARTITION OF checked_partition FOR VALUES FROM (0) TO (10);
ALTER TABLE checked_partition_1 ADD CHECK (side IN ('long', 'short'));
--> unchecked_partition: broken
CREATE TABLE unchecked_partition (k int DEFAULT 11, side text NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE unchecked_partition_1 PARTITION OF unchecked_partition FOR VALUES FROM (0) TO (10);
ALTER TABLE unchecked_partition_1 ADD CHECK (side IN ('long', 'short'));
CREATE TABLE unchecked_partition_2 PARTITION OF unchecked_partition DEFAULT;
--> attached_with_their_bounds: held
CREATE TABLE attached_with_their_bounds (side text NOT NULL CONSTRAINT known CHECK (side IN ('long', 'short'))) PARTITION BY LIST (side);
CREATE TABLE attached_1 (side text NOT NULL CONSTRAINT known CHECK (side IN ('long', 'short')), CHECK (side = 'long'));
CREATE TABLE attached_2 (side text NOT NULL CONSTRAINT known CHECK (side IN ('long', 'short')), CHECK (side = 'short'));
ALTER TABLE attached_with_their_bounds ATTACH PARTITION attached_1 FOR VALUES IN ('long');
ALTER TABLE attached_with_their_bounds ATTACH PARTITION attached_2 FOR VALUES IN ('short');
--> unprotected_child: broken
CREATE TABLE unprotected_child (side text NOT NULL, CHECK (side IN ('long', 'short')) NO INHERIT);
CREATE TABLE unprotected_child_1 () INHERITS (unprotected_child);
--> protected_child: held
CREATE TABLE protected_child (side text NOT NULL, CHECK (side IN ('long', 'short')));
CREATE TABLE protected_child_1 () INHERITS (protected_child);
--> narrower_child: held
CREATE TABLE narrower_child (side text NOT NULL, CHECK (side IN ('long', 'short')));
CREATE TABLE narrower_child_1 (CHECK (side = 'long')) INHERITS (narrower_child);

--> native_with_check: held
CREATE TYPE three AS ENUM ('long', 'short', 'flat');
CREATE TABLE native_with_check (side three NOT NULL CHECK (side <> 'flat'));
--> native_refused: broken
CREATE TYPE two AS ENUM ('long', 'short');
CREATE TABLE native_refused (side two NOT NULL CHECK (side > 'long'));
--> native_domain: held
CREATE DOMAIN but_flat AS three CHECK (VALUE <> 'flat');
CREATE TABLE native_domain (side but_flat NOT NULL);
--> native_array: held
CREATE TABLE native_array (side two[] NOT NULL);
--> native_array_of_more: broken
CREATE TABLE native_array_of_more (side three[] NOT NULL);

--> excluded_by_rows: unverified | broken
CREATE TABLE excluded_by_rows (side text NOT NULL, one int DEFAULT 1, EXCLUDE USING btree (one WITH =) WHERE (side NOT IN ('long', 'short')));
--> excluded_by_itself: broken
CREATE TABLE excluded_by_itself (side text NOT NULL, EXCLUDE USING btree (side WITH =));
--> refused_by_a_trigger: unverified
CREATE TABLE refused_by_a_trigger (side text NOT NULL);
CREATE FUNCTION refuse_other_sides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.side NOT IN ('long', 'short') THEN RAISE EXCEPTION 'no such side'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON refused_by_a_trigger FOR EACH ROW EXECUTE FUNCTION refuse_other_sides();
--> a_trigger_of_no_matter: broken
CREATE TABLE a_trigger_of_no_matter (side text NOT NULL, at timestamptz);
CREATE FUNCTION stamp_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON a_trigger_of_no_matter FOR EACH ROW EXECUTE FUNCTION stamp_at();
--> closed_by_a_trigger: held | unverified
CREATE TABLE closed_by_a_trigger (side text NOT NULL CHECK (side IN ('long', 'short')));
CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed'; END $$;
CREATE TRIGGER closed BEFORE INSERT ON closed_by_a_trigger FOR EACH ROW EXECUTE FUNCTION closed();
--> swallowed_by_a_rule: unverified
CREATE TABLE swallowed_by_a_rule (side text NOT NULL CHECK (side IN ('long', 'short')));
CREATE RULE swallow AS ON INSERT TO swallowed_by_a_rule WHERE NEW.side = 'short' DO INSTEAD NOTHING;
--> looks_at_tableoid: unverified
CREATE TABLE looks_at_tableoid (side text NOT NULL CHECK (tableoid IS NULL OR side IN ('long', 'short')));
--> array_with_check: held
CREATE TABLE array_with_check (side text[] NOT NULL CHECK (side <@ ARRAY['long', 'short']));
--> array_of_any: broken
CREATE TABLE array_of_any (side text[] NOT NULL CHECK (side && ARRAY['long', 'short']));
