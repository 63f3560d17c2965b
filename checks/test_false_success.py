"""Nothing that did not happen is taken for a success."""

from checks.values import Case


def test_no_false_success_passes(false_success: Case) -> None:
    """Nothing that did not happen is taken for a success."""
    assert not false_success.broken
