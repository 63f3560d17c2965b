"""`pg_dump -s` as an oracle: what differs there is broken and named, what is equal there is not broken, each way.

The two documents list what is left out on purpose, and what is told beyond it; both are complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.target.servers import ScratchServer
from tests.support import OTHER_MAJORS, ROOT
from tests.support.pg_dump import (
    ANY_EXTENSION,
    Mutation,
    MutationFile,
    Pairs,
    Seen,
    binary,
    complaints,
    embedded_16,
    expectation_of,
    mutation_files,
    verdicts,
)

FILES = {file.name: file for file in mutation_files()}
MUTATIONS = [mutation for file in FILES.values() for mutation in file.mutations if not file.needs_icu]


@pytest.fixture(scope="module")
def pairs(scratch_server: ScratchServer) -> Pairs:
    """Pairs of databases on the embedded server."""
    return Pairs(scratch_server, binary("pg_dump"))


def told(file: MutationFile, mutation: Mutation, pairs: Pairs, expected: Pairs, folder: Path) -> dict[str, list[str]]:
    """Direction -> complaints about databases of `pairs`, by what `expected` made."""
    if ANY_EXTENSION in file.base and pairs.extension != expected.extension:
        expected = pairs
    _, before = pairs.before(file)
    with pairs.changed(file, mutation) as after:
        differs = before.dump != after.dump
        if pairs is expected:
            return _complaints(mutation, differs, before, after, before, after, folder, pairs)
        _, first = expected.before(file)
        with expected.changed(file, mutation) as second:
            return _complaints(mutation, differs, before, after, first, second, folder, expected)


def _complaints(mutation: Mutation, differs: bool, before: Seen, after: Seen, first: Seen, second: Seen, folder: Path,
                expected: Pairs) -> dict[str, list[str]]:
    file, same = FILES[mutation.file], before is first
    there = verdicts(after, expectation_of(first.snapshot.objects, file.schemas, expected.major, folder))
    back = verdicts(before, expectation_of(second.snapshot.objects, file.schemas, expected.major, folder))
    found = {"there": complaints(mutation.there, differs, there, expected.extension, same_major=same),
             "back": complaints(mutation.back, differs, back, expected.extension, same_major=same)}
    return {way: wrong for way, wrong in found.items() if wrong}


@pytest.mark.parametrize("mutation", [each for each in MUTATIONS if each.since <= 18], ids=str)
def test_what_pg_dump_tells_is_told(mutation: Mutation, pairs: Pairs, tmp_path: Path) -> None:
    """Where the database should be as before and was changed, and where it should be as changed and was not."""
    assert told(FILES[mutation.file], mutation, pairs, pairs, tmp_path) == {}


@pytest.fixture(scope="module")
def older() -> Iterator[Pairs]:
    """Pairs of databases on an embedded PostgreSQL 16."""
    with embedded_16() as server:
        yield Pairs(server, binary("pg_dump"))


@pytest.mark.parametrize("file", sorted(FILES))
def test_on_another_major_by_what_the_scratch_server_made(file: str, older: Pairs, pairs: Pairs, tmp_path: Path) -> None:
    """Every third change: the expectation comes from PostgreSQL 18, both databases are on 16."""
    chosen = [each for each in MUTATIONS if each.file == file and each.since <= 16][::3]
    assert older.major == 16
    assert {str(each): wrong for each in chosen if (wrong := told(FILES[file], each, older, pairs, tmp_path))} == {}


@pytest.mark.parametrize("uri", OTHER_MAJORS)
@pytest.mark.parametrize("file", sorted(FILES))
def test_on_the_matrix(file: str, uri: str, pairs: Pairs, tmp_path: Path) -> None:
    """Every change, by what the embedded server made where it can."""
    there = Pairs(ScratchServer(uri), binary("pg_dump"))
    try:
        expected = there if FILES[file].needs_icu else pairs
        chosen = [each for each in FILES[file].mutations if each.since <= there.major]
        assert {str(each): wrong for each in chosen if (wrong := told(FILES[file], each, there, expected, tmp_path))} == {}
        assert chosen
    finally:
        there.close()


@pytest.mark.parametrize(("document", "word"), [("ignored.md", "ignored"), ("beyond-dump.md", "beyond")])
def test_the_document_lists_what_the_changes_show(document: str, word: str) -> None:
    """Nothing is listed that no change shows, and nothing is left out silently."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    shown = {says.listed for each in MUTATIONS for says in (each.there, each.back) if says.word == word}
    assert shown
    assert set(re.findall(r"^- \*\*(.+?)\*\*:", text, re.M)) == shown


def test_there_are_enough() -> None:
    assert len(MUTATIONS) >= 300
    assert len({str(each) for each in MUTATIONS}) == len(MUTATIONS)
