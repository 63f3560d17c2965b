"""What tells two contracts apart: the file's text, and the migrations that it names."""

from __future__ import annotations

from checks.contract.contract import Contract
from checks.contract.migrations import digest, read_migrations


def contract_digest(contract: Contract) -> str:
    """16 hexadecimal digits that differ where the contract's file differs, or a migration's name or text.

    Raises:
        UsageError: the migrations cannot be read.
    """
    return digest(read_migrations(contract), [contract.file.read_bytes().hex()], "")[:16]
