"""Tests of checks/target: names and DSNs, secrets, what a role and a policy need."""
