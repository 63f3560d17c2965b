--liquibase formatted sql

--changeset ann:orders
--comment what is bought and sold
CREATE TABLE orders (id serial PRIMARY KEY, side text NOT NULL CONSTRAINT known_side CHECK (side IN ('buy', 'sell')));
--rollback DROP TABLE orders;

--changeset ann:opposite endDelimiter:@@
CREATE FUNCTION opposite(side text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE side WHEN 'buy' THEN 'sell' ELSE 'buy' END;
$$
@@
