"""A project taken up: a first contract.toml for it, and what is accepted as it is."""
