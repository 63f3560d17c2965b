--liquibase formatted sql

--changeset bob:quantity splitStatements:false
ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1;
--rollback ALTER TABLE orders DROP quantity;
