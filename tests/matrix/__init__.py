"""The kill matrix: every saboteur and look-alike by every route on every PostgreSQL major, written to docs/matrix.md."""
