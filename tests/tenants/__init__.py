"""Tests of one contract for many schemas of a database."""
