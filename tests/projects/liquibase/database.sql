SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.opposite(side text) RETURNS text
    LANGUAGE sql
    AS $$
    SELECT CASE side WHEN 'buy' THEN 'sell' ELSE 'buy' END;
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.databasechangelog (
    id character varying(255) NOT NULL,
    author character varying(255) NOT NULL,
    filename character varying(255) NOT NULL,
    dateexecuted timestamp without time zone NOT NULL,
    orderexecuted integer NOT NULL,
    exectype character varying(10) NOT NULL,
    md5sum character varying(35),
    description character varying(255),
    comments character varying(255),
    tag character varying(255),
    liquibase character varying(20),
    contexts character varying(255),
    labels character varying(255),
    deployment_id character varying(10)
);
CREATE TABLE public.databasechangeloglock (
    id integer NOT NULL,
    locked boolean NOT NULL,
    lockgranted timestamp without time zone,
    lockedby character varying(255)
);
CREATE TABLE public.orders (
    id integer NOT NULL,
    side text NOT NULL,
    quantity integer DEFAULT 1 NOT NULL,
    CONSTRAINT known_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);
CREATE SEQUENCE public.orders_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
INSERT INTO public.databasechangelog VALUES ('orders', 'ann', 'db/changelog/changes/orders.sql', '2026-11-25 03:18:35.033881', 1, 'EXECUTED', '9:f39df63f6543d35257aa0a755f1d4827', 'sql', 'what is bought and sold', NULL, '4.29.0', NULL, NULL, '5576714943');
INSERT INTO public.databasechangelog VALUES ('opposite', 'ann', 'db/changelog/changes/orders.sql', '2026-11-25 03:18:59.810214', 2, 'EXECUTED', '9:139ec7f70ecb0d08b85e068cfd28e1c9', 'sql', '', NULL, '4.29.0', NULL, NULL, '5576739493');
INSERT INTO public.databasechangelog VALUES ('quantity', 'bob', 'db/changelog/changes/later/1_quantity.sql', '2026-11-25 03:18:59.845929', 3, 'EXECUTED', '9:773189bf7f654225bb534b7c4555baff', 'sql', '', NULL, '4.29.0', NULL, NULL, '5576739493');
INSERT INTO public.databasechangelog VALUES ('side_index', 'ann', 'db/changelog/changes/later/2_side_index.sql', '2026-11-25 03:18:59.856119', 4, 'EXECUTED', '9:06c4076ed0e25ae522626d9c1333c71a', 'sql', '', NULL, '4.29.0', NULL, NULL, '5576739493');
INSERT INTO public.databasechangeloglock VALUES (1, false, NULL, NULL);
SELECT pg_catalog.setval('public.orders_id_seq', 1, false);
ALTER TABLE ONLY public.databasechangeloglock
    ADD CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX orders_by_side ON public.orders USING btree (side);
