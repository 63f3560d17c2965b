"""Tests of checks/replays: events delivered to consumers."""
