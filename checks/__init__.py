"""Did the deploy really happen? Claims about a PostgreSQL database, each held, broken or unverified."""
