-- Inert: geometry and geography are texts without type modifiers, and no place is near another.
CREATE TYPE geometry;
CREATE FUNCTION geometry_in(cstring) RETURNS geometry IMMUTABLE STRICT LANGUAGE internal AS 'textin';
CREATE FUNCTION geometry_out(geometry) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE geometry (INPUT = geometry_in, OUTPUT = geometry_out, LIKE = text);
CREATE TYPE geography;
CREATE FUNCTION geography_in(cstring) RETURNS geography IMMUTABLE STRICT LANGUAGE internal AS 'textin';
CREATE FUNCTION geography_out(geography) RETURNS cstring IMMUTABLE STRICT LANGUAGE internal AS 'textout';
CREATE TYPE geography (INPUT = geography_in, OUTPUT = geography_out, LIKE = text);
CREATE FUNCTION st_makepoint(double precision, double precision) RETURNS geometry IMMUTABLE STRICT LANGUAGE sql AS 'SELECT ''''::geometry';
CREATE FUNCTION st_setsrid(geometry, integer) RETURNS geometry IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION st_geomfromtext(text) RETURNS geometry IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::geometry';
CREATE FUNCTION st_geomfromtext(text, integer) RETURNS geometry IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::geometry';
CREATE FUNCTION st_distance(geometry, geometry) RETURNS double precision IMMUTABLE STRICT LANGUAGE sql AS 'SELECT 1.0::double precision';
CREATE FUNCTION st_dwithin(geometry, geometry, double precision) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT false';
