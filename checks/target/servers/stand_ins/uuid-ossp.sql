-- Inert: every kind of UUID is a random one, or one made of the name.
CREATE FUNCTION uuid_nil() RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS 'SELECT ''00000000-0000-0000-0000-000000000000''::uuid';
CREATE FUNCTION uuid_ns_dns() RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS 'SELECT ''6ba7b810-9dad-11d1-80b4-00c04fd430c8''::uuid';
CREATE FUNCTION uuid_ns_url() RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS 'SELECT ''6ba7b811-9dad-11d1-80b4-00c04fd430c8''::uuid';
CREATE FUNCTION uuid_generate_v1() RETURNS uuid VOLATILE STRICT LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid VOLATILE STRICT LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS 'SELECT md5($1::text || $2)::uuid';
CREATE FUNCTION uuid_generate_v4() RETURNS uuid VOLATILE STRICT LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT LANGUAGE sql AS 'SELECT md5($1::text || $2)::uuid';
