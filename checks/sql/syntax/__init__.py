"""What PostgreSQL deparses, as trees."""
