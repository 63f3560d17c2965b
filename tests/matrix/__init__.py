"""The kill matrix: every saboteur and every look-alike by every route on every PostgreSQL major; docs/matrix.md is its page."""
