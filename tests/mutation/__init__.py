"""Mutants of our own judges, and looks that were recorded once, so that a mutant is judged without a server."""
