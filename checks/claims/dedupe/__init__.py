"""Dedupe claims: the tables and their keys, the application's statements, and rows already stored. Pure."""
