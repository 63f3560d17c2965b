"""Registers the suite's options and fixtures; everything that knows pytest lives in checks/plugin.py."""

pytest_plugins = ("checks.plugin",)
