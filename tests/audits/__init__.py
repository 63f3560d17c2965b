"""Tests of checks/audits: deploy scripts among lies."""
