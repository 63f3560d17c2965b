"""Tests of checks/expectation: what is kept in files."""
