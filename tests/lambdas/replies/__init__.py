"""Tests of checks/lambdas/replies: from a reply to an Outcome."""
