"""A Lambda reply, and what it proves."""
