"""The fast part of the suite's tests, over what was recorded: 0 when the judges are right, 1 at the first complaint.

    python -m tests.mutation.fast replies|claims|difference|audits [FOLDER OF looks.pickle]
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutation.record import Pair, Record


def replies(_: Path) -> Iterator[str]:
    """The corpus, single contradictions and mentions, and the tests of gates and reasons."""
    from tests.matrix.replies import trials

    yield from (f"{each.name}: {each.why}" for each in trials() if each.word not in ("caught", "quiet"))
    yield from _tests(*(f"lambdas/replies/test_{name}.py" for name in ("gates", "reasons", "reply_shape")))


def claims(folder: Path) -> Iterator[str]:
    """Every recorded look: the saboteur is told, and an honest change alarms nobody."""
    import datetime as dt

    from checks.claims.verify import judge
    from tests.mutation.record import target
    from tests.support.sabotage_harness import complaints, verdicts

    record = _record(folder)
    for look in record.looks:
        report = judge(record.expectations[look.project], look.seen, target(look.route), dt.date(2026, 3, 1))
        wrong = complaints(look.saboteur, report) if look.saboteur else [
            verdict.detail for verdict in verdicts(report).values() if verdict.verdict != "held"]
        yield from (f"{look.project}/{look.name} by {look.route}: {each}" for each in wrong)
    yield from _tests("claims/test_shadows.py")


def difference(folder: Path) -> Iterator[str]:
    """Every recorded change of a catalogue that reading alone settles, both ways; then every recorded look."""
    import tempfile

    record = _record(folder)
    with tempfile.TemporaryDirectory() as made:
        for pair in record.pairs:
            yield from complaints_about(pair, record.major, record.extension, Path(made))
    yield from claims(folder)
    yield from _tests("catalog/test_difference.py")


def complaints_about(pair: Pair, major: int, extension: str, folder: Path) -> Iterator[str]:
    """What is said wrongly of one change, either way."""
    from checks.observation.observe import Observation
    from tests.support.pg_dump import complaints, expectation_of, judged

    for says, should, there in ((pair.mutation.there, pair.before, pair.after),
                                (pair.mutation.back, pair.after, pair.before)):
        expectation = expectation_of(should.objects, pair.schemas, major, folder)
        found = judged(expectation, Observation(there))
        wrong = complaints(says, says.word in ("names", "ignored"), found, extension)
        yield from (f"{pair.mutation}: {each}" for each in wrong)


def audits(_: Path) -> Iterator[str]:
    """What an audit comes to."""
    yield from _tests("audits/test_verdict.py")


def _tests(*files: str) -> Iterator[str]:
    import pytest

    root = Path(__file__).parents[2]
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--rootdir", str(root), "-c",
                        str(root / "pyproject.toml"), *(str(root / "tests" / file) for file in files)])
    if code:
        yield f"pytest ends with {code}"


def _record(folder: Path) -> Record:
    record: Record = pickle.loads((folder / "looks.pickle").read_bytes())
    return record


if __name__ == "__main__":
    for complaint in globals()[sys.argv[1]](Path(sys.argv[2] if len(sys.argv) > 2 else ".")):
        print(complaint)
        sys.exit(1)
