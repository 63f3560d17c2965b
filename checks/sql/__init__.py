"""SQL text: names, what PostgreSQL deparses, and what it means."""
