"""A proxy in front of PostgreSQL that halts, cuts and answers statement by statement."""
