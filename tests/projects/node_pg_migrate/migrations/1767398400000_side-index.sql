-- Up Migration
CREATE INDEX orders_by_side ON orders (side);

-- Down Migration
DROP INDEX orders_by_side;
