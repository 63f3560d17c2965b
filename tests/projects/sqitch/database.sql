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
CREATE SCHEMA sqitch;
SET default_tablespace = '';
SET default_table_access_method = heap;
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
CREATE TABLE sqitch.changes (
    change_id text NOT NULL,
    script_hash text,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
CREATE TABLE sqitch.dependencies (
    change_id text NOT NULL,
    type text NOT NULL,
    dependency text NOT NULL,
    dependency_id text,
    CONSTRAINT dependencies_check CHECK ((((type = 'require'::text) AND (dependency_id IS NOT NULL)) OR ((type = 'conflict'::text) AND (dependency_id IS NULL))))
);
CREATE TABLE sqitch.events (
    event text NOT NULL,
    change_id text NOT NULL,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    requires text[] DEFAULT '{}'::text[] NOT NULL,
    conflicts text[] DEFAULT '{}'::text[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL,
    CONSTRAINT events_event_check CHECK ((event = ANY (ARRAY['deploy'::text, 'revert'::text, 'fail'::text, 'merge'::text])))
);
CREATE TABLE sqitch.projects (
    project text NOT NULL,
    uri text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    creator_name text NOT NULL,
    creator_email text NOT NULL
);
CREATE TABLE sqitch.releases (
    version real NOT NULL,
    installed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    installer_name text NOT NULL,
    installer_email text NOT NULL
);
CREATE TABLE sqitch.tags (
    tag_id text NOT NULL,
    tag text NOT NULL,
    project text NOT NULL,
    change_id text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);
INSERT INTO sqitch.changes VALUES ('5bba74d799c2188230e70a3790239270108e72fe', '82aff89140dcbddc35c8ed5c8f05c99134185657', 'orders', 'shop', 'Adds orders.', '2026-11-25 00:21:49.348534+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:42+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.changes VALUES ('bf0bb31c152e9f208e8d241ee41b0c01ba2fbb3f', '07e6e1bffbc2ca07a69b331d9af517c6782da6b6', 'quantity', 'shop', 'Adds quantity.', '2026-11-25 00:21:49.523075+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:44+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.changes VALUES ('166308ca63190c0a40d0995a69d681389cf2ce27', 'ae5756aa331510670e2d337c7a5c18b14e8ff866', 'side_index', 'shop', 'Adds side_index.', '2026-11-25 00:21:49.753512+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:46+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '5bba74d799c2188230e70a3790239270108e72fe', 'orders', 'shop', 'Adds orders.', '{}', '{}', '{}', '2026-11-25 00:21:49.350651+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:42+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'bf0bb31c152e9f208e8d241ee41b0c01ba2fbb3f', 'quantity', 'shop', 'Adds quantity.', '{}', '{}', '{}', '2026-11-25 00:21:49.539545+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:44+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '166308ca63190c0a40d0995a69d681389cf2ce27', 'side_index', 'shop', 'Adds side_index.', '{}', '{}', '{}', '2026-11-25 00:21:49.765823+00', 'Ann', 'ann@example.org', '2026-11-25 00:21:46+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.projects VALUES ('shop', NULL, '2026-11-25 00:21:49.110251+00', 'Ann', 'ann@example.org');
INSERT INTO sqitch.releases VALUES (1.1, '2026-11-25 00:21:49.100542+00', 'Ann', 'ann@example.org');
SELECT pg_catalog.setval('public.orders_id_seq', 1, false);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_script_hash_key UNIQUE (project, script_hash);
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (change_id, dependency);
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (change_id, committed_at);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_uri_key UNIQUE (uri);
ALTER TABLE ONLY sqitch.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (version);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_tag_key UNIQUE (project, tag);
CREATE INDEX orders_by_side ON public.orders USING btree (side);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_dependency_id_fkey FOREIGN KEY (dependency_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
