"""Tests of checks/claims: saboteurs that break them, look-alikes that must not."""
