"""Tests of checks/contract: what a human declared, and which migrations there are."""
