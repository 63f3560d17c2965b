"""What tells two contracts apart: the file's bytes, and the migrations that it names."""

from __future__ import annotations

from hashlib import sha256

from checks.contract.contract import Contract
from checks.contract.migrations import read_migrations


def contract_digest(contract: Contract) -> str:
    """16 hexadecimal digits that differ where the contract's file differs, or a migration's name or text.

    Raises:
        UsageError: the migrations cannot be read.
    """
    found = sha256(contract.file.read_bytes())
    for migration in read_migrations(contract):
        found.update("\0".join(("", migration.version, migration.file, migration.sql)).encode("utf-8", "surrogatepass"))
    return found.hexdigest()[:16]
