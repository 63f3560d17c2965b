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
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._yoyo_log (
    id character varying(36) NOT NULL,
    migration_hash character varying(64),
    migration_id character varying(255),
    operation character varying(10),
    username character varying(255),
    hostname character varying(255),
    comment character varying(255),
    created_at_utc timestamp without time zone
);
CREATE TABLE public._yoyo_migration (
    migration_hash character varying(64) NOT NULL,
    migration_id character varying(255),
    applied_at_utc timestamp without time zone
);
CREATE TABLE public._yoyo_version (
    version integer NOT NULL,
    installed_at_utc timestamp without time zone
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
CREATE TABLE public.yoyo_lock (
    locked integer DEFAULT 1 NOT NULL,
    ctime timestamp without time zone,
    pid integer NOT NULL
);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
INSERT INTO public._yoyo_log VALUES ('2e3677aa-e866-11f1-900b-02fc00000001', '928f65af93c924d783e90568309f9e3749049c92825f43e2070f4846e3195802', '0001.orders', 'apply', 'root', 'localhost', NULL, '2026-11-25 00:21:38.483765');
INSERT INTO public._yoyo_log VALUES ('2e3d0af2-e866-11f1-900b-02fc00000001', '2f429e46a6ce25d3e0b48c33d9eac80092e4940dcad6390b6128209105916798', '0002.quantity', 'apply', 'root', 'localhost', NULL, '2026-11-25 00:21:38.525808');
INSERT INTO public._yoyo_log VALUES ('2e4107c4-e866-11f1-900b-02fc00000001', 'f3cf42dd41694a1add53037542bc82bc377f1aea5d483d88b980c1e927a600c4', '0003.side-index', 'apply', 'root', 'localhost', NULL, '2026-11-25 00:21:38.551913');
INSERT INTO public._yoyo_migration VALUES ('928f65af93c924d783e90568309f9e3749049c92825f43e2070f4846e3195802', '0001.orders', '2026-11-25 00:21:38.494354');
INSERT INTO public._yoyo_migration VALUES ('2f429e46a6ce25d3e0b48c33d9eac80092e4940dcad6390b6128209105916798', '0002.quantity', '2026-11-25 00:21:38.530639');
INSERT INTO public._yoyo_migration VALUES ('f3cf42dd41694a1add53037542bc82bc377f1aea5d483d88b980c1e927a600c4', '0003.side-index', '2026-11-25 00:21:38.555135');
INSERT INTO public._yoyo_version VALUES (2, '2026-11-25 00:21:38.394666');
SELECT pg_catalog.setval('public.orders_id_seq', 1, false);
ALTER TABLE ONLY public._yoyo_log
    ADD CONSTRAINT _yoyo_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public._yoyo_migration
    ADD CONSTRAINT _yoyo_migration_pkey PRIMARY KEY (migration_hash);
ALTER TABLE ONLY public._yoyo_version
    ADD CONSTRAINT _yoyo_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.yoyo_lock
    ADD CONSTRAINT yoyo_lock_pkey PRIMARY KEY (locked);
CREATE INDEX orders_by_side ON public.orders USING btree (side);
