--liquibase formatted sql

--changeset ann:side_index runInTransaction:false
CREATE INDEX CONCURRENTLY orders_by_side ON orders (side);
--rollback DROP INDEX orders_by_side;
