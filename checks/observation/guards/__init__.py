"""What keeps values out of a column: CHECKs, bounds, expressions, heirs, and what reading does not decide."""
