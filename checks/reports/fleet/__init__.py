"""Runs of several targets: told together, and joined."""
