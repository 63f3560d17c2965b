CREATE TABLE orders (id serial PRIMARY KEY, side text NOT NULL CONSTRAINT known_side CHECK (side IN ('buy', 'sell')));
