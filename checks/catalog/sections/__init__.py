"""The SQL of the catalogue document's sections, a file for what they read.

A section is a SELECT of one JSON array a row. Relations are told by oid inside the document only; what other sections
need of them is in the common tables that select.py puts before: `relation` (ours, and whatever inherits from them),
`outside` and `reached` (functions in other schemas). `{words}` are filled in by select.py.
"""
