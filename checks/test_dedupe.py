"""One event has one effect, however often and in whatever order it arrives."""

from checks.values import Case


def test_one_event_has_one_effect(dedupe: Case) -> None:
    """One event has one effect, however often and in whatever order it arrives."""
    assert not dedupe.broken
