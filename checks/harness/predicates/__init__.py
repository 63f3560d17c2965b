"""What PostgreSQL deparses, read: tokens, nodes, formulas, and decisions about them. `meaning` is their face."""
