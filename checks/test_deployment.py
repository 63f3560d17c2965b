"""What was deployed beside the migrations runs, is told of, and can be taken back."""

from checks.values import Case


def test_the_deploy_is_there(deployment: Case) -> None:
    """What was deployed beside the migrations runs, is told of, and can be taken back."""
    assert not deployment.broken
