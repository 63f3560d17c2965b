"""Each role can do what the contract declares and the migrations grant, and no more."""

from checks.values import Case


def test_each_role_can_do_what_it_should_and_no_more(access: Case) -> None:
    """Each role can do what the contract declares and the migrations grant, and no more."""
    assert not access.broken
