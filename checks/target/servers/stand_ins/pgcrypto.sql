-- Inert: nothing here encrypts, and a digest is always SHA-256.
CREATE FUNCTION digest(text, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT sha256(convert_to($1, ''UTF8''))';
CREATE FUNCTION digest(bytea, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT sha256($1)';
CREATE FUNCTION hmac(text, text, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT sha256(convert_to($1, ''UTF8''))';
CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT sha256($1)';
CREATE FUNCTION crypt(text, text) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $2';
CREATE FUNCTION gen_salt(text) RETURNS text VOLATILE STRICT LANGUAGE sql AS 'SELECT ''$stand-in$''::text';
CREATE FUNCTION gen_salt(text, integer) RETURNS text VOLATILE STRICT LANGUAGE sql AS 'SELECT ''$stand-in$''::text';
CREATE FUNCTION gen_random_bytes(integer) RETURNS bytea VOLATILE STRICT LANGUAGE sql
    AS 'SELECT substr(decode(repeat(md5(random()::text), 1 + $1 / 16), ''hex''), 1, $1)';
CREATE FUNCTION encrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION decrypt(bytea, bytea, text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION pgp_sym_encrypt(text, text) RETURNS bytea VOLATILE STRICT LANGUAGE sql AS 'SELECT convert_to($1, ''UTF8'')';
CREATE FUNCTION pgp_sym_encrypt(text, text, text) RETURNS bytea VOLATILE STRICT LANGUAGE sql AS 'SELECT convert_to($1, ''UTF8'')';
CREATE FUNCTION pgp_sym_decrypt(bytea, text) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS 'SELECT convert_from($1, ''UTF8'')';
CREATE FUNCTION pgp_sym_decrypt(bytea, text, text) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS 'SELECT convert_from($1, ''UTF8'')';
CREATE FUNCTION armor(bytea) RETURNS text IMMUTABLE STRICT LANGUAGE sql AS 'SELECT encode($1, ''base64'')';
CREATE FUNCTION dearmor(text) RETURNS bytea IMMUTABLE STRICT LANGUAGE sql AS 'SELECT decode($1, ''base64'')';
