"""Tests of checks/apply.py: migrations applied and proven."""
