"""Other ways to verify a schema, measured in the same run as this suite: `python -m benchmarks.peers`."""
