-- Inert: a hypertable stays the table that it was.
CREATE FUNCTION create_hypertable(relation regclass, time_column_name name, partitioning_column name DEFAULT NULL,
    number_partitions integer DEFAULT NULL, chunk_time_interval anyelement DEFAULT NULL::bigint, if_not_exists boolean DEFAULT false,
    migrate_data boolean DEFAULT false) RETURNS void LANGUAGE sql AS 'SELECT';
CREATE FUNCTION add_retention_policy(relation regclass, drop_after interval) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION add_compression_policy(relation regclass, compress_after interval) RETURNS integer LANGUAGE sql AS 'SELECT 1';
