CREATE TYPE shop.mood AS ENUM ('happy', 'sad');
CREATE DOMAIN shop.tier AS text CHECK (VALUE IN ('gold', 'silver'));
CREATE TABLE shop.country (code char(2) PRIMARY KEY);
INSERT INTO shop.country VALUES ('DE'), ('FR');
CREATE TABLE shop.customer (
    id serial PRIMARY KEY,
    tier shop.tier,
    country char(2) NOT NULL REFERENCES shop.country,
    mood shop.mood
);
CREATE TABLE shop."Order Line" (
    "ID" integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "select" varchar(20) NOT NULL,
    priority smallint NOT NULL DEFAULT 2,
    total numeric(10,2) GENERATED ALWAYS AS (priority * 2.5) STORED,
    customer integer REFERENCES shop.customer ON DELETE SET NULL,
    CONSTRAINT "Chk Order ""select""" CHECK ("select" IN ('new', 'it''s', E'back\\slash') AND char_length("select") > 0),
    CONSTRAINT chk_priority CHECK (priority BETWEEN 1 AND 3)
);
CREATE INDEX "Idx Order" ON shop."Order Line" (lower("select"), priority DESC) WHERE priority > 1;
CREATE TABLE "Odd Schema"."from.where" ("Größe" text CONSTRAINT "größe ok" CHECK ("Größe" = 'S' OR "Größe" = 'M'));
CREATE VIEW shop.open_lines AS SELECT l."ID", l."select" FROM shop."Order Line" l WHERE l.priority > 1;
GRANT SELECT ON shop.open_lines TO shop_web;
