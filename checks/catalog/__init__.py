"""The catalogue as one frozen Snapshot, and how two of them differ."""
