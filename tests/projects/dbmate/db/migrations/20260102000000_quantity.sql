-- migrate:up
ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;

-- migrate:down
ALTER TABLE orders DROP quantity;
