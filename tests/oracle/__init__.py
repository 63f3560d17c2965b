"""What PostgreSQL itself says, against what the suite says of it: one command over all of it, with a seed and a count."""
