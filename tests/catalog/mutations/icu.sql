-- Needs: icu
-- Collations of ICU, which the embedded server is built without.
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
--> a collation dropped | names collation folded
DROP COLLATION folded;
--> a collation that is deterministic | names collation folded
DROP COLLATION folded; CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2');
--> a collation of another locale | names collation folded
DROP COLLATION folded; CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
--> a collation of another provider | names collation folded
DROP COLLATION folded; CREATE COLLATION folded (provider = libc, locale = 'C');
--> collation rules | from 16 | names collation folded
DROP COLLATION folded; CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false, rules = '&a < b');
