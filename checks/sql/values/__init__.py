"""Values and types of SQL, as far as they are exactly known."""
