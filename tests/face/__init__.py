"""Tests of what a user meets: options, output, exit codes, refusals."""
