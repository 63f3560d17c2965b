ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;
