-- Table constraints.
CREATE TABLE parents (id int, code text, a int, b int, CONSTRAINT parents_pkey PRIMARY KEY (id), CONSTRAINT parents_ab UNIQUE (a, b));
CREATE TABLE others (id int PRIMARY KEY);
CREATE TABLE orders (id int CONSTRAINT orders_pkey PRIMARY KEY, parent_id int, a int, b int, side text, quantity int, spare int,
    period int4range, times int4range, room int,
    CONSTRAINT orders_side CHECK (side IN ('long', 'short')),
    CONSTRAINT orders_quantity CHECK (quantity > 0) NO INHERIT,
    CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE,
    CONSTRAINT orders_ab FOREIGN KEY (a, b) REFERENCES parents (a, b) ON DELETE SET NULL DEFERRABLE,
    CONSTRAINT orders_once UNIQUE (side, quantity),
    CONSTRAINT orders_spare UNIQUE (spare) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT orders_room EXCLUDE USING gist (period WITH &&) WHERE (room > 0));
ALTER TABLE orders ADD CONSTRAINT orders_later CHECK (room < 100) NOT VALID;
--> a CHECK more | names orders.roomy
ALTER TABLE orders ADD CONSTRAINT roomy CHECK (room >= 0);
--> a CHECK dropped | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side;
--> a CHECK renamed | names orders.orders_side
ALTER TABLE orders RENAME CONSTRAINT orders_side TO orders_direction;
--> a literal more | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short', 'flat'));
--> a literal less | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long'));
--> OR true | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short') OR true);
--> a CHECK on another column | names orders.orders_quantity
ALTER TABLE orders DROP CONSTRAINT orders_quantity; ALTER TABLE orders ADD CONSTRAINT orders_quantity CHECK (room > 0) NO INHERIT;
--> a comparison that lets one more in | names orders.orders_quantity
ALTER TABLE orders DROP CONSTRAINT orders_quantity; ALTER TABLE orders ADD CONSTRAINT orders_quantity CHECK (quantity >= 0) NO INHERIT;
--> a CHECK spelled apart | ignored spelling of expressions
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side = 'short' OR side = 'long');
--> the same CHECK again | same
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short'));
--> a CHECK that is inherited now | names orders.orders_quantity
ALTER TABLE orders DROP CONSTRAINT orders_quantity; ALTER TABLE orders ADD CONSTRAINT orders_quantity CHECK (quantity > 0);
--> NO INHERIT | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short')) NO INHERIT;
--> a CHECK validated since | ignored validated since | back names orders.orders_later
ALTER TABLE orders VALIDATE CONSTRAINT orders_later;
--> a CHECK not valid | names orders.orders_side | back ignored validated since
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short')) NOT VALID;
--> a CHECK not enforced | from 18 | names orders.orders_side
ALTER TABLE orders DROP CONSTRAINT orders_side; ALTER TABLE orders ADD CONSTRAINT orders_side CHECK (side IN ('long', 'short')) NOT ENFORCED;
--> a foreign key not enforced | from 18 | names orders.orders_parent
ALTER TABLE orders ALTER CONSTRAINT orders_parent NOT ENFORCED;
--> a primary key dropped | names orders_pkey
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
--> a primary key renamed | names orders_pkey
ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO pk_orders;
--> a primary key of more columns | names orders_pkey
ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id, room);
--> a primary key deferrable | names orders_pkey
ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id) DEFERRABLE;
--> a primary key that includes more | names orders_pkey
ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id) INCLUDE (room);
--> a unique constraint dropped | names orders.orders_once
ALTER TABLE orders DROP CONSTRAINT orders_once;
--> a unique constraint more | names orders.orders_rooms
ALTER TABLE orders ADD CONSTRAINT orders_rooms UNIQUE (room);
--> a unique constraint in another order | names orders_once
ALTER TABLE orders DROP CONSTRAINT orders_once; ALTER TABLE orders ADD CONSTRAINT orders_once UNIQUE (quantity, side);
--> a unique constraint not deferrable | names orders_spare
ALTER TABLE orders DROP CONSTRAINT orders_spare; ALTER TABLE orders ADD CONSTRAINT orders_spare UNIQUE (spare);
--> a unique constraint immediate | names orders_spare
ALTER TABLE orders DROP CONSTRAINT orders_spare; ALTER TABLE orders ADD CONSTRAINT orders_spare UNIQUE (spare) DEFERRABLE;
--> a unique constraint with NULLS NOT DISTINCT | from 15 | names orders_once
ALTER TABLE orders DROP CONSTRAINT orders_once; ALTER TABLE orders ADD CONSTRAINT orders_once UNIQUE NULLS NOT DISTINCT (side, quantity);
--> a unique index instead of the constraint | names orders_once
ALTER TABLE orders DROP CONSTRAINT orders_once; CREATE UNIQUE INDEX orders_once ON orders (side, quantity);
--> a unique constraint without overlaps | from 18 | names orders_once
ALTER TABLE orders DROP CONSTRAINT orders_once; ALTER TABLE orders ADD CONSTRAINT orders_once UNIQUE (times, period WITHOUT OVERLAPS);
--> a foreign key dropped | names orders.orders_parent
ALTER TABLE orders DROP CONSTRAINT orders_parent;
--> a foreign key more | names orders.orders_room_fkey
ALTER TABLE orders ADD FOREIGN KEY (room) REFERENCES others;
--> a foreign key to another table | names orders.orders_parent
ALTER TABLE orders DROP CONSTRAINT orders_parent; ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES others (id) ON DELETE CASCADE;
--> a foreign key from another column | names orders.orders_parent
ALTER TABLE orders DROP CONSTRAINT orders_parent; ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (room) REFERENCES parents (id) ON DELETE CASCADE;
--> a foreign key to the columns crosswise | names orders.orders_ab
ALTER TABLE orders DROP CONSTRAINT orders_ab; ALTER TABLE orders ADD CONSTRAINT orders_ab FOREIGN KEY (b, a) REFERENCES parents (a, b) ON DELETE SET NULL DEFERRABLE;
--> ON DELETE | names orders.orders_parent
ALTER TABLE orders DROP CONSTRAINT orders_parent; ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE RESTRICT;
--> ON UPDATE | names orders.orders_parent
ALTER TABLE orders DROP CONSTRAINT orders_parent; ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE;
--> ON DELETE SET NULL of some columns | from 15 | names orders.orders_ab
ALTER TABLE orders DROP CONSTRAINT orders_ab; ALTER TABLE orders ADD CONSTRAINT orders_ab FOREIGN KEY (a, b) REFERENCES parents (a, b) ON DELETE SET NULL (b) DEFERRABLE;
--> ON DELETE SET DEFAULT | names orders.orders_ab
ALTER TABLE orders DROP CONSTRAINT orders_ab; ALTER TABLE orders ADD CONSTRAINT orders_ab FOREIGN KEY (a, b) REFERENCES parents (a, b) ON DELETE SET DEFAULT DEFERRABLE;
--> MATCH FULL | names orders.orders_ab
ALTER TABLE orders DROP CONSTRAINT orders_ab; ALTER TABLE orders ADD CONSTRAINT orders_ab FOREIGN KEY (a, b) REFERENCES parents (a, b) MATCH FULL ON DELETE SET NULL DEFERRABLE;
--> a foreign key not deferrable | names orders.orders_ab
ALTER TABLE orders ALTER CONSTRAINT orders_ab NOT DEFERRABLE;
--> a foreign key deferred | names orders.orders_ab
ALTER TABLE orders ALTER CONSTRAINT orders_ab DEFERRABLE INITIALLY DEFERRED;
--> a foreign key not valid | names orders.orders_parent | back ignored validated since
ALTER TABLE orders DROP CONSTRAINT orders_parent; ALTER TABLE orders ADD CONSTRAINT orders_parent FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE NOT VALID;
--> the triggers of a foreign key disabled | beyond disabled foreign keys, names orders.orders_parent | back beyond disabled foreign keys, names orders.orders_parent
ALTER TABLE orders DISABLE TRIGGER ALL;
--> an exclusion dropped | names orders.orders_room
ALTER TABLE orders DROP CONSTRAINT orders_room;
--> an exclusion by another operator | names orders.orders_room
ALTER TABLE orders DROP CONSTRAINT orders_room; ALTER TABLE orders ADD CONSTRAINT orders_room EXCLUDE USING gist (period WITH =) WHERE (room > 0);
--> an exclusion of other rows | names orders.orders_room
ALTER TABLE orders DROP CONSTRAINT orders_room; ALTER TABLE orders ADD CONSTRAINT orders_room EXCLUDE USING gist (period WITH &&) WHERE (room > 1);
--> a comment on a constraint | same
COMMENT ON CONSTRAINT orders_side ON orders IS 'x';
