-- an index that is made without locking anybody out
-- depends: 0002.quantity
-- transactional: false

CREATE INDEX CONCURRENTLY orders_by_side ON orders (side);
