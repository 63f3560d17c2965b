"""Regular languages over Unicode text: what regular expressions, LIKE patterns and text functions say of all values."""
