"""Which values the CHECKs of a table let a column store: decided for all values by reading, never by sampling."""
