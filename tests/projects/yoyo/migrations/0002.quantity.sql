-- quantity
-- depends: 0001.orders

ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;
