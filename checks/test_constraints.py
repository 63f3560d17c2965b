"""Each constraint is there, under its name, enforced, and means what it should."""

from checks.values import Case


def test_each_constraint_is_enforced_and_means_what_it_should(constraints: Case) -> None:
    """Each constraint is there, under its name, enforced, and means what it should."""
    assert not constraints.broken
