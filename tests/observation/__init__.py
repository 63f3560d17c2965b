"""Tests of checks/observation: what a look asks, and that it leaves no trace."""
