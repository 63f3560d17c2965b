"""Tests of checks/sql: what expressions mean."""
