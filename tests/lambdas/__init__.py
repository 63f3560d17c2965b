"""Tests of checks/lambdas: replies, and the functions that give them."""
