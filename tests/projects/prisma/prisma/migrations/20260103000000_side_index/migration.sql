CREATE INDEX CONCURRENTLY orders_by_side ON orders (side);
