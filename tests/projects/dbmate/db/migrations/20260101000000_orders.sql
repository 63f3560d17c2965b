-- migrate:up
CREATE TABLE orders (id serial PRIMARY KEY, side text NOT NULL CONSTRAINT known_side CHECK (side IN ('buy', 'sell')));

-- migrate:down
DROP TABLE orders;
