"""The way into a target, as `[target.NAME]` writes it."""
