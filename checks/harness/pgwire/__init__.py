"""A statement-level PostgreSQL proxy. `proxy` is its face."""
