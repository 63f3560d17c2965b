"""Walls round what is not ours to trust: a script or consumer runs where it reaches nothing but what it was given."""
