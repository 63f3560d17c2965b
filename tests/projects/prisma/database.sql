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
CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
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
INSERT INTO public._prisma_migrations VALUES ('372fdb6a-6a8f-4c9c-b071-e9e35bcb609b', '313697e69c611301920cd6f2671d7977eb05f11c36921b1f04917b7f8beaed96', '2026-11-25 02:33:57.991+00', '20260101000000_orders', NULL, NULL, '2026-11-25 02:33:57.98+00', 1);
INSERT INTO public._prisma_migrations VALUES ('c2e15401-2b0e-4b68-9af0-781c937c5cdc', '7d9ce78d18be8d923213065cdeb2916a2e8e25abd98aa083bccdaf3d19615974', '2026-11-25 02:33:58.004+00', '20260102000000_quantity', NULL, NULL, '2026-11-25 02:33:57.992+00', 1);
INSERT INTO public._prisma_migrations VALUES ('e85f2875-08f4-4201-89e6-cfb44688c219', '8096dc8cd74615e6af62ceeec465abe40e203d73f29a82f9b0dee38a7318d63e', '2026-11-25 02:33:58.012+00', '20260103000000_side_index', NULL, NULL, '2026-11-25 02:33:58.005+00', 1);
SELECT pg_catalog.setval('public.orders_id_seq', 1, false);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX orders_by_side ON public.orders USING btree (side);
