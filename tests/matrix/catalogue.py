"""Changes of one attribute of one object, both ways: tests/catalog/mutations, judged by the claims alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.matrix.trial import Trial, Word
from tests.support.pg_dump import Mutation, Pairs, Says, Seen, complaints, expectation_of, mutation_files, verdicts
from tests.support.pg_dump import MutationFile as File


def trials(pairs: Pairs, expected: Pairs, folder: Path) -> Iterator[Trial]:
    """All of them on one server, by what `expected` made; what is left out on purpose is none (docs/ignored.md)."""
    for file in mutation_files():
        by = pairs if file.needs_icu or pairs.extension != expected.extension else expected
        if file.needs_icu and pairs is expected:
            continue
        for mutation in file.mutations:
            if mutation.since <= min(pairs.major, by.major):
                yield from _both_ways(file, mutation, pairs, by, folder)


def _both_ways(file: File, mutation: Mutation, pairs: Pairs, by: Pairs, folder: Path) -> Iterator[Trial]:
    _, before = pairs.before(file)
    with pairs.changed(file, mutation) as after:
        if by is pairs:
            yield from _pair(file, mutation, (before, after), (before, after), pairs, by, folder)
        else:
            _, first = by.before(file)
            with by.changed(file, mutation) as second:
                yield from _pair(file, mutation, (before, after), (first, second), pairs, by, folder)


def _pair(file: File, mutation: Mutation, there: tuple[Seen, Seen], made: tuple[Seen, Seen], pairs: Pairs, by: Pairs,
          folder: Path) -> Iterator[Trial]:
    for way, says, seen, should in (("there", mutation.there, there[1], made[0]),
                                    ("back", mutation.back, there[0], made[1])):
        if says.word != "ignored":
            found = verdicts(seen, expectation_of(should.snapshot.objects, file.schemas, by.major, folder))
            wrong = complaints(says, says.word == "names", found, by.extension, same_major=pairs is by)
            broken = any(verdict.verdict == "broken" for verdict in found)
            yield Trial("catalogue", f"{file.name}: {mutation.title} ({way})", (), _word(says, wrong, broken), "direct",
                        pairs.major, "; ".join(wrong))


def _word(says: Says, wrong: list[str], broken: bool) -> Word:
    if says.word == "same":
        return "alarmed" if wrong else "quiet"
    return "caught" if not wrong else "misdiagnosed" if broken else "missed"
