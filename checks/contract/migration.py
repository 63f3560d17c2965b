"""One migration, as the tool that applies it would: what its ledger calls it, where it stands, what is sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Migration:
    """One migration. They apply in the order in which they are listed."""

    version: str
    """What the ledger calls it."""
    file: str
    """Its file, from the migrations folder; empty when only a command knows it."""
    sql: str
    """What is sent, on the lines where it stands in the file; empty when a command applies it."""
    whole: bool = True
    """Whether it is sent as one string, which PostgreSQL runs in one transaction; else statement by statement."""
    checksum: str | None = None
    """What the tool's ledger keeps of the file's content; None: nothing."""
    title: str = ""
    """What reports call it; empty: its version."""
    parents: tuple[str, ...] | None = None
    """Versions that it stands upon; None: the one before it."""

    @property
    def shown(self) -> str:
        """What reports call it: its version, and its file where that is called otherwise."""
        return self.title or self.version
