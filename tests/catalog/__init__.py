"""Tests of checks/catalog: the Snapshot and its differences."""
