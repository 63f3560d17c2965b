-- Sequences.
CREATE TABLE bills (id int, number int);
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 5 MINVALUE 10 MAXVALUE 100000 CACHE 3 CYCLE;
CREATE SEQUENCE plain;
CREATE SEQUENCE small AS smallint;
CREATE SEQUENCE back INCREMENT BY -1;
CREATE SEQUENCE owned OWNED BY bills.number;
ALTER TABLE bills ALTER COLUMN number SET DEFAULT nextval('owned');
--> a sequence more | names extra
CREATE SEQUENCE extra;
--> a sequence dropped | names plain
DROP SEQUENCE plain;
--> a sequence renamed | names plain
ALTER SEQUENCE plain RENAME TO simple;
--> increment | names plain
ALTER SEQUENCE plain INCREMENT BY 2;
--> backwards | names plain
ALTER SEQUENCE plain INCREMENT BY -1;
--> forwards | names back
ALTER SEQUENCE back INCREMENT BY 1;
--> start | names numbers
ALTER SEQUENCE numbers START WITH 200;
--> minimum | names numbers
ALTER SEQUENCE numbers MINVALUE 20;
--> maximum | names numbers
ALTER SEQUENCE numbers MAXVALUE 200000;
--> no maximum | names numbers
ALTER SEQUENCE numbers NO MAXVALUE;
--> cache | names numbers
ALTER SEQUENCE numbers CACHE 1;
--> a cache more | names plain
ALTER SEQUENCE plain CACHE 20;
--> no cycle | names numbers
ALTER SEQUENCE numbers NO CYCLE;
--> cycle | names plain
ALTER SEQUENCE plain CYCLE;
--> type | names small
ALTER SEQUENCE small AS integer;
--> a smaller type | names plain
ALTER SEQUENCE plain AS integer;
--> the default bounds said | same
ALTER SEQUENCE plain MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1;
--> used | same
SELECT nextval('plain'), nextval('plain');
--> restarted | same
ALTER SEQUENCE plain RESTART WITH 7;
--> owned by nobody | names owned
ALTER SEQUENCE owned OWNED BY NONE;
--> owned by another column | names owned
ALTER SEQUENCE owned OWNED BY bills.id;
--> owned now | names plain
ALTER SEQUENCE plain OWNED BY bills.id;
--> unlogged | from 15 | names plain
ALTER SEQUENCE plain SET UNLOGGED;
