"""Tests of checks/lambdas/local: the local AWS endpoint."""
