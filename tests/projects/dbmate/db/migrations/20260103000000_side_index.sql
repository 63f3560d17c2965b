-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY orders_by_side ON orders (side);

-- migrate:down
DROP INDEX orders_by_side;
