CREATE SCHEMA IF NOT EXISTS shop;
CREATE SCHEMA IF NOT EXISTS "Odd Schema";
CREATE TABLE IF NOT EXISTS shop.changes (
    migration_name varchar(100) NOT NULL UNIQUE,
    run_on timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    who text DEFAULT current_user
);
