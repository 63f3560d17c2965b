"""contract.toml and migrations/: what a human declared, and which migrations there are."""
