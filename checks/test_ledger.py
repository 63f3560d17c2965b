"""Each migration is recorded exactly once, and what it did is there."""

from checks.values import Case


def test_each_migration_is_recorded_once_and_its_effects_are_there(ledger: Case) -> None:
    """Each migration is recorded exactly once, and what it did is there."""
    assert not ledger.broken
