"""What is there is what the migrations make, and nothing else is."""

from checks.values import Case


def test_the_schema_is_what_the_migrations_make(drift: Case) -> None:
    """What is there is what the migrations make, and nothing else is."""
    assert not drift.broken
