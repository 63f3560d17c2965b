-- Up Migration
ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;

-- Down Migration
ALTER TABLE orders DROP quantity;
