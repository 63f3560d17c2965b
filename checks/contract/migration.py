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
    checksums: tuple[str, ...] = ()
    """What the tool's ledger keeps of the file's content, the newest way of the tool last; those of several ways begin with
    the way's name and a colon. Empty: nothing, or it cannot be told from the file alone."""
    title: str = ""
    """What reports call it; empty: its version."""
    parents: tuple[str, ...] | None = None
    """Versions that it stands upon; None: the one before it."""

    def is_as(self, kept: str) -> bool:
        """Whether the ledger's checksum `kept` may be the file's: what is kept in a way that is not known may be."""
        way = kept.rpartition(":")[0]
        return kept in self.checksums or all(each.rpartition(":")[0] != way for each in self.checksums)

    @property
    def shown(self) -> str:
        """What reports call it: its version, and its file where that is called otherwise."""
        return self.title or self.version
