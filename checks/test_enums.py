"""Each allowed value is accepted, and everything else is rejected by the constraint."""

from checks.values import Case


def test_only_allowed_values_are_accepted(enums: Case) -> None:
    """Each allowed value is accepted, and everything else is rejected by the constraint."""
    assert not enums.broken
