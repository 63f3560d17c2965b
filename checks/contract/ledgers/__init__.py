"""The ledger that each tool keeps: its table as data, and its DDL for the tools whose files we apply ourselves."""
