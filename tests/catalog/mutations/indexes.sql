-- Indexes.
CREATE TABLE books (id int, title text, isbn text, price numeric, tags int[], at timestamptz, place point);
CREATE INDEX books_title ON books (title);
CREATE UNIQUE INDEX books_isbn ON books (isbn);
CREATE INDEX books_cheap ON books (price) WHERE price < 10;
CREATE INDEX books_lower ON books (lower(title));
CREATE INDEX books_two ON books (title DESC NULLS LAST, price) INCLUDE (at);
CREATE INDEX books_tags ON books USING gin (tags);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM books; CREATE UNIQUE INDEX totals_n ON totals (n);
CREATE COLLATION plain FROM "C";
--> an index more | names books_at
CREATE INDEX books_at ON books (at);
--> an index dropped | names books_title
DROP INDEX books_title;
--> an index renamed | names books_title
ALTER INDEX books_title RENAME TO ix_books_title;
--> a unique index dropped | names books_isbn
DROP INDEX books_isbn;
--> no longer unique | names books_isbn
DROP INDEX books_isbn; CREATE INDEX books_isbn ON books (isbn);
--> unique now | names books_title
DROP INDEX books_title; CREATE UNIQUE INDEX books_title ON books (title);
--> on another column | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books (isbn);
--> on a column more | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books (title, id);
--> on the columns in another order | names books_two
DROP INDEX books_two; CREATE INDEX books_two ON books (price, title DESC NULLS LAST) INCLUDE (at);
--> ascending | names books_two
DROP INDEX books_two; CREATE INDEX books_two ON books (title NULLS LAST, price) INCLUDE (at);
--> nulls first | names books_two
DROP INDEX books_two; CREATE INDEX books_two ON books (title DESC NULLS FIRST, price) INCLUDE (at);
--> includes nothing | names books_two
DROP INDEX books_two; CREATE INDEX books_two ON books (title DESC NULLS LAST, price);
--> includes more | names books_two
DROP INDEX books_two; CREATE INDEX books_two ON books (title DESC NULLS LAST, price) INCLUDE (at, id);
--> of another method | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books USING hash (title);
--> of another operator class | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books (title text_pattern_ops);
--> of another collation | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books (title COLLATE "C");
--> of a collation of the user's | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books (title COLLATE plain);
--> another predicate | names books_cheap
DROP INDEX books_cheap; CREATE INDEX books_cheap ON books (price) WHERE price < 20;
--> no predicate | names books_cheap
DROP INDEX books_cheap; CREATE INDEX books_cheap ON books (price);
--> a predicate on a unique index | names books_isbn
DROP INDEX books_isbn; CREATE UNIQUE INDEX books_isbn ON books (isbn) WHERE isbn <> '';
--> a predicate spelled apart | ignored spelling of expressions
DROP INDEX books_cheap; CREATE INDEX books_cheap ON books (price) WHERE NOT (price >= 10);
--> another expression | names books_lower
DROP INDEX books_lower; CREATE INDEX books_lower ON books (upper(title));
--> an expression for a column | names books_title
DROP INDEX books_title; CREATE INDEX books_title ON books ((title || ''));
--> nulls not distinct | from 15 | names books_isbn
DROP INDEX books_isbn; CREATE UNIQUE INDEX books_isbn ON books (isbn) NULLS NOT DISTINCT;
--> fillfactor of an index | ignored storage parameters
ALTER INDEX books_title SET (fillfactor = 50);
--> fastupdate | ignored storage parameters
ALTER INDEX books_tags SET (fastupdate = off);
--> statistics of an index | ignored statistics targets
ALTER INDEX books_lower ALTER COLUMN 1 SET STATISTICS 900;
--> an index of a materialized view | names totals_n
DROP INDEX totals_n;
--> an index rebuilt | same
REINDEX TABLE books;
--> an invalid index | names books_title
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'books_title'::regclass;
--> a unique index that is invalid | names books_isbn
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'books_isbn'::regclass;
