"""Claims about what a deploy is beside its migrations: services, functions, logs, freshness, and the way back."""
