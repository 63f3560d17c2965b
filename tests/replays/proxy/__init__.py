"""Tests of checks/replays/proxy: the statement-level proxy."""
