"""Patterns of PostgreSQL as regular languages: regular expressions, LIKE, SIMILAR TO."""
