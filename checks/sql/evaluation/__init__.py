"""Values and what an expression makes of them, as far as PostgreSQL surely does the same."""
