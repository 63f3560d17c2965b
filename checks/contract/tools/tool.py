"""What is to be known of a migration tool: its files, and the ledger it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A migration tool. What it says of the ledger, [ledger] of the contract may say otherwise."""

    files: Callable[[Path], Sequence[Path]]
    """The migrations of a folder, in the order they apply."""
    version_from: str
    """How a file's name gives its version; see `migrations.version_of`."""
    table: str
    """The ledger: `TABLE`, or `SCHEMA.TABLE`."""
    version: str
    """Its column with the version."""
    applied_at: str
    """Its column with the time; empty when it has none."""
