"""A deploy script among lies: faults, worlds, trials. `audit` is its face."""
